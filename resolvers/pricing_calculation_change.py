"""Pricing calculation changes: recording a calculation, computed here and kept in one transaction."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID, uuid4

from datasources.errors import KeyReusedError, MissingReferenceError
from datasources.event import Event, EventKind
from datasources.postgres.pricing_calculation_change import CalculationLook
from datasources.postgres.unit_of_work import Claim
from datasources.records import AnalysisRecord, CostComponentRecord, PricingCalculationRecord
from resolvers import aftermath, global_id, idempotency, pricing
from resolvers.calculation_input import CalculationInput, CostComponentInput, check
from resolvers.context import Context
from resolvers.problem import Problem, Problems, UserError

_HUNDREDTH = Decimal("0.01")
_MOST_WEIGHT_KG = Decimal("999999.9999")


@dataclass(frozen=True, slots=True)
class RecordedCalculation:
    calculation: PricingCalculationRecord | None = None
    user_errors: Sequence[UserError] = ()


@dataclass(frozen=True, slots=True)
class _Asked:
    """A calculation that is right by itself, for a customer that the viewer may write for."""

    given: CalculationInput
    customer_id: UUID
    claim: Claim


async def record(context: Context, given: CalculationInput) -> RecordedCalculation:
    problems = check(given)
    customer_id = global_id.decode_uuid("Customer", given["customer_id"])
    if problems.found:
        return RecordedCalculation(user_errors=problems.found)
    request = {name: value for name, value in given.items() if name != "idempotency_key"}
    claim = idempotency.claim(context, "recordCalculation", given["idempotency_key"], request)
    asked = _Asked(given, customer_id, claim)
    try:
        return await idempotency.once(lambda: _attempt(context, asked))
    except KeyReusedError:
        idempotency.refuse_key(problems)
    except MissingReferenceError:
        _unknown_customer(problems)
    return RecordedCalculation(user_errors=problems.found)


async def _attempt(context: Context, asked: _Asked) -> RecordedCalculation | None:
    changes, given = context.stores.calculation_changes, asked.given
    found = await changes.look(context.writing, asked.claim, asked.customer_id, given["material"])
    if found.made is not None:
        await aftermath.forget(context, _tags(found.made))
        return RecordedCalculation(found.made)
    problems, weight = _weigh(given, found)
    if problems.found:
        return RecordedCalculation(user_errors=problems.found)
    components = [_component(line, found.now) for line in given["cost_components"]]
    calculation = _calculation(asked, components, weight, found.now)
    analysis, event = _analysis(given), _event(calculation)
    if not await changes.record(
        context.writing, asked.claim, calculation, components, analysis, event
    ):
        return None
    await aftermath.forget(context, _tags(calculation))
    return RecordedCalculation(calculation)


def _weigh(given: CalculationInput, found: CalculationLook) -> tuple[Problems, Decimal]:
    """What only the stores can tell to be wrong, and the weight of one part."""
    problems, weight = Problems(), Decimal(0)
    if not found.customer_is_known:
        _unknown_customer(problems)
    if found.density_g_per_cm3 is None:
        message = "There is no such material; the materials field lists them all."
        problems.add(Problem.UNKNOWN_MATERIAL, message, "material")
        return problems, weight
    sides = given["dimensions"]
    lengths = (sides["length_mm"], sides["width_mm"], sides["height_mm"])
    weight = pricing.weight_kg(lengths, found.density_g_per_cm3)
    if weight > _MOST_WEIGHT_KG:
        message = f"A part of this size and material weighs {weight} kg, above {_MOST_WEIGHT_KG}."
        problems.add(Problem.OUT_OF_RANGE, message, "dimensions")
    return problems, weight


def _component(line: CostComponentInput, now: datetime) -> CostComponentRecord:
    return {
        "id": uuid4(),
        "component_type": line["component_type"],
        "description": line["description"].strip(),
        "unit_cost": pricing.rounded(line["unit_cost"]),
        "quantity": pricing.rounded(line["quantity"]),
        "total_cost": pricing.component_total(line["unit_cost"], line["quantity"]),
        "created_at": now,
    }


def _calculation(
    asked: _Asked, components: Sequence[CostComponentRecord], weight: Decimal, now: datetime
) -> PricingCalculationRecord:
    """As PostgreSQL keeps it, its generated columns computed here too."""
    given = asked.given
    breakdown = pricing.breakdown(
        (component["component_type"], component["total_cost"]) for component in components
    )
    total_price, sides = Decimal(breakdown["total_cost"]), given["dimensions"]
    return {
        "id": uuid4(),
        "customer_id": asked.customer_id,
        "material": given["material"],
        "quantity": given["quantity"],
        "dimensions": {
            "length_mm": _plain(sides["length_mm"]),
            "width_mm": _plain(sides["width_mm"]),
            "height_mm": _plain(sides["height_mm"]),
        },
        "geometric_complexity_score": given["geometric_complexity_score"].quantize(_HUNDREDTH),
        "process": given["process"],
        "surface_finish": given["surface_finish"],
        "tolerance_class": given["tolerance_class"],
        "special_requirements": list(given["special_requirements"]),
        "delivery_timeline": given["delivery_timeline"],
        "rush_order": given["rush_order"],
        "cost_breakdown": breakdown,
        "pricing_tiers": [
            {
                "min_quantity": tier["min_quantity"],
                "unit_price": pricing.shown(tier["unit_price"]),
                "discount_percent": _plain(tier["discount_percent"].quantize(_HUNDREDTH)),
            }
            for tier in given["pricing_tiers"]
        ],
        "total_price": total_price,
        "price_per_unit": pricing.price_per_unit(total_price, given["quantity"]),
        "estimated_weight_kg": weight,
        "created_at": now,
        "updated_at": now,
    }


def _analysis(given: CalculationInput) -> AnalysisRecord:
    market = given["market_data"]
    return {
        "market_data": {
            "material_price_per_kg": pricing.shown(market["material_price_per_kg"]),
            "labor_rate_per_hour": pricing.shown(market["labor_rate_per_hour"]),
            "market_trend": market["market_trend"],
        },
        "performance_metrics": dict(given["performance_metrics"]),
        "metadata": given["metadata"],
    }


def _event(calculation: PricingCalculationRecord) -> Event:
    return Event(
        EventKind.CALCULATION_RECORDED,
        {
            "calculation_id": str(calculation["id"]),
            "customer_id": str(calculation["customer_id"]),
            "material": calculation["material"],
        },
    )


def _plain(value: Decimal) -> str:
    return format(pricing.EXACT.plus(value), "f")


def _unknown_customer(problems: Problems) -> None:
    message = "There is no such customer that you may record for."
    problems.add(Problem.UNKNOWN_CUSTOMER, message, "customerId")


def _tags(calculation: PricingCalculationRecord) -> list[str]:
    return [
        f"PricingCalculation:{calculation['id']}",
        "PricingCalculation",
        f"Customer:{calculation['customer_id']}.calculations",
        f"Material:{calculation['material']}.calculations",
    ]
