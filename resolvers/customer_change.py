"""Customer changes: registering, changing and deleting a customer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid4

from datasources.errors import KeyReusedError, MissingReferenceError
from datasources.event import Event, EventKind
from datasources.postgres.customer_change import DeletedCustomer
from datasources.postgres.unit_of_work import Claim
from datasources.records import CustomerRecord, Tier
from resolvers import aftermath, global_id, idempotency
from resolvers.context import Context
from resolvers.policy import STEWARDS
from resolvers.problem import Problem, Problems, UserError

MOST_NAME_CHARACTERS = 200

_ALL = frozenset(CustomerRecord.__annotations__)


@dataclass(frozen=True, slots=True)
class ChangedCustomer:
    """``customer`` is as it is now, also where it could not be changed."""

    customer: CustomerRecord | None = None
    user_errors: Sequence[UserError] = ()


@dataclass(frozen=True, slots=True)
class GoneCustomer:
    customer: CustomerRecord | None = None
    deleted_calculation_count: int = 0
    deleted_component_count: int = 0
    user_errors: Sequence[UserError] = ()


async def create(
    context: Context, *, key: str, company_name: str, tier: Tier, user: str | None
) -> ChangedCustomer:
    """Customers register companies of their own account, at the standard tier."""
    problems = Problems()
    owner = global_id.decode_uuid("User", user) if user else context.viewer.user_id
    idempotency.check_key(problems, key)
    problems.text(company_name, MOST_NAME_CHARACTERS, "companyName")
    _check_tier(context, problems, None if tier is Tier.STANDARD else tier)
    if not context.viewer.roles & STEWARDS and owner != context.viewer.user_id:
        problems.add(Problem.NOT_ALLOWED, "You register companies of your own account.", "userId")
    if owner is None:
        problems.add(Problem.UNKNOWN_USER, "Say which user signs in for the customer.", "userId")
    if problems.found or owner is None:
        return ChangedCustomer(user_errors=problems.found)
    name = company_name.strip()
    request = {"company_name": name, "tier": tier, "user_id": owner}
    claim = idempotency.claim(context, "createCustomer", key, request)

    async def attempt() -> ChangedCustomer | None:
        return await _create(context, claim, owner, name, tier)

    try:
        return await idempotency.once(attempt)
    except KeyReusedError:
        idempotency.refuse_key(problems)
    except MissingReferenceError:
        problems.add(Problem.UNKNOWN_USER, "There is no such user.", "userId")
    return ChangedCustomer(user_errors=problems.found)


async def update(
    context: Context,
    *,
    id: str,  # noqa: A002
    expected_updated_at: datetime,
    company_name: str | None,
    tier: Tier | None,
) -> ChangedCustomer:
    problems, key = Problems(), global_id.decode_uuid("Customer", id)
    if company_name is not None:
        problems.text(company_name, MOST_NAME_CHARACTERS, "companyName")
    _check_tier(context, problems, tier)
    if company_name is None and tier is None:
        problems.add(Problem.NOTHING_TO_CHANGE, "Give companyName or tier.")
    if problems.found:
        return ChangedCustomer(user_errors=problems.found)
    scope = context.writing
    changes: Mapping[str, str | None] = {
        "company_name": company_name and company_name.strip(),
        "tier": tier,
    }
    changed = await context.stores.customer_changes.update(scope, key, expected_updated_at, changes)
    if changed is not None:
        await aftermath.forget(context, _tags(key))
        return ChangedCustomer(changed)
    current = (await context.stores.customers.by_ids(scope, [key], _ALL)).get(key)
    if current is None:
        _unknown(problems)
    else:
        message = "It was changed since: look at customer, and decide anew with its updatedAt."
        problems.add(Problem.STALE, message, "expectedUpdatedAt")
    return ChangedCustomer(current, problems.found)


async def delete(context: Context, *, id: str) -> GoneCustomer:  # noqa: A002
    """With its calculations and their components; its account stays."""
    problems, key = Problems(), global_id.decode_uuid("Customer", id)
    deleted = await context.stores.customer_changes.delete(context.writing, key)
    if deleted is None:
        _unknown(problems)
        return GoneCustomer(user_errors=problems.found)
    await aftermath.forget(context, _tags_of_all(key, deleted))
    return GoneCustomer(deleted.customer, len(deleted.calculation_ids), deleted.component_count)


async def _create(
    context: Context, claim: Claim, owner: UUID, name: str, tier: Tier
) -> ChangedCustomer | None:
    changes = context.stores.customer_changes
    found = await changes.look(context.scope, claim, owner)
    if found.made is not None:
        await aftermath.forget(context, _tags(found.made["id"]))
        return ChangedCustomer(found.made)
    if not found.user_is_known:
        raise MissingReferenceError("user")
    customer: CustomerRecord = {
        "id": uuid4(),
        "user_id": owner,
        "company_name": name,
        "tier": tier,
        "created_at": found.now,
        "updated_at": found.now,
    }
    event = Event(EventKind.CUSTOMER_CHANGED, {"customer_id": str(customer["id"])})
    if not await changes.create(context.scope, claim, customer, event):
        return None
    await aftermath.forget(context, _tags(customer["id"]))
    return ChangedCustomer(customer)


def _check_tier(context: Context, problems: Problems, tier: Tier | None) -> None:
    if tier is not None and not context.viewer.roles & STEWARDS:
        problems.add(Problem.NOT_ALLOWED, "The company agrees on a tier with you.", "tier")


def _unknown(problems: Problems) -> None:
    problems.add(Problem.UNKNOWN_CUSTOMER, "There is no such customer of yours.", "id")


def _tags(key: UUID) -> list[str]:
    return [f"Customer:{key}", "Customer"]


def _tags_of_all(key: UUID, deleted: DeletedCustomer) -> list[str]:
    lists = ("calculations", "spendByMaterial", "user")
    return [
        *_tags(key),
        *(f"Customer:{key}.{name}" for name in lists),
        "PricingCalculation",
        "CostComponent",
        *(f"Material:{name}.calculations" for name in deleted.materials),
        *(f"PricingCalculation:{each}" for each in deleted.calculation_ids),
        *(f"PricingCalculation:{each}.costComponents" for each in deleted.calculation_ids),
    ]
