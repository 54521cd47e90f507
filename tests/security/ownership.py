"""Ownership: what PostgreSQL itself says of whose rows are whose; every answer is held against it."""

import re
from base64 import urlsafe_b64decode
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID

import asyncpg
import orjson

from resolvers import global_id

_CURSOR = re.compile(rb"\x01.{4}(\[.*\]).{12}", re.DOTALL)  # as resolvers/cursor.py lays it out


class Calculation(NamedTuple):
    id: UUID
    customer_id: UUID
    material: str
    process: str
    total_price: Decimal
    price_per_unit: Decimal
    quantity: int
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Ownership:
    """``owners`` finds who may see an id, a name or an address; what is not in it is everyone's."""

    users: dict[UUID, UUID]  # of each customer
    companies: dict[UUID, str]  # by customer
    calculations: list[Calculation]
    ids: dict[str, list[str]]  # global ids by type
    owners: dict[str, frozenset[UUID]] = field(repr=False)
    keys: dict[str, frozenset[UUID]] = field(repr=False)  # the same by the text of a row's key

    @property
    def customer_ids(self) -> list[UUID]:
        return list(self.companies)

    def own(self, customer_ids: frozenset[UUID]) -> list[Calculation]:
        return [row for row in self.calculations if row.customer_id in customer_ids]

    def ids_of(self, customer_ids: frozenset[UUID]) -> list[str]:
        return [text for text, owners in self.owners.items() if owners & customer_ids]

    def strangers(self, answer: object, customer_ids: frozenset[UUID]) -> list[str]:
        """Whatever in ``answer`` belongs to customers, and to none of ``customer_ids``."""
        return [
            text
            for text in _texts(answer)
            for owners in (self.owners.get(text), *map(self.keys.get, _keys_in(text)))
            if owners is not None and not owners & customer_ids
        ]


async def read_ownership(url: str) -> Ownership:
    connection = await asyncpg.connect(url)
    customers = await connection.fetch(
        "SELECT c.id, c.user_id, c.company_name, u.email FROM customers c JOIN users u ON u.id = user_id"
        " ORDER BY c.id"
    )
    calculations = await connection.fetch(
        "SELECT id, customer_id, material, process, total_price, price_per_unit, quantity, created_at"
        " FROM pricing_calculations ORDER BY id"
    )
    components = await connection.fetch(
        "SELECT k.id, p.customer_id FROM cost_components k"
        " JOIN pricing_calculations p ON p.id = calculation_id ORDER BY k.id"
    )
    await connection.close()
    rows = [
        *(("Customer", row["id"], row["id"]) for row in customers),
        *(("User", row["user_id"], row["id"]) for row in customers),
        *(("PricingCalculation", row["id"], row["customer_id"]) for row in calculations),
        *(("CostComponent", row["id"], row["customer_id"]) for row in components),
    ]
    ids: dict[str, list[str]] = defaultdict(list)
    owners: dict[str, set[UUID]] = defaultdict(set)
    keys: dict[str, set[UUID]] = defaultdict(set)
    for type_name, key, owner in rows:
        text = global_id.encode(type_name, key)
        ids[type_name].append(text)
        owners[text].add(owner)
        keys[str(key)].add(owner)
    for row in customers:
        owners[row["company_name"]].add(row["id"])
        owners[row["email"]].add(row["id"])
    return Ownership(
        users={row["id"]: row["user_id"] for row in customers},
        companies={row["id"]: row["company_name"] for row in customers},
        calculations=[Calculation(*row) for row in calculations],
        ids={name: list(dict.fromkeys(texts)) for name, texts in ids.items()},
        owners={text: frozenset(found) for text, found in owners.items()},
        keys={text: frozenset(found) for text, found in keys.items()},
    )


def _texts(answer: Any) -> Iterator[str]:
    """Every text in an answer, wherever it stands; error texts word by word as well."""
    if isinstance(answer, dict):
        for value in answer.values():
            yield from _texts(value)
    elif isinstance(answer, list):
        for value in answer:
            yield from _texts(value)
    elif isinstance(answer, str):
        yield answer
        if " " in answer:
            yield from answer.split()


def _keys_in(text: str) -> Iterator[str]:
    """The keys that a cursor or an id holds."""
    try:
        raw = urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4))
    except ValueError:
        return
    if found := _CURSOR.fullmatch(raw):
        yield from (str(value) for _, value in orjson.loads(found[1]))
