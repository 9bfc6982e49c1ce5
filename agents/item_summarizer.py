"""The item-summarizer: picture and text become words that taste can be matched against."""

from __future__ import annotations

from langgraph.runtime import Runtime

from agents.asking import Rendered, render
from agents.context import TurnContext
from agents.events import Progress
from agents.state import TurnState, TurnUpdate
from agents.wording import MAX_WORDS, one_line
from catalog.items import Item
from models.errors import ModelError

PROMPT = "item_summarizer"


def summary_prompt(item: Item | None, picture: str | None) -> Rendered:
    """The request to describe one item, or a picture that belongs to none."""
    title = one_line(item.title, words=MAX_WORDS["title"]) if item else "a picture they sent"
    text = one_line(item.text, words=MAX_WORDS["summary"]) if item else ""
    return render(PROMPT, {"title": title, "text": text}, pictures=(picture,) if picture else ())


async def summarize_items(state: TurnState, runtime: Runtime[TurnContext]) -> TurnUpdate:
    """Put the user's upload into words: what is asked for now, beside what was said with it; older wishes are past.

    A model that fails leaves the picture undescribed and says so.
    """
    context = runtime.context
    runtime.stream_writer(Progress("summarize_items", "looking at your picture"))
    try:
        summary = await context.ask.text("item_summarizer", summary_prompt(None, state.upload))
    except ModelError as error:
        return {"upload_summary": "", "problems": (*state.problems, f"Your picture could not be described: {error}.")}
    return {"upload_summary": one_line(summary, words=MAX_WORDS["summary"]), "wishes": state.new_wishes}
