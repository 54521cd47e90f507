"""Account: the user that the servers run as; PostgreSQL refuses to be root."""

import os
import pwd
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from datasources.embedded.errors import EmbeddedServerError

UNPRIVILEGED_NAMES = ("postgres", "nobody")


@dataclass(frozen=True, slots=True)
class Account:
    """``user_id`` and ``group_id`` are None where the servers run as the user that starts them."""

    user_id: int | None = None
    group_id: int | None = None

    @property
    def extra_groups(self) -> list[int] | None:
        return None if self.user_id is None else []

    def give(self, path: Path, mode: int) -> Path:
        """Makes ``path`` this account's own."""
        if self.user_id is not None and self.group_id is not None:
            os.chown(path, self.user_id, self.group_id)
        path.chmod(mode)
        return path

    def run(
        self,
        command: Sequence[str | Path],
        folder: Path,
        environment: Mapping[str, str] | None = None,
    ) -> subprocess.CompletedProcess[str]:
        """Runs a short command as this account, in ``folder``; both outputs are in ``stdout``."""
        return subprocess.run(  # noqa: S603
            command,
            cwd=folder,
            env=None if environment is None else {**os.environ, **environment},
            user=self.user_id,
            group=self.group_id,
            extra_groups=self.extra_groups,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            check=False,
        )

    def may_enter(self, folder: Path) -> bool:
        """Asked of the system itself: modes, groups and access lists all have a say."""
        return self.run(["/bin/sh", "-c", 'cd -- "$1"', "sh", folder], Path("/")).returncode == 0


def choose_account(data_dir: Path) -> Account:
    """Ourselves; for root the owner of the data folder, and where root owns that, an unprivileged user."""
    if os.geteuid() != 0:
        return Account()
    if data_dir.exists() and (owner := data_dir.stat()).st_uid != 0:
        return Account(owner.st_uid, owner.st_gid)
    for name in UNPRIVILEGED_NAMES:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(entry.pw_uid, entry.pw_gid)
    raise EmbeddedServerError(
        "PostgreSQL refuses to run as root and this machine has no user "
        f"{' or '.join(UNPRIVILEGED_NAMES)}: start this as an ordinary user."
    )
