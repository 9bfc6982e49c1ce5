"""Whether the words before something refuse it."""

from __future__ import annotations

import re

from agents.parsing.lexicon import COPULAS, ITEM_NOUNS, LIKE_VERBS, LIKERS, NEGATIONS, NEGATORS, TASTE_VERBS, WOULD
from agents.parsing.tokens import Reading, stem

_FILLERS = frozenset(
    "a an any the some of those these such kind sort kinds sorts other - for please ever on in from with".split()
)
_ADVERBS = frozenset("really also rather always usually actually still very much".split())
_HARMLESS = {("not", "why"), ("more", "me"), ("more", "any"), ("more", "some"), ("more", "few")}
_MODAL = frozenset("should must may can will please".split())


def refusal_before(reading: Reading, at: int, *, through_nouns: bool = False) -> int | None:
    """Where the refusing words begin whose reach ends right before `at`, or None.

    "no", "without any", "anything but" refuse; "not only", "why not" and a statement ("it is not horror") do not.
    through_nouns: lets nouns for an item stand between, as in "no films from".
    """
    here = at
    for _ in range(4):
        if length := reading.phrase_before(here, NEGATIONS):
            start = here - length
            return None if _says_otherwise(reading, start) else _with_lead(reading, start)
        word = reading.word(here - 1)
        if word in _FILLERS or (through_nouns and stem(word) in ITEM_NOUNS):
            here -= 1
        else:
            return None
    return None


def _says_otherwise(reading: Reading, start: int) -> bool:
    before = reading.word(start - 1)
    if before in ("why", "how") or reading.words(start, start + 2) == ("nothing", "but"):
        return True
    return before in COPULAS and reading.word(start - 2) not in _MODAL


def _with_lead(reading: Reading, start: int) -> int:
    """Take "i", "please", "but" and the like along with the refusal."""
    while reading.word(start - 1) in ("please", "but", "i", "really", "and"):
        start -= 1
    return start


def doubted(reading: Reading, at: int) -> bool:
    """Whether the clause before speaks of taste, doubt or degree, so that naming a thing is not asking for it."""
    start = reading.clause_start(at)
    for here in range(start, at):
        word = reading.word(here)
        if here in reading.taken:
            continue
        if word in NEGATORS and (word, reading.word(here - 1)) not in _HARMLESS:
            return True
        if is_taste_verb(reading, here):
            return True
        if reading.words(here, here + 2) == ("fan", "of") or word in ("favourite", "favorite", "fond"):
            return True
    return False


def is_taste_verb(reading: Reading, at: int) -> bool:
    """Whether the word says what someone likes, as in "I love" but not in "I would love" or "a film like"."""
    word = reading.word(at)
    before = at - 1
    while reading.word(before) in _ADVERBS:
        before -= 1
    if reading.word(before) in WOULD or reading.words(before - 1, before + 1) == ("would", "n't"):
        return False
    if word in TASTE_VERBS:
        return reading.word(before) not in ("a", "the", "of", "about", "in", "true", "first")
    return word in LIKE_VERBS and (word != "like" or reading.word(at - 1) in LIKERS)


_REFUSING = re.compile(
    r"\b(?:no|not|never|without|except|excluding|avoid\w*|skip\w*|hate[sd]?|hating|dislike[sd]?|detest\w*|despise\w*"
    r"|loathe\w*|can['’]?t stand|cannot stand|don['’]?t|do not|didn['’]?t|isn['’]?t|tired of|bored (?:of|by|with)"
    r"|enough|stop|(?:i['’]?m|am) over|forget|less|fewer|too|nothing)\b(?:\W+\w+){0,4}\W*$"
)
_WELCOMING = re.compile(r"\b(?:why not|not only|not just|can['’]?t get enough|never enough|nothing but)\b[^,.;:!?]*$")
_SAVE = re.compile(r"\b(?:any|every)(?:thing|body|one)?(?: \w+)? (?:but|except|save|other than)\W+(?:\w+\W+){0,2}$")
_PRAISED = re.compile(
    r"\b(?:love|adore|enjoy|like|prefer|want|fond of|fan of|keen on|fascinated by|into)\b(?:\W+\w+){0,5}\W+$"
)
_CLAUSE = re.compile(r"[,.;:!?]|\b(?:but|rather|instead)\b")


_WEARIES = re.compile(
    r"\s+(?:(?:really|just|always|usually|kind of|sort of)\s+)?"
    r"(?:bores?\b|(?:is|are)(?:n['’]?t| not)\s+(?:for me|my (?:thing|taste|style|cup))|(?:is|are)\s+boring"
    r"|(?:do|does)(?:n['’]?t| not)\s+(?:appeal|interest|speak)|leaves? me cold|puts? me off|annoys?\b)"
)
_ARTICLE = re.compile(r"^(?:an?|the|some|any)\s+")


def turned_away(text: str, value: str) -> bool:
    """Whether a message names the value and each time refuses it: "no foxes", "I hate woodcuts", "too gloomy".

    The value may be said with an article, "a fox".
    """
    folded, wanted = text.casefold(), _ARTICLE.sub("", value.casefold())
    places = [match.span() for match in re.finditer(rf"\b{re.escape(wanted)}\w{{0,3}}", folded)]
    return bool(places) and all(
        _refused(_CLAUSE.split(folded[:start])[-1])
        or (_SAVE.search(folded[:start]) is not None and _WELCOMING.search(folded[:start]) is None)
        or _WEARIES.match(folded[end:]) is not None
        for start, end in places
    )


def praised(text: str, value: str) -> bool:
    """Whether a message names the value and plainly welcomes it: "I love owls and woodcuts"."""
    folded, wanted = text.casefold(), _ARTICLE.sub("", value.casefold())
    starts = [match.start() for match in re.finditer(rf"\b{re.escape(wanted)}", folded)]
    return not turned_away(text, value) and any(_PRAISED.search(folded[:start]) for start in starts)


def _refused(clause: str) -> bool:
    return _REFUSING.search(clause) is not None and _WELCOMING.search(clause) is None


def refuses(phrase: str) -> bool:
    """Whether a phrase itself begins by refusing: "no foxes", "without neon"."""
    return re.match(r"(?:no|not|without|never|nothing|less|anything but)\b", phrase.strip().casefold()) is not None
