"""What every `palate taste` command needs first: the taste of the user it names, and the moment a date means."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, time
from typing import TYPE_CHECKING

from palate.failures import Mistake
from palate.options import load

if TYPE_CHECKING:
    from graphs.services import Services
    from graphs.taste import Taste


@contextmanager
def opened_taste(profile: str | None, settings: list[str] | None, user: str, catalogue: str | None) -> Iterator[Taste]:
    """The taste of a user in a catalogue, by default the profile's; the stores are closed at the end of the block.

    Needs no model and no key. Raises ProfileError, UnknownCatalogue and StoreError.
    """
    from graphs.taste import Taste

    with opened_services(profile, settings) as services:
        yield Taste.of(services, user, catalogue or services.profile.catalogue)


@contextmanager
def opened_services(profile: str | None, settings: list[str] | None) -> Iterator[Services]:
    """The services of a profile, closed at the end of the block; needs no model and no key."""
    from graphs.services import Services

    services = Services.open(load(profile, settings, keys_required=False).profile)
    try:
        yield services
    finally:
        services.close()


def moment_of(text: str) -> datetime:
    """The moment a person means: a date alone is its last instant; what names no zone is local time. Raises Mistake."""
    try:
        moment = (
            datetime.combine(date.fromisoformat(text), time.max)
            if len(text) <= len("2026-11-20")
            else datetime.fromisoformat(text)
        )
        return moment if moment.tzinfo is not None else moment.astimezone()
    except (ValueError, OverflowError) as error:
        raise Mistake(f"{text!r} is no date or time", "write it like 2026-11-20 or 2026-11-20T18:30") from error
