"""Request: what one run of a plan works with, and what its resolvers are told."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from graphql import GraphQLResolveInfo, GraphQLSchema, VariableValues
from graphql.pyutils import Path, gather_with_cancel, is_awaitable
from graphql.type import GraphQLResolveInfoHelpers

from gateway.engine.fault import paths_of_row
from gateway.engine.plan import FieldPlan, Plan
from gateway.engine.rows import Rows
from gateway.engine.source import Arguments
from gateway.engine.trace import Trace
from gateway.engine.tree import SelectedField


class Info(GraphQLResolveInfo[Any]):
    """What a resolver is told; its path is worked out only when it is looked at."""

    @property
    def path(self) -> Path:
        rows, row, selected = tuple.__getitem__(self, 4)
        path: Path | None = None
        for step in next(iter(paths_of_row(rows, row))):
            path = Path(path, step.key, None)
        return Path(path, selected.response_key, selected.parent.name)


@dataclass(slots=True)
class Request:
    """One operation's values; ``variables`` are coerced.

    ``root`` is what root fields are read of, as the event of a subscription is. ``trace`` is told of what
    is fetched.
    """

    plan: Plan
    schema: GraphQLSchema
    variables: VariableValues
    context: Any = None
    root: Any = None
    arguments: dict[SelectedField, Arguments | Exception] = field(default_factory=dict)
    trace: Trace | None = None

    def arguments_of(self, selected: SelectedField) -> Arguments:
        """The field's arguments as its function takes them; raises what is wrong with them."""
        found = self.arguments.get(selected)
        if found is None:
            found = self.arguments[selected] = self._read(selected)
        if isinstance(found, Exception):
            raise found
        return found

    def _read(self, selected: SelectedField) -> Arguments | Exception:
        source = selected.definition.extensions.get("source")
        try:
            coerced = self.plan.arguments[selected].read(self.variables)
            return coerced if source is None else source.convert(coerced)
        except Exception as error:
            return error

    def info(self, planned: FieldPlan, rows: Rows, row: int) -> Info:
        selected, plan = planned.selected, self.plan
        where: Any = (rows, row, selected)
        fragments: Any = plan.fragments
        return Info(
            selected.name,
            list(selected.nodes),
            selected.definition.type,
            selected.parent,
            where,
            self.schema,
            fragments,
            self.root,
            plan.operation,
            self.variables,
            self.context,
            is_awaitable,
            None,
            _HELPERS,
        )


def _gather(values: Sequence[Any]) -> Any:
    return gather_with_cancel(*values)


def _track(values: Sequence[Any]) -> None:
    """What a resolver no longer waits for ends at once, so that nothing outlives the run."""
    for value in values:
        close = getattr(value, "close", None) or getattr(value, "cancel", None)
        if close is not None:
            close()


_HELPERS = GraphQLResolveInfoHelpers(gather=_gather, track=_track)
