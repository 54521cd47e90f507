"""API keys: who may make one for whom, and who may take one back."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from uuid import UUID, uuid4

from datasources.postgres.api_key import ApiKeyRepository
from datasources.records import ApiKeyRecord
from datasources.scope import Scope
from resolvers import global_id, key_text
from resolvers.batch import Selection, Slots
from resolvers.context import Context
from resolvers.viewer import Role

MAX_NAME_LENGTH = 100
MAX_DAYS = 366
MOST_KEYS = 100  # that are shown
KEY_VIEWER = "key:"  # begins the id of a viewer that is known by a key


class KeyProblem(StrEnum):
    INVALID_NAME = "invalid_name"
    INVALID_EXPIRY = "invalid_expiry"
    ROLE_NOT_YOURS = "role_not_yours"
    USER_NOT_YOU = "user_not_you"
    USER_REQUIRED = "user_required"
    USER_UNKNOWN = "user_unknown"
    KEY_UNKNOWN = "key_unknown"
    NOT_WITH_A_KEY = "not_with_a_key"


@dataclass(frozen=True, slots=True)
class UserError:
    """What a person can mend; ``field`` is the path of the input that it speaks of."""

    code: KeyProblem
    message: str
    field: Sequence[str]


@dataclass(frozen=True, slots=True)
class CreatedKey:
    """``secret`` is the whole text of the key: this is the only time that it is there."""

    api_key: ApiKeyRecord | None = None
    secret: str | None = None
    user_errors: Sequence[UserError] = ()


@dataclass(frozen=True, slots=True)
class RevokedKey:
    api_key: ApiKeyRecord | None = None
    user_errors: Sequence[UserError] = ()


@dataclass(frozen=True, slots=True)
class Wish:
    """A key as somebody wants it; ``days`` of ``None`` never end."""

    name: str
    role: Role
    user_id: UUID | None
    days: int | None


async def create(
    context: Context, *, name: str, role: Role, user: str | None, days: int
) -> CreatedKey:
    """An admin makes keys for anyone; others make them for themselves, in roles that they have.

    Nobody does so with a key: what it made would go on when it is taken back.
    """
    viewer = context.viewer
    asked = global_id.decode_uuid("User", user) if user else None
    owner = asked if asked or Role.ADMIN in viewer.roles else viewer.user_id
    wish = Wish(name.strip(), role, owner, days)
    problems = [*_out_of_bounds(wish), *_not_allowed(context, wish)]
    if viewer.id.startswith(KEY_VIEWER):
        text = "A key makes no keys; sign in, or show a token. Operators: `gateway key create`."
        problems = [UserError(KeyProblem.NOT_WITH_A_KEY, text, ())]
    if not problems and not await _exists(context, owner):
        problems.append(_problem(KeyProblem.USER_UNKNOWN, "There is no such user.", "userId"))
    if problems:
        return CreatedKey(user_errors=problems)
    text, record = await issue(context.stores.api_keys, context.scope, wish, datetime.now(UTC))
    return CreatedKey(record, text)


async def newest(
    context: Context, keys: Sequence[bool], selection: Selection
) -> Slots[Sequence[ApiKeyRecord]]:
    """An admin sees everybody's keys, others their own; a program without an account has none."""
    viewer = context.viewer
    if Role.ADMIN not in viewer.roles and viewer.user_id is None:
        return [() for _ in keys]
    owner = None if Role.ADMIN in viewer.roles else viewer.user_id
    found = await context.stores.api_keys.newest(context.scope, owner, MOST_KEYS)
    return [found for _ in keys]


async def revoke(context: Context, *, prefix: str) -> RevokedKey:
    """An admin takes any key back; others take back their own, and learn nothing of other people's."""
    viewer = context.viewer
    found = None
    if Role.ADMIN in viewer.roles or viewer.user_id is not None:
        owner = None if Role.ADMIN in viewer.roles else viewer.user_id
        found = await context.stores.api_keys.revoke(
            context.scope, prefix, owner, datetime.now(UTC)
        )
    if found is not None:
        return RevokedKey(found)
    text = "There is no such key of yours; its prefix is what stands between pgw_ and the next _."
    return RevokedKey(user_errors=[_problem(KeyProblem.KEY_UNKNOWN, text, "prefix")])


async def issue(
    api_keys: ApiKeyRepository, scope: Scope, wish: Wish, now: datetime, text: str | None = None
) -> tuple[str, ApiKeyRecord]:
    """Makes and keeps a key that is known to be allowed; its text, and what is kept of it."""
    text = text or key_text.make()
    read = key_text.read(text)
    assert read is not None
    record: ApiKeyRecord = {
        "id": uuid4(),
        "prefix": read.prefix,
        "hashed_secret": read.hashed_secret,
        "name": wish.name,
        "user_id": wish.user_id,
        "role": wish.role.value,
        "created_at": now,
        "expires_at": None if wish.days is None else now + timedelta(days=wish.days),
    }
    return text, await api_keys.insert(scope, record)


async def _exists(context: Context, owner: UUID | None) -> bool:
    if owner is None:
        return True
    return await context.stores.accounts.by_id(context.scope, owner) is not None


def _out_of_bounds(wish: Wish) -> list[UserError]:
    problems = []
    if not 1 <= len(wish.name) <= MAX_NAME_LENGTH or not wish.name.isprintable():
        text = f"A name has 1 to {MAX_NAME_LENGTH} printable characters."
        problems.append(_problem(KeyProblem.INVALID_NAME, text, "name"))
    if wish.days is not None and not 1 <= wish.days <= MAX_DAYS:
        text = f"A key lasts 1 to {MAX_DAYS} days."
        problems.append(_problem(KeyProblem.INVALID_EXPIRY, text, "expiresInDays"))
    return problems


def _not_allowed(context: Context, wish: Wish) -> list[UserError]:
    viewer = context.viewer
    if Role.ADMIN in viewer.roles:
        if wish.role is Role.CUSTOMER and wish.user_id is None:
            text = "A key in the role CUSTOMER belongs to a user, whose customers it may see."
            return [_problem(KeyProblem.USER_REQUIRED, text, "userId")]
        return []
    problems = []
    if wish.user_id is None or wish.user_id != viewer.user_id:
        text = "Only an admin makes keys for others, or for a program that has no account."
        problems.append(_problem(KeyProblem.USER_NOT_YOU, text, "userId"))
    if wish.role not in viewer.roles:
        text = "You do not have this role, so that you cannot pass it on."
        problems.append(_problem(KeyProblem.ROLE_NOT_YOURS, text, "role"))
    return problems


def _problem(code: KeyProblem, message: str, field: str) -> UserError:
    return UserError(code, message, ["input", field])
