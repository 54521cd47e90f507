"""Workload: a query of ``queries/`` with the variables that it is sent with, in turn."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson

from resolvers.global_id import decode

QUERIES = Path(__file__).parent / "queries"


@dataclass(frozen=True, slots=True)
class Workload:
    """``about`` says for the report what is asked."""

    name: str
    about: str
    variables: list[dict[str, Any]] = field(default_factory=lambda: [{}])

    @property
    def text(self) -> str:
        return (QUERIES / f"{self.name}.graphql").read_text(encoding="utf-8")

    def bodies(self, text: str | None = None, *, rows: bool = False) -> list[str]:
        """One request for each set of variables; with ``rows`` their ids are those of the tables."""
        asked = {"query": text or self.text}
        return [
            orjson.dumps({**asked, "variables": _of_rows(given) if rows else given}).decode()
            for given in self.variables
        ]


def _of_rows(given: dict[str, Any]) -> dict[str, Any]:
    return {name: decode(text)[1] if name == "id" else text for name, text in given.items()}


def workloads(customer_ids: list[str], materials: list[str]) -> list[Workload]:
    """From the smallest to the largest."""
    pairs = [
        {"id": id_, "material": materials[number % len(materials)]}
        for number, id_ in enumerate(customer_ids)
    ]
    return [
        Workload("hello", "`{ __typename }`"),
        Workload("point_read", "one customer by id", [{"id": each} for each in customer_ids]),
        Workload(
            "trends",
            "one material's prices over 30 days, from the daily sums in MongoDB",
            [{"material": each} for each in materials],
        ),
        Workload(
            "dashboard", "customer, 10 calculations, trends, 20 log lines and material", pairs
        ),
        Workload("page", "50 customers x 10 calculations x 4 components and the material"),
        Workload("calculations", "1,000 calculations, 15 scalars and the cost breakdown"),
    ]
