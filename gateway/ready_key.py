"""Ready keys: one API key for each role in a demo's stores, the same at every start."""

from datetime import UTC, datetime
from time import monotonic

from datasources.embedded.data_folder import DataFolder
from datasources.postgres.api_key import ApiKeyRepository
from datasources.postgres.customer import CustomerRepository
from datasources.postgres.engine import Postgres
from datasources.postgres.settings import PostgresSettings
from datasources.scope import Scope
from datasources.seed.example import example
from resolvers import key_text
from resolvers.api_key import Wish, issue
from resolvers.viewer import Role

FILE_NAME = "api-keys"
_SECONDS = 30.0


async def ready_keys(folder: DataFolder, settings: PostgresSettings) -> dict[Role, str]:
    """The customer's key belongs to the user of the seed's example; the others belong to nobody."""
    texts = _kept(folder)
    scope = Scope(None, monotonic() + _SECONDS)
    postgres = await Postgres.open(settings)
    try:
        keys, example_id = ApiKeyRepository(postgres), example().customer_id
        customers = CustomerRepository(postgres)
        found = await customers.by_ids(scope, [example_id], frozenset({"user_id"}))
        for role, text in texts.items():
            read = key_text.read(text)
            if read is None or await keys.by_prefix(scope, read.prefix) is not None:
                continue
            owner = found[example_id]["user_id"] if role is Role.CUSTOMER else None
            wish = Wish(f"Demo {role.value}", role, owner, days=None)
            await issue(keys, scope, wish, datetime.now(UTC), text)
    finally:
        await postgres.close()
    return texts


def _kept(folder: DataFolder) -> dict[Role, str]:
    """The texts in the data folder, which nobody else can read; made where there are none."""
    path = folder.path / FILE_NAME
    if not path.exists():
        lines = "\n".join(f"{role.value} {key_text.make()}" for role in Role)
        folder.write(path.with_suffix(".draft"), lines).replace(path)
    pairs = (line.split(" ") for line in path.read_text().splitlines())
    return {Role(role): text for role, text in pairs}
