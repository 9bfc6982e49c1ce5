"""The proof that somebody was forgotten, in lines that the screen and the command line share."""

from __future__ import annotations

from graphs.forgetting import Proof


def proof_lines(proof: Proof) -> list[str]:
    """What was erased, what was read, what was sought and found, and what could not be read from here."""
    texts = f"{_many(proof.texts, 'text')} (each in UTF-8, in UTF-16 and as JSON writes it)"
    sought = f"{texts}, {_many(proof.vectors, 'vector')}, {_many(proof.pictures, 'picture')}"
    found = "none found" if not proof.remains else f"{len(proof.remains):,} found"
    lines = [
        f"Erased of {proof.user_id!r}: {proof.erased}.",
        f"Read: {_many(proof.files, 'file')} to the last byte, {proof.size / 1e6:,.1f} MB.",
        f"Sought: {sought}; {found}.",
    ]
    if proof.shared:
        lines.append(
            f"{proof.shared:,} of these are others' or a catalogue's own as well, and stand where those keep them."
        )
    return [*lines, *(f"Not read: {place}" for place in proof.beyond)]


def _many(count: int, what: str) -> str:
    return f"{count:,} {what}{'s' * (count != 1)}"
