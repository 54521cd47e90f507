"""Sample: brings a demo's stores to the newest version and fills them once."""

import json
from datetime import UTC, datetime

from datasources.embedded.data_folder import DataFolder
from datasources.embedded.errors import DataFolderError
from datasources.mongo import migrate as mongo
from datasources.postgres import migrate as postgres
from datasources.seed.load import seed
from datasources.seed.target import Progress
from gateway.settings import Settings

STAMP_NAME = "sample.json"
DEFAULT_SCALE = 1.0
OLD_DAYS = 14


async def fill(
    folder: DataFolder, settings: Settings, scale: float | None, progress: Progress
) -> str:
    """What the stores hold now, in words. A load that was cut short leaves no stamp and is begun again."""
    await postgres.up(settings.postgres)
    await mongo.up(settings.mongodb)
    stamp = folder.path / STAMP_NAME
    if not stamp.exists():
        scale = DEFAULT_SCALE if scale is None else scale
        report = await seed(
            settings.postgres, settings.mongodb, scale=scale, fresh=True, progress=progress
        )
        seeded = {"scale": scale, "seeded_at": datetime.now(UTC).isoformat(), "rows": report.total}
        folder.write(stamp, json.dumps(seeded))
    held = json.loads(stamp.read_text())
    if scale not in (None, held["scale"]):
        raise DataFolderError(
            f"The data folder {folder.path} holds sample data of scale {held['scale']:g}: "
            "start with --fresh for another scale, or choose another --data-dir."
        )
    days = (datetime.now(UTC) - datetime.fromisoformat(held["seeded_at"])).days
    advice = f", {days} days old: --fresh makes them new" if days >= OLD_DAYS else ""
    return f"{held['rows']:,} rows of sample data in {folder.path}{advice}"
