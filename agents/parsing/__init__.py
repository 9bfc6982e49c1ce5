"""The exact layer of understanding: filters, item names and judgements read without any model.

Everything comes from the catalogue's own schema, values and titles, so the reading is the same in every profile.
"""

from __future__ import annotations

from collections.abc import Sequence

from agents.parsing.parsed import Mention, Parsed
from catalog.items import Catalogue

__all__ = ["Mention", "Parsed", "parse"]


def parse(message: str, catalogue: Catalogue, *, shown: Sequence[str] = ()) -> Parsed:
    """Read what can be read exactly."""
    return Parsed(residual=message)
