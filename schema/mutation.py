"""Mutation: the roots of everything that changes something, each called once for every use."""

import strawberry

from schema.api_key import (
    CreateApiKeyPayload,
    RevokeApiKeyPayload,
    create_api_key,
    revoke_api_key,
)
from schema.customer_change import (
    CreateCustomerPayload,
    DeleteCustomerPayload,
    UpdateCustomerPayload,
    create_customer,
    delete_customer,
    update_customer,
)
from schema.fields import changing
from schema.material_change import (
    RefreshMaterialPayload,
    UpdateMaterialPayload,
    refresh_material,
    update_material,
)
from schema.pricing_calculation_change import RecordCalculationPayload, record_calculation
from schema.rule import CUSTOMER_WRITE, MATERIAL_WRITE, WRITE


@strawberry.type(description="Everything that can be changed.")
class Mutation:
    create_customer: CreateCustomerPayload | None = changing(
        create_customer,
        rule=CUSTOMER_WRITE,
        description="Registers a customer; customers register companies of their own account.",
    )
    update_customer: UpdateCustomerPayload | None = changing(
        update_customer,
        rule=CUSTOMER_WRITE,
        description="Changes a customer, unless somebody else has changed it in the meantime.",
    )
    delete_customer: DeleteCustomerPayload | None = changing(
        delete_customer,
        rule=CUSTOMER_WRITE,
        description="Deletes a customer with all its calculations and their cost components, for good; "
        "the account that signs in for it stays.",
    )
    record_calculation: RecordCalculationPayload | None = changing(
        record_calculation,
        rule=CUSTOMER_WRITE,
        description="Records what making a quantity of one part costs, and computes what follows.",
    )
    update_material: UpdateMaterialPayload | None = changing(
        update_material,
        rule=MATERIAL_WRITE,
        description="Changes a material, unless somebody else has changed it in the meantime; the new "
        "values are seen at once.",
    )
    refresh_material: RefreshMaterialPayload | None = changing(
        refresh_material,
        rule=MATERIAL_WRITE,
        description="Reads a material from the database, past the cache, which then holds it anew.",
    )
    create_api_key: CreateApiKeyPayload | None = changing(
        create_api_key,
        rule=WRITE,
        description="Makes an API key: an admin for anyone, others for themselves in their own roles.",
    )
    revoke_api_key: RevokeApiKeyPayload | None = changing(
        revoke_api_key,
        rule=WRITE,
        description="Takes an API key back; every gateway refuses it within a second.",
    )
