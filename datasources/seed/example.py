"""Example: rows of the default seed by name, for the queries that show the graph off."""

from dataclasses import dataclass
from uuid import UUID

from datasources.seed.calculation import EXAMPLE_CUSTOMER, EXAMPLE_MATERIAL
from datasources.seed.company import company_name
from datasources.seed.identity import Identity

DEFAULT_SEED = 42


@dataclass(frozen=True, slots=True)
class Example:
    """The customer orders often; the calculation is its newest, of the material, with log lines."""

    customer_id: UUID
    company_name: str
    calculation_id: UUID
    trace_id: str
    material: str


def example(seed: int = DEFAULT_SEED) -> Example:
    """The same whatever the scale and the day of the seed."""
    identity = Identity(seed)
    return Example(
        customer_id=identity.customer(EXAMPLE_CUSTOMER),
        company_name=company_name(EXAMPLE_CUSTOMER),
        calculation_id=identity.calculation(0),
        trace_id=identity.trace(0),
        material=EXAMPLE_MATERIAL,
    )
