"""Ids of any shape as namespace labels, and back."""

from __future__ import annotations

from urllib.parse import quote, unquote


def label_of(text: str) -> str:
    """The id as one namespace label: no dot, no `*`, never empty, printable ASCII; different ids give different labels.

    >>> label_of("ann.b@example.org")
    'ann%2Eb%40example%2Eorg'
    """
    return quote(text, safe="", errors="surrogatepass").replace(".", "%2E") or "%"


def id_of(label: str) -> str:
    """The id that `label_of` made the label from."""
    return "" if label == "%" else unquote(label, errors="surrogatepass")
