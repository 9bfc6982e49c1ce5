"""The embedded model's words: its tokenizer, its chat template and its processor.

Three choices make a very small model quick to train and able to copy. A space is a token of its own, so a word has the
same tokens wherever it stands. The fixed sentences of the prompt files are one token each. Digits stand alone.
"""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import prompts
from catalog.demo.looks import ASPECTS, COMPOSITIONS, MOODS, PALETTES, STYLES, SUBJECTS, Look, describe

PICTURE_SIDE, PATCH = 128, 16
PICTURE_TOKENS = (PICTURE_SIDE // PATCH) ** 2
PAD, END, USER, ASSISTANT, SYSTEM, IMAGE = "<pad>", "<|end|>", "<|user|>", "<|assistant|>", "<|system|>", "<image>"
SPECIAL = (PAD, END, USER, ASSISTANT, SYSTEM, IMAGE)
VALUES: dict[str, tuple[str, ...]] = dict(
    zip(ASPECTS, (tuple(SUBJECTS), tuple(STYLES), tuple(PALETTES), tuple(MOODS), tuple(COMPOSITIONS)), strict=True)
)

INTENTS = {
    "recommend": "wants suggestions",
    "critique": "wants the shown items changed in some way",
    "feedback": "says they like or dislike something shown",
    "question": "asks about an item",
    "correct_taste": "corrects what is believed about their taste",
    "small_talk": "anything else",
}

EDITS, VALUE, ASPECT, EVIDENCE = '{"edits":[', '{"value":"', '","aspect":"', '","evidence":['
OP, POLARITY, REASON, NEXT, PROSE, CLOSE = '],"op":"', '","polarity":"', '","reason":"', '"},', '"}],"prose":"', '"}'
_SKELETON = (EDITS + VALUE, ASPECT, EVIDENCE, OP, POLARITY, REASON, NEXT + VALUE, PROSE, EDITS + '],"prose":"', CLOSE)
_GLUE = (
    ", ", ". ", ": ", "; ", " | ", " | fits: ", " and ", " of ", " a ", " an ", " the ", " in ", " with ", "\n- ",
    "\n- like ", "\n- dislike ", "\n- must ", "\n- must not ", " (slight)", " (clear)", " (strong)", ", like ",
    ", dislike ", "\n- liked ", "\n- disliked ", "\n- bought ", "\n- viewed ", "\n- rated ", "\n- wish: ", ". liked ",
    ". disliked ", ". bought ", ". viewed ", ". rated ", ". wish: ", " of 5 ", "- none", "- nothing",
    "nothing known yet", "Answer Yes or No only.",
    "Answer with the letter of the option that fits best (A to F) only.", "They like ", " They like ",
    " Lately they lean towards ", "Lately they lean towards ", " They avoid ", "They avoid ", " They insist on ",
    "They insist on ", " They rule out ", "They rule out ", "They love ", " They love ", "Here are ", "Here is ",
    " that suit your taste.", " that suits your taste.", " in mind.", " picks to start with.", " pick to start with.",
    ": it has ", ", which you like.", ": it shows a ", ": it shows an ", ", and the mood is ", ": you asked for ",
    ", and it has ", " is on ", "asked for it", "asked to avoid it", "unknown",
    " They may like ", "They may like ", "liked once", "liked twice", "liked three times", "disliked once",
    "disliked twice", "disliked three times", "genres: ", "genre: ",
    " euros", " EUR",
)  # fmt: skip

CHAT_TEMPLATE = (
    "{% for message in messages %}{{ '<|' + message['role'] + '|>' }}"
    "{% if message['content'] is string %}{{ message['content'] }}"
    "{% else %}{% for part in message['content'] %}"
    "{% if part['type'] in ('image', 'image_url') %}<image>{% else %}{{ part['text'] }}{% endif %}"
    "{% endfor %}{% endif %}<|end|>{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>{% endif %}"
)


def prompt_phrases() -> tuple[str, ...]:
    """The fixed pieces of two words and more in all prompt files, without the spaces around them."""
    pieces: list[str] = []
    for name in prompts.names():
        for line in prompts.load(name).text.splitlines():
            for piece in re.split(r"\{\{.*?\}\}|\{%.*?%\}", line):
                text = piece.strip()
                if len(text.split()) > 1 or (len(text) > 3 and text.endswith(":")):
                    pieces.append(text)
    return tuple(dict.fromkeys(pieces))


def description_phrases() -> tuple[str, ...]:
    """The fixed pieces of `describe`, spaces included, that stand between the values of a look."""
    counts: Counter[str] = Counter()
    for number in range(40):
        look = Look(*(VALUES[aspect][number % len(VALUES[aspect])] for aspect in ASPECTS))
        values = sorted((getattr(look, aspect) for aspect in ASPECTS), key=len, reverse=True)
        counts.update(re.split("|".join(map(re.escape, values)), describe(look)))
    return tuple(piece for piece, count in counts.items() if count >= 4 and len(piece) > 1)


def phrases() -> tuple[str, ...]:
    """Every text that is one token by decree, each once: prompts, descriptions, skeleton of a fold, values, glue."""
    values = tuple(value for aspect in ASPECTS for value in VALUES[aspect] if not value.isalpha())
    options = tuple(f". {name}: {text}" for name, text in INTENTS.items())
    everything = (*prompt_phrases(), *description_phrases(), *_SKELETON, *values, *options, *_GLUE)
    return tuple(dict.fromkeys(everything))


def train_tokenizer(texts: Iterable[str], *, words: Iterable[str] = (), vocabulary: int = 4096) -> Any:
    """A byte-level BPE tokenizer that can write any text; at most `vocabulary` tokens, fixed ones included.

    words: such as people use and the texts may lack; each weighs as if it stood there forty times.
    """
    from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    fixed = phrases()
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(r"\s|\p{N}|\p{L}+|[^\s\p{L}\p{N}]"), behavior="isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary - len(fixed),
        special_tokens=list(SPECIAL),
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(itertools.chain(texts, (f"{word} " * 40 for word in words)), trainer)
    tokenizer.add_tokens([AddedToken(text, normalized=False, special=False) for text in fixed])
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token=PAD,
        eos_token=END,
        clean_up_tokenization_spaces=False,
        model_max_length=4096,
        padding_side="right",
    )


def make_processor(tokenizer: Any) -> Any:
    """The processor that pairs the tokenizer with 128-pixel pictures through Pillow alone."""
    from transformers import LlavaProcessor
    from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil

    pictures = CLIPImageProcessorPil(
        size={"height": PICTURE_SIDE, "width": PICTURE_SIDE},
        crop_size={"height": PICTURE_SIDE, "width": PICTURE_SIDE},
        do_center_crop=False,
        image_mean=[0.5, 0.5, 0.5],
        image_std=[0.5, 0.5, 0.5],
    )
    return LlavaProcessor(
        image_processor=pictures,
        tokenizer=tokenizer,
        patch_size=PATCH,
        vision_feature_select_strategy="default",
        chat_template=CHAT_TEMPLATE,
        image_token=IMAGE,
        num_additional_image_tokens=1,
    )


def chat_text(text: str, *, picture: bool = False) -> str:
    """One user message and the opening of the answer, as the chat template writes them."""
    return f"{USER}{IMAGE * PICTURE_TOKENS if picture else ''}{text}{END}{ASSISTANT}"


def yes_no_text(state: str, question: str) -> str:
    """The user message of a predicate, as transformers' own decision prompt words it."""
    return f"{state}\n\n{question}\nAnswer Yes or No only."


def choice_text(state: str, question: str, options: Sequence[tuple[str, str]]) -> str:
    """The user message of a choice, as transformers' own decision prompt words it: an option is (name, description)."""
    lines = [question] if question else []
    for letter, (name, description) in zip("ABCDEFGHIJKLMNOPQRSTUVWXYZ", options, strict=False):
        lines.append(f"{letter}. {name}: {description}" if description else f"{letter}. {name}")
    last = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"[len(options) - 1]
    return (
        f"{state}\n\n" + "\n".join(lines) + f"\nAnswer with the letter of the option that fits best (A to {last}) only."
    )


def save_processor(processor: Any, folder: Path) -> None:
    """Write tokenizer, chat template and picture settings."""
    processor.save_pretrained(str(folder))
