"""Pool: how many connections a driver holds and how many of them are in use."""

from threading import Lock
from typing import Any

from pymongo.monitoring import ConnectionPoolListener


class PoolGauge(ConnectionPoolListener):
    """Told of every event of the pools; Motor tells it from several threads."""

    def __init__(self) -> None:
        self._lock = Lock()
        self.size = 0
        self.in_use = 0

    def busy(self, change: int) -> None:
        """So many more of those checked out are in use, or fewer: others lie idle."""
        self._add(0, change)

    def _add(self, size: int, in_use: int) -> None:
        with self._lock:
            self.size += size
            self.in_use += in_use

    def connection_created(self, event: Any) -> None:
        self._add(1, 0)

    def connection_closed(self, event: Any) -> None:
        self._add(-1, 0)

    def connection_checked_out(self, event: Any) -> None:
        self._add(0, 1)

    def connection_checked_in(self, event: Any) -> None:
        self._add(0, -1)

    def pool_created(self, event: Any) -> None: ...

    def pool_ready(self, event: Any) -> None: ...

    def pool_cleared(self, event: Any) -> None: ...

    def pool_closed(self, event: Any) -> None: ...

    def connection_ready(self, event: Any) -> None: ...

    def connection_check_out_started(self, event: Any) -> None: ...

    def connection_check_out_failed(self, event: Any) -> None: ...
