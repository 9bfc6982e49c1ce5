"""What a store is known to do otherwise is an expected failure, and a failure once it no longer does."""

from __future__ import annotations

import pytest

from tests.postgres import postgres_folder

__all__ = ["postgres_folder"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        differences = getattr(getattr(item, "cls", None), "differences", {})
        name = getattr(item, "originalname", item.name)
        if reason := differences.get(item.name) or differences.get(name):
            item.add_marker(pytest.mark.xfail(reason=reason, strict=True))
