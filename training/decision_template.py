"""The decision template that goes with a checkpoint, so that `transformers serve` answers prompts of every length.

transformers 5.23 (`decision.template_utils.read_marks`) takes any input whose last size is the number of tokens for one
number per token. A picture that is as wide in pixels as the prompt is long in tokens is then cut like tokens, and the
request fails. Tokens that the same function drops again make every prompt with a picture longer than a picture is
wide; what the model reads stays the same, token for token.
"""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import Any

from PIL import Image

from models.local.decider import PicturesApart

PROBE_PX = 2048  # the side of the picture that the widest input is measured on; processors make it smaller
_MARK = "<picture-0>"

# transformers.decision.DECISION_PROMPT in other words: what stands between quotes in a template and is one token to a
# tokenizer is taken for a control token, and is then written letter by letter where it stands in a question. No request
# can hold the sign that stands for a picture: transformers drops it from what it is sent.
_QUESTION = """{#- The generic decision prompt in the chat template of the model, longer than a picture is wide. -#}
{%- set ns = namespace(lines=[], content=[], seen=false) -%}
{%- set sp, picture = " ", "\U000f0000" * 2 -%}
{%- macro text(x) -%}
    {%- if x is none -%}
    {%- elif x is string -%}{{ x }}
    {%- elif x is sequence and x is not mapping and x and x[0] is mapping and x[0].type in ("text", "image") -%}
        {%- for block in x -%}{{ picture if block.type == "image" else block.text }}{%- endfor -%}
    {%- else -%}{{ x|tojson }}
    {%- endif -%}
{%- endmacro -%}
{%- set ns.lines = [text(question.instructions)] -%}
{%- for option in question.options -%}
    {%- set label, answer = question.labels[loop.index0], text(question.descriptions[loop.index0]) -%}
    {%- if question.type == "noul" -%}
        {%- set answer = answer or (option if question.labels != ["Yes", "No"] else "") -%}
        {%- set ns.lines = ns.lines + ([label ~ ":" ~ sp ~ answer] if answer else []) -%}
    {%- else -%}
        {%- set answer = (option ~ ":" ~ sp ~ answer if answer else option) if question.type == "choice" else answer -%}
        {%- set ns.lines = ns.lines + [label ~ "." ~ sp ~ answer] -%}
    {%- endif -%}
{%- endfor -%}
{%- set asked = text(state) ~ "\\n\\n" ~ ns.lines|select|join("\\n") ~ "\\n" -%}
{%- if question.type == "noul" -%}
    {%- set words = ["Answer", question.labels[0], "or", question.labels[1], "only."] -%}
{%- else -%}
    {%- set letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"[: question.labels|length]|list -%}
    {%- set kind = "letter" if question.labels == letters else "label" -%}
    {%- set of = "option" if question.type == "choice" else "level" -%}
    {%- set range = ["(" ~ question.labels[0], "to", question.labels[-1] ~ ")"]|join(sp) -%}
    {%- set words = ["Answer", "with", "the", kind, "of", "the", of, "that", "fits", "best", range, "only."] -%}
{%- endif -%}
{%- set asked = asked ~ words|join(sp) -%}
{%- for part in asked.split(picture) -%}
    {%- if not loop.first -%}
        {%- set ns.content, ns.seen = ns.content + [{"type": "image"}], true -%}
    {%- endif -%}
    {%- set ns.content = ns.content + ([{"type": "text", "text": part}] if part else []) -%}
{%- endfor -%}
{%- set messages = [{"role": "user", "content": ns.content}] %}{{ "" }}"""


def with_template(config: Any, processor: Any) -> Any:
    """The decision settings of a checkpoint with a template that is safe to serve; as they are where none is needed.

    config: a DecisionConfig. Settings with a template of their own stay, and so do those of a checkpoint without
    pictures, or whose chat template does not give the same tokens within a decision template.
    """
    if config.chat_template is not None or getattr(processor, "image_processor", None) is None:
        return config
    plain = [_read(config, processor, mark) for mark in (_MARK, "")]
    if None in plain:
        return config
    longer = replace(config, chat_template=_template(processor.chat_template, _widest(config, processor)))
    return longer if [_read(longer, processor, mark) for mark in (_MARK, "")] == plain else config


def _template(chat_template: str, width: int) -> str:
    tail = '{{ "<|split|>" * ' + str(width) + ' if ns.seen else "" }}'
    return _QUESTION + chat_template.removesuffix("\n") + tail


def _widest(config: Any, processor: Any) -> int:
    """The largest last size of what a processor makes of a picture."""
    apart = PicturesApart(copy.deepcopy(processor))
    config.prepare_inputs(_asked(_MARK), apart)
    return max(int(value.shape[-1]) for value in apart.pictures.values())


def _read(config: Any, processor: Any, mark: str) -> list[int] | None:
    """The tokens of a question as the model reads them; None where the template does not work."""
    from jinja2 import TemplateError

    try:
        [(inputs, _)] = config.prepare_inputs(_asked(mark), PicturesApart(copy.deepcopy(processor)))
    except (TemplateError, TypeError, ValueError):
        return None
    return list(inputs["input_ids"][0].tolist())


def _asked(mark: str) -> dict[str, Any]:
    asked = {"type": "noul", "instructions": f"{mark}Candidate: <b>\nWill they?"}
    assets = {mark: Image.new("RGB", (PROBE_PX, PROBE_PX))} if mark else {}
    return {"state": "Likes:\n- owls", "questions": {"q": asked}, "assets": assets}
