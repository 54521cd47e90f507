"""Limits: bounds of what comes with an operation, checked before anything runs."""

from gateway.errors import Code, refuse
from gateway.pipeline.exchange import Exchange


async def check_limits(exchange: Exchange) -> None:
    if exchange.request.variables:
        _check_variables(exchange.request.variables, exchange.parts.variable_max_depth)


def _check_variables(variables: dict[str, object], max_depth: int) -> None:
    """Level by level and without recursion: the deepest value must not exhaust the stack."""
    level: list[object] = list(variables.values())
    depth = 0
    while level:
        below: list[object] = []
        for value in level:
            if isinstance(value, dict):
                below.extend(value.values())
            elif isinstance(value, list):
                below.extend(value)
            elif isinstance(value, str) and "\0" in value:
                raise refuse(Code.BAD_USER_INPUT, "Texts here cannot hold the character U+0000.")
        depth += bool(below)
        if depth > max_depth:
            raise refuse(
                Code.BAD_USER_INPUT,
                f"The variables are nested deeper than {max_depth} levels.",
                limit=max_depth,
            )
        level = below
