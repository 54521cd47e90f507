"""Pricing calculation change: recording a calculation."""

from typing import Annotated, cast

import strawberry

from resolvers import calculation_input, pricing_calculation_change
from resolvers.batch import Selection
from resolvers.context import Context
from resolvers.pricing_calculation_change import RecordedCalculation
from schema.calculation_input import RecordCalculationInput
from schema.fields import column
from schema.pricing_calculation import PricingCalculation
from schema.rule import Cost
from schema.user_error import UserError


@strawberry.type(
    description="The calculation as it is kept, or why it is not.", directives=[Cost(weight=0)]
)
class RecordCalculationPayload:
    calculation: PricingCalculation | None = column(
        description="The calculation, with all that was computed; null where none was recorded."
    )
    user_errors: list[UserError] = column(description="What to mend; empty on success.")


async def record_calculation(
    context: Context,
    selection: Selection,
    *,
    input: Annotated[  # noqa: A002
        RecordCalculationInput, strawberry.argument(description="The calculation as it was made.")
    ],
) -> RecordedCalculation:
    given = strawberry.asdict(input)
    given["metadata"] = given.get("metadata") or {}  # asdict leaves out what was not given
    return await pricing_calculation_change.record(
        context, cast("calculation_input.CalculationInput", given)
    )
