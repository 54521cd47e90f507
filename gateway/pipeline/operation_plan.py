"""Operation plan: what is worked out of an operation once, for as long as its document is remembered."""

from dataclasses import dataclass, field

from graphql import DocumentNode, FragmentDefinitionNode

from gateway.engine.cache_plan import CachePlan
from gateway.engine.cost import CostFormula
from gateway.engine.dry_run import DryRun
from gateway.engine.plans import Plans
from gateway.errors import Code, RefusedError
from gateway.pipeline.operation_limits import Bounds


@dataclass(slots=True)
class OperationPlan:
    """``breach`` is the first limit that the text alone is over: its code, the limit and the value.

    ``refusal`` says why there can be no formula, also where limits are off.
    """

    bounds: Bounds
    breach: tuple[Code, int, int] | None = None
    refusal: RefusedError | None = None
    formula: CostFormula | None = field(default=None, repr=False)
    dry_run: DryRun | None = field(default=None, repr=False)
    constant: dict[str, str] | None = None  # its data, where that is the same for everybody
    cache: CachePlan | None = field(default=None, repr=False)
    plans: Plans = field(default_factory=Plans, repr=False)  # of the operation itself
    dry_plans: Plans = field(default_factory=Plans, repr=False)  # of its dry run


def fragments_of(document: DocumentNode) -> dict[str, FragmentDefinitionNode]:
    return {
        node.name.value: node
        for node in document.definitions
        if isinstance(node, FragmentDefinitionNode)
    }
