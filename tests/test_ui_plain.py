"""Foreign text on the page: it shows as it is, and does nothing."""

from __future__ import annotations

import pytest

from tests.ui_world import PAYLOADS
from ui.plain import escaped, plain, without_numbered


@pytest.mark.parametrize("payload", PAYLOADS)
def test_escaped_markdown_renders_to_the_text_alone(payload):
    from markdown_it import MarkdownIt

    reader = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
    [paragraph, inline, _] = reader.parse(escaped(payload))
    assert paragraph.type == "paragraph_open"
    pieces = inline.children or []
    assert {token.type for token in pieces} <= {"text", "text_special"}
    shown = "".join(token.content for token in pieces).replace("\u2060", "")
    assert shown == " ".join(payload.split())


def test_what_is_looked_for_in_finished_text_is_parted():
    for pattern in ("https://", "www.", "@evil", ":smile:", ":material/"):
        assert pattern not in escaped("https://a.b www.a.b a@evil.example :smile: :material/delete:").replace("\\", "")


def test_control_and_direction_characters_are_dropped_and_lines_stay():
    assert plain("a\x1b[31m\u202eb\r\nc\td\u2066") == "a[31mb\nc\td"


def test_only_lines_that_number_a_card_are_left_to_the_cards():
    assert without_numbered("Hello.\n1. A: b\n2) C: d\n3. not a card\n1984. was a year", 2) == (
        "Hello.\n3. not a card\n1984. was a year"
    )
