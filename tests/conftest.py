"""What all tests share."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import settings

from graphs.garbage import collect_seldom
from tests.postgres import database_url, postgres_folder, postgres_url  # noqa: F401  (fixtures)

if TYPE_CHECKING:
    from graphs.session import Session

if (workers := int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))) > 1:  # each has its share of the cores
    os.environ.setdefault("OMP_NUM_THREADS", str(max(1, (os.cpu_count() or 1) // workers)))
collect_seldom()  # as every process of ours does
settings.register_profile("palate", deadline=None)  # a busy machine is no defect
settings.load_profile("palate")


@pytest.fixture
async def start(tmp_path: Path) -> AsyncIterator[Callable[..., Session]]:
    """Opens sessions on the home of the test, or on a folder in it, and closes them when the test is over."""
    from tests.world import open_session

    opened: list[Session] = []

    def start(folder: str = "", **more: Any) -> Session:
        opened.append(open_session(tmp_path / folder, **more))
        return opened[-1]

    yield start
    for session in opened:
        await session.aclose()
