"""The table of all stores, from the results: `python -m tests.conformance.table --write` puts it in docs/stores.md.

Without `--write` it is printed. Takes some minutes; a store whose server is not installed has no column of results.
"""

from __future__ import annotations

import sys
from collections import defaultdict
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[2] / "docs" / "stores.md"
BEGIN, END = "<!-- begin of the table -->", "<!-- end of the table -->"
COLUMNS = {
    "TestChromaDirectory": "ChromaStore, directory",
    "TestChromaServer": "ChromaStore, server",
    "TestAsyncChromaStore": "AsyncChromaStore",
    "TestInMemoryStore": "InMemoryStore",
    "TestSqliteStore": "SqliteStore",
    "TestPostgresStore": "PostgresStore",
}


class Results:
    """What came of each test: promise → store → the outcomes of its cases. reasons: store → why, in order."""

    def __init__(self) -> None:
        self.outcomes: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
        self.reasons: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))

    @pytest.hookimpl(hookwrapper=True)
    def pytest_runtest_makereport(self, item: pytest.Item):
        report = (yield).get_result()
        store, promise = item.cls.__name__, item.originalname
        if report.when == "call" or (report.when == "setup" and not report.passed):
            differs = report.skipped and hasattr(report, "wasxfail")
            self.outcomes[promise][store].append("differs" if differs else report.outcome)
            if differs:
                self.reasons[store][report.wasxfail].add(promise)


def told(promise: str) -> str:
    return promise.removeprefix("test_").replace("_", " ")


def cell(outcomes: list[str]) -> str:
    kept, differs = outcomes.count("passed"), outcomes.count("differs")
    if "failed" in outcomes:
        return "**fails**"
    if not kept and not differs:
        return "–"
    return "✓" if not differs else f"{kept} of {kept + differs}" if kept else "no"


def page(results: Results) -> str:
    lines = ["| promise | " + " | ".join(COLUMNS.values()) + " |", "| --- |" + " --- |" * len(COLUMNS)]
    for promise, by_store in results.outcomes.items():
        lines.append(f"| {told(promise)} | " + " | ".join(cell(by_store[store]) for store in COLUMNS) + " |")
    for store, name in COLUMNS.items():
        if results.reasons[store]:
            lines += ["", f"**{name}** does otherwise:", ""]
            lines += [f"- {why} ({'; '.join(sorted(map(told, of)))})" for why, of in results.reasons[store].items()]
    return "\n".join(lines)


def main() -> int:
    results = Results()
    code = pytest.main(["-q", "--no-header", "-W", "ignore", str(Path(__file__).parent)], plugins=[results])
    if "--write" in sys.argv:
        before, rest = PAGE.read_text(encoding="utf-8").split(BEGIN)
        PAGE.write_text(f"{before}{BEGIN}\n{page(results)}\n{END}{rest.split(END)[1]}", encoding="utf-8")
    else:
        print(page(results))
    return int(code)


if __name__ == "__main__":
    sys.exit(main())
