"""Print a pin for every package that our extras pull in, as installed in the environment this runs in.

.venv/bin/python .ci/constraints.py >constraints.txt
"""

import re
import sys
import tomllib
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from packaging.requirements import Requirement

# pinned though they need not be installed here: the release for our torch, and a baseline of the benchmarks
OPTIONAL = {"torch-rechub": "0.9.0", "torchvision": "0.28.0"}
PROJECT = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def canonical(name: str) -> str:
    """The one spelling of a package's name."""
    return re.sub(r"[-_.]+", "-", name).lower()


def reached(requirements: list[str]) -> dict[str, str]:
    """Name → version of everything installed that these requirements lead to, extras followed."""
    versions: dict[str, str] = {}
    seen: set[tuple[str, str]] = set()
    waiting = [(Requirement(text), "") for text in requirements]
    while waiting:
        requirement, extra = waiting.pop()
        if requirement.marker and not requirement.marker.evaluate({"extra": extra}):
            continue
        name = canonical(requirement.name)
        try:
            found = distribution(name)
        except PackageNotFoundError:
            if name in OPTIONAL:
                versions[name] = OPTIONAL[name]
                continue
            print(f"not installed: {name}", file=sys.stderr)
            continue
        versions[name] = found.version.split("+")[0]  # a local build of the same release serves
        for wanted in ("", *requirement.extras):
            if (name, wanted) not in seen:
                seen.add((name, wanted))
                waiting += [(Requirement(text), wanted) for text in found.requires or ()]
    return versions


if __name__ == "__main__":
    everything = [
        *PROJECT["dependencies"],
        *(one for extra in PROJECT["optional-dependencies"].values() for one in extra),
    ]
    print("# Every version Palate is tested with. Made by .ci/constraints.py.")
    for name, version in sorted(reached(everything).items()):
        print(f"{name}=={version}")
