"""Operation plan: what is worked out of an operation once, for as long as its document is remembered."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

from graphql import DocumentNode, FragmentDefinitionNode, OperationDefinitionNode

from gateway.engine.cache_plan import CachePlan
from gateway.engine.cost import CostFormula, Price
from gateway.engine.dry_run import DryRun
from gateway.engine.plans import Plans
from gateway.errors import Code, RefusedError
from gateway.pipeline.operation_limits import Bounds

# As tracemalloc shows them.
_BYTES_PER_FIELD = 700  # of the formula of its cost, and of its cache plan
_BYTES_PER_PLANNED_FIELD = 1_600  # of a plan to run it, and of what stores compile of that


@dataclass(slots=True)
class OperationPlan:
    """``kind`` is query, mutation or subscription.

    ``breach`` is the first limit that the text alone is over: its code, the limit and the value.
    ``refusal`` says why there can be no formula, also where limits are off.
    """

    bounds: Bounds
    kind: str
    name: str | None
    breach: tuple[Code, int, int] | None = None
    refusal: RefusedError | None = None
    formula: CostFormula | None = field(default=None, repr=False)
    dry_run: DryRun | None = field(default=None, repr=False)
    constant: dict[str, str] | None = None  # its data, where that is the same for everybody
    cache: CachePlan | None = field(default=None, repr=False)
    plans: Plans = field(default_factory=Plans, repr=False)  # of the operation itself
    dry_plans: Plans = field(default_factory=Plans, repr=False)  # of its dry run


class Settled(NamedTuple):
    """An operation that is known to be allowed, whatever its variables are, and its price."""

    operation: OperationDefinitionNode
    plan: OperationPlan
    price: Price


def plan_within(
    bounds: Bounds, operation: OperationDefinitionNode, grow: Callable[[int], None]
) -> OperationPlan:
    """``grow`` is told of the bytes that its plans take."""
    kind, name = operation.operation.value, operation.name.value if operation.name else None

    def grow_by(fields: int) -> None:
        grow(fields * _BYTES_PER_PLANNED_FIELD)

    return OperationPlan(bounds, kind, name, plans=Plans(grow_by), dry_plans=Plans(grow_by))


def bytes_of(fields: int) -> int:
    """What is worked out of an operation with so many fields before it runs."""
    return fields * _BYTES_PER_FIELD


def fragments_of(document: DocumentNode) -> dict[str, FragmentDefinitionNode]:
    return {
        node.name.value: node
        for node in document.definitions
        if isinstance(node, FragmentDefinitionNode)
    }
