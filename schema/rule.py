"""Rule: what a field asks of its reader, said on the field: who may see it, what it costs, how long it keeps.

Sources: IBM's GraphQL Cost Directives specification (`@cost`, `@listSize`); Apollo's `@cacheControl`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import strawberry
from strawberry.schema_directive import Location

from resolvers.viewer import Role
from schema.enumeration import enumeration
from schema.size import statistics_size, trend_size

EVERYONE = frozenset(Role)
STAFF = frozenset({Role.ANALYST, Role.ADMIN})

RULE = "rule"  # metadata key


class CacheControlScope(StrEnum):
    PUBLIC = "PUBLIC"
    PRIVATE = "PRIVATE"


enumeration(
    CacheControlScope,
    "Who may be given a kept answer.",
    PUBLIC="Every reader who may see the field.",
    PRIVATE="Only the reader who asked, and others who may see exactly the same rows.",
)


@strawberry.schema_directive(
    locations=[Location.FIELD_DEFINITION, Location.OBJECT, Location.INTERFACE],
    name="cost",
    description="Points that a field costs for each parent, or a type for each value returned.",
)
class Cost:
    weight: int


@strawberry.schema_directive(
    locations=[Location.FIELD_DEFINITION],
    name="listSize",
    description="How long a list is taken to be before it is fetched.",
)
class ListSize:
    assumed_size: int | None = None
    slicing_arguments: list[str] | None = None
    sized_fields: list[str] | None = None
    require_one_slicing_argument: bool = False


@strawberry.schema_directive(
    locations=[Location.FIELD_DEFINITION],
    name="cacheControl",
    description="For how many seconds an answer with this field may be kept, and by whom.",
)
class CacheControl:
    max_age: int
    scope: CacheControlScope = CacheControlScope.PUBLIC


@dataclass(frozen=True, slots=True)
class Rule:
    """``weight`` counts points a parent; ``max_age_seconds`` of ``None`` leaves it to the parent field.

    ``size`` is the most that a list can hold, of its arguments as clients write them (enum values by
    name), where no single argument says it; ``size_arguments`` are those that it reads, where nothing else,
    such as the time, changes what it says. ``personal`` values depend on who asks, not only on roles and
    customers.
    """

    roles: frozenset[Role] = EVERYONE
    weight: int = 0
    assumed_size: int | None = None
    slicing_arguments: tuple[str, ...] = ()
    sized_fields: tuple[str, ...] = ()
    size: Callable[[Mapping[str, Any]], int] | None = None
    size_arguments: tuple[str, ...] | None = None
    max_age_seconds: int | None = None
    private: bool = False
    personal: bool = False

    def directives(self) -> list[object]:
        """The rule as the schema's text shows it; roles are shown by what each role's schema holds."""
        shown: list[object] = []
        if self.weight:
            shown.append(Cost(weight=self.weight))
        if self.assumed_size is not None:
            shown.append(
                ListSize(
                    assumed_size=self.assumed_size,
                    slicing_arguments=list(self.slicing_arguments) or None,
                    sized_fields=list(self.sized_fields) or None,
                )
            )
        if self.max_age_seconds is not None:
            scope = CacheControlScope.PRIVATE if self.private else CacheControlScope.PUBLIC
            shown.append(CacheControl(max_age=self.max_age_seconds, scope=scope))
        return shown

    def extensions(self) -> dict[str, Any]:
        """The rule as the gateway reads it off graphql-core's field."""
        cost: dict[str, Any] = {"weight": self.weight}
        if self.assumed_size is not None:
            cost["listSize"] = {
                "assumedSize": self.assumed_size,
                "slicingArguments": list(self.slicing_arguments),
                "sizedFields": list(self.sized_fields),
                "size": self.size,
                "sizeArguments": self.size_arguments,
            }
        found: dict[str, Any] = {"cost": cost}
        if self.max_age_seconds is not None:
            scope = "PRIVATE" if self.private else "PUBLIC"
            found["cacheControl"] = {"maxAge": self.max_age_seconds, "scope": scope}
        if self.personal:
            found["personal"] = True
        return found


FREE = Rule()

_CONNECTION: Any = {
    "assumed_size": 20,
    "slicing_arguments": ("first", "last"),
    "sized_fields": ("edges", "nodes"),
}

WRITE = Rule(weight=10)
CUSTOMER_WRITE = Rule(roles=EVERYONE - {Role.ANALYST}, weight=10)
MATERIAL_WRITE = Rule(roles=frozenset({Role.SERVICE, Role.ADMIN}), weight=10)
EVENT = Rule(weight=1, max_age_seconds=0)
LIVE = Rule(max_age_seconds=0)
PERSONAL = Rule(max_age_seconds=0, personal=True)
POINT = Rule(weight=1, max_age_seconds=30, private=True)
PAGE = Rule(weight=1, max_age_seconds=30, private=True, **_CONNECTION)
COMPONENTS = Rule(weight=1, assumed_size=4, max_age_seconds=30, private=True)
NODES = Rule(
    weight=1, assumed_size=20, slicing_arguments=("ids",), max_age_seconds=30, private=True
)
MATERIAL = Rule(weight=1, max_age_seconds=60)
MATERIAL_PAGE = Rule(weight=1, max_age_seconds=60, **_CONNECTION)
TRENDS = Rule(
    weight=10,
    assumed_size=30,
    slicing_arguments=("days",),
    size=trend_size,
    size_arguments=("days", "interval"),
    max_age_seconds=60,
    private=True,
)
COUNT = Rule(weight=2)
SPEND = Rule(weight=5, assumed_size=50, max_age_seconds=30, private=True)
ANALYTICS = Rule(roles=STAFF, weight=2, max_age_seconds=30, private=True)
LOG_PAGE = Rule(roles=STAFF, weight=5, max_age_seconds=0, **_CONNECTION)
LOG_STATISTICS = Rule(
    roles=STAFF, weight=10, assumed_size=125, size=statistics_size, max_age_seconds=0
)
API_KEYS = Rule(weight=3, assumed_size=100, max_age_seconds=0, personal=True)
STORES = Rule(roles=EVERYONE - {Role.CUSTOMER}, weight=3, assumed_size=3, max_age_seconds=0)
