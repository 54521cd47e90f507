"""API keys: how programs prove who they are, made and revoked by those who may."""

from datetime import datetime
from typing import Annotated

import strawberry

from resolvers import api_key
from resolvers.api_key import CreatedKey, KeyProblem, RevokedKey
from resolvers.batch import Selection
from resolvers.context import Context
from schema.enumeration import enumeration
from schema.fields import column, computed
from schema.role import Role
from schema.rule import Cost

enumeration(
    KeyProblem,
    "Why a key was not made or revoked.",
    INVALID_NAME="The name is empty, too long or not printable.",
    INVALID_EXPIRY="The key would last too long, or not at all.",
    ROLE_NOT_YOURS="Only an admin passes on a role that it does not have itself.",
    USER_NOT_YOU="Only an admin makes keys for others.",
    USER_REQUIRED="A customer's key must belong to a user.",
    USER_UNKNOWN="There is no user of this id.",
    NOT_WITH_A_KEY="Whoever asks has shown a key, and a key makes no keys.",
    KEY_UNKNOWN="There is no key of this prefix that the caller may revoke.",
)


@strawberry.type(description="What a program proves itself by.", directives=[Cost(weight=0)])
class ApiKey:
    prefix: str = column(
        description="The key's public name: what stands between pgw_ and the secret."
    )
    name: str = column(description="What the key is for.")
    role: Role = computed(
        lambda record: Role(record["role"]),
        reads=("role",),
        description="In which capacity its holder asks.",
    )
    created_at: datetime = column(description="When the key was made.")
    expires_at: datetime | None = column(description="When the key ends; null for never.")
    last_used_at: datetime | None = column(description="When it was last used, to the minute.")
    revoked_at: datetime | None = column(description="When it was taken back; null while it holds.")


@strawberry.type(
    description="Something that the caller can mend in the input.", directives=[Cost(weight=0)]
)
class ApiKeyUserError:
    code: KeyProblem = column(description="What is wrong, for programs.")
    message: str = column(description="What is wrong and what would be right, for people.")
    field: list[str] = column(description="Where in the arguments it is wrong.")


@strawberry.input(description="The key that is wanted.")
class CreateApiKeyInput:
    name: str = strawberry.field(description="What the key is for: 1 to 100 characters.")
    role: Role = strawberry.field(description="In which capacity its holder will ask.")
    user_id: strawberry.ID | None = strawberry.field(
        default=strawberry.UNSET,
        description="Whose key it is, by the user's global id; the caller's own by default.",
    )
    expires_in_days: int = strawberry.field(
        default=90, description="Days until the key ends, 1 to 366."
    )


@strawberry.input(description="The key that is taken back.")
class RevokeApiKeyInput:
    prefix: str = strawberry.field(description="The key's prefix, as `ApiKey.prefix` shows it.")


@strawberry.type(description="The new key, or why there is none.", directives=[Cost(weight=0)])
class CreateApiKeyPayload:
    api_key: ApiKey | None = column(description="The new key; null where there is none.")
    secret: str | None = column(description="The whole key, shown this once and kept nowhere.")
    user_errors: list[ApiKeyUserError] = column(description="What to mend; empty on success.")


@strawberry.type(description="The key that was revoked, or why none.", directives=[Cost(weight=0)])
class RevokeApiKeyPayload:
    api_key: ApiKey | None = column(description="The key as it is now; null where none was found.")
    user_errors: list[ApiKeyUserError] = column(description="What to mend; empty on success.")


async def create_api_key(
    context: Context,
    selection: Selection,
    *,
    input: Annotated[  # noqa: A002
        CreateApiKeyInput, strawberry.argument(description="The key that is wanted.")
    ],
) -> CreatedKey:
    return await api_key.create(
        context,
        name=input.name,
        role=input.role,
        user=input.user_id or None,
        days=input.expires_in_days,
    )


async def revoke_api_key(
    context: Context,
    selection: Selection,
    *,
    input: Annotated[  # noqa: A002
        RevokeApiKeyInput, strawberry.argument(description="The key that is taken back.")
    ],
) -> RevokedKey:
    return await api_key.revoke(context, prefix=input.prefix)
