"""Clock: stands still at the moment of the seed for operations that go through the whole pipeline."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, tzinfo
from typing import Any

import pytest

from gateway.pipeline import execution
from tests.graph import AS_OF


class _Stopped(datetime):
    @classmethod
    def now(cls, tz: tzinfo | None = None) -> Any:
        return AS_OF.astimezone(tz)


@contextmanager
def stopped() -> Iterator[None]:
    """What is asked meanwhile finds the same rows on every day, and as many buckets in every hour.

    In the whole process: two of these that overlap must end in the order of a stack.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(execution, "datetime", _Stopped)
        yield
