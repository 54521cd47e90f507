"""Mutation: the roots of everything that changes something, each called once for every use."""

import strawberry

from schema.api_key import (
    CreateApiKeyPayload,
    RevokeApiKeyPayload,
    create_api_key,
    revoke_api_key,
)
from schema.fields import changing
from schema.rule import WRITE


@strawberry.type(description="Everything that can be changed.")
class Mutation:
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
