"""Customer change: registering, changing and deleting a customer."""

from datetime import datetime
from typing import Annotated

import strawberry

from datasources.records import Tier
from resolvers import customer_change
from resolvers.batch import Selection
from resolvers.context import Context
from resolvers.customer_change import ChangedCustomer, GoneCustomer
from schema.customer import Customer
from schema.fields import column
from schema.ranges import stated
from schema.rule import Cost
from schema.user_error import UserError


@strawberry.input(description="The customer that is registered.")
class CreateCustomerInput:
    idempotency_key: str = strawberry.field(
        description="The caller's own name for this request, 1 to 200 characters: sent again within 24 "
        "hours, it brings the first result and makes nothing new."
    )
    company_name: str = strawberry.field(description="The company's name: 1 to 200 characters.")
    tier: Tier = strawberry.field(
        default=Tier.STANDARD,
        description="What the customer has agreed on; customers themselves register as STANDARD.",
    )
    user_id: strawberry.ID | None = strawberry.field(
        default=strawberry.UNSET,
        description="The account that signs in for it, by the user's global id; the caller's own by "
        "default.",
    )


@strawberry.input(description="What becomes of a customer; what is left out stays as it is.")
class UpdateCustomerInput:
    id: strawberry.ID = strawberry.field(description="The customer's global id.")
    expected_updated_at: datetime = strawberry.field(
        description="Its `updatedAt` as the caller last saw it: nothing is changed if it has changed since."
    )
    company_name: str | None = strawberry.field(
        default=strawberry.UNSET, description="The company's name: 1 to 200 characters."
    )
    tier: Tier | None = strawberry.field(
        default=strawberry.UNSET,
        description="What the customer has agreed on; the company's own people and programs set it.",
    )


@strawberry.input(description="The customer that is deleted.")
class DeleteCustomerInput:
    id: strawberry.ID = strawberry.field(description="The customer's global id.")


@strawberry.type(description="The new customer, or why there is none.", directives=[Cost(weight=0)])
class CreateCustomerPayload:
    customer: Customer | None = column(description="The customer; null where none was made.")
    user_errors: list[UserError] = column(description="What to mend; empty on success.")


@strawberry.type(
    description="The customer as it is now, changed or not.", directives=[Cost(weight=0)]
)
class UpdateCustomerPayload:
    customer: Customer | None = column(
        description="The customer; where it is STALE, as somebody else left it."
    )
    user_errors: list[UserError] = column(description="What to mend; empty on success.")


@strawberry.type(
    description="The customer that is gone, and what went with it.", directives=[Cost(weight=0)]
)
class DeleteCustomerPayload:
    customer: Customer | None = column(
        description="The customer as it was; null where there was none. Its lists are empty now."
    )
    deleted_calculation_count: int = column(description="How many calculations went with it.")
    deleted_component_count: int = column(description="How many cost components went with those.")
    user_errors: list[UserError] = column(description="What to mend; empty on success.")


async def create_customer(
    context: Context,
    selection: Selection,
    *,
    input: Annotated[  # noqa: A002
        CreateCustomerInput, strawberry.argument(description="The customer that is registered.")
    ],
) -> ChangedCustomer:
    return await customer_change.create(
        context,
        key=input.idempotency_key,
        company_name=input.company_name,
        tier=input.tier,
        user=input.user_id or None,
    )


async def update_customer(
    context: Context,
    selection: Selection,
    *,
    input: Annotated[  # noqa: A002
        UpdateCustomerInput, strawberry.argument(description="What becomes of the customer.")
    ],
) -> ChangedCustomer:
    return await customer_change.update(
        context,
        id=input.id,
        expected_updated_at=input.expected_updated_at,
        company_name=stated(input.company_name),
        tier=stated(input.tier),
    )


async def delete_customer(
    context: Context,
    selection: Selection,
    *,
    input: Annotated[  # noqa: A002
        DeleteCustomerInput, strawberry.argument(description="The customer that is deleted.")
    ],
) -> GoneCustomer:
    return await customer_change.delete(context, id=input.id)
