"""Small exact cues: something new wanted, a change taken back, and messages whose intent is beyond doubt."""

from __future__ import annotations

import re
from collections.abc import Sequence

from agents.parsing.lexicon import BAD, GOOD, phrases
from agents.parsing.phatic import asks_own_taste, is_small_talk
from agents.parsing.stances import changes_the_shown, corrects_taste, is_verdict, leaves_the_choice
from agents.parsing.tokens import Reading
from agents.state import Intent

_NEW = phrases(
    "something new", "something else", "something different", "anything else", "anything new", "show me more",
    "show me others", "show others", "others please", "other ones", "different ones", "new ones", "more options",
    "more suggestions", "more recommendations", "what else", "not that again", "not those again", "not these again",
    "not the same", "not again", "haven't seen", "have not seen", "havent seen", "already seen",
    "already have", "already know", "never seen",
    "don't know yet", "next ones", "not that one again", "not this one again", "not that one", "no repeats",
    "no repeat", "nothing twice", "not twice",
)  # fmt: skip
_SEEN_THESE = phrases(
    "seen them", "seen those", "seen these", "seen all of", "seen that", "seen it", "seen this", "seen that one",
    "seen both",
)  # fmt: skip
_TELLS_HOW_IT_WAS = re.compile(
    r"\b(it was|they were|regretted|would again|(loved|hated|enjoyed|liked) (it|them)|laughed|cried|happy|(?:"
    + "|".join(sorted(GOOD | BAD))
    + r")\b)"
)
_ASKS_WHETHER_SEEN = re.compile(r"^(?:have|did|has) you\b")
_LOOKED_INTO = re.compile(
    r"\bwhat (can|could|do) (i|you|we|one) see (on|in)\b|\bwhat (can|could) be seen (on|in)\b|\bwhat happens in\b|"
    r"\bwhat does (it|this|that) show\b|\bwhat (\w+ )?is on\b|"
    r"\b(i'?d like|i would like|i want) to know\b|"
    r"^((can|could) you )?(please )?(describe|explain)\b"
)
_CORRECTIONS = re.compile(
    r"^(no,? )?(that'?s|that is|this is|you'?re|you are|your memory is|my taste is)( all| just| simply| not)? "
    r"(wrong|incorrect|not true|not right|not correct|mistaken|right|correct|true)\b"
    r"|\bi never (said|liked|told|wanted|bought)\b|\bi (don'?t|do not|no longer) (really )?(like|love|enjoy) .* "
    r"(any ?more|any longer)\b|\bi no longer (like|love|enjoy)\b|\bforget (that i|what i)\b|\byou (got|have) me wrong\b"
    r"|\bstop (thinking|assuming|believing)\b"
)
_AFFIRMED = re.compile(r"^(that'?s|that is|this is|you'?re|you are)( all| just)? (right|correct|true)\b")
_OPENING = re.compile(
    r"^(((hi|hello|hey)( there| again| you)?|good (morning|evening|afternoon)|ok|okay|thanks|thank you|"
    r"dear (shop|friend)|well|so|now|and|yes|no|please|great|sorry|listen|look|right|er|um|hmm|oh|you know|"
    r"by the way|one thing)"
    r"\b[ ,.!:]*)+"
)
_QUESTION = re.compile(
    r"^(what'?s|what is|what are|what was|"
    r"what (year|price|size|genre|colou?r|kind)|how (much|big|wide|tall|long|old|many)|"
    r"when|who|why|where|which year|tell me (more )?about|is|are|was|were|does|do|did|has|have|"
    r"can you (tell me|send|ship|deliver)|any idea (how|what|when|where|who)|i wonder|how come|"
    r"what (do|does|did) (it|the|number|that|this)|what \w+ (is|are|was|were|does|do|did)|which \w+ (is|was|"
    r"does)|can i (watch|hang|return|frame|give|pick))\b"
)
_REQUEST = re.compile(
    r"^(please )?(to )?(recommend|suggest|propose|search|list|(pick|choose|find|get|bring) (me|us|a|an|some|something)|"
    r"show (a|an|us|some)|want to see|let's see|let me see|i (could do with|fancy|guess|feel like)|(i'm|we're) after|"
    r"how about (a|an|some)|would you mind|got (a|an|some|something)|need (a|an|some|something)|imagine i|suppose i|"
    r"what (would|can|could) you (suggest|show|offer)|"
    r"what'?s (your|the) best|what is (your|the) best|is it possible to (find|get|see|have)|"
    r"show me|find me|give me|i want|i'd like|i would like|i'm looking for|"
    r"i am looking for|looking for|i need|(can|could) you (recommend|suggest|show|find)|"
    r"do you have|have you got|are there any|what (should|can|could) i (watch|see|buy|get|read)|what do you recommend|"
    r"what would you recommend|surprise me|any recommendations|got any|something|anything)\b"
)
_ASKS = re.compile(  # a request wherever in a message it stands
    r"\b((i'?m|i am|was|am|been|are|is) (still )?looking for|in the mood for|looking for (a|an|some|something|any)|"
    r"(can|could|would) you (please )?(help me (find|pick|choose)|recommend|suggest)|"
    r"do you know (of )?(a|any|some)|"
    r"any (good |other |more )?(ideas?(?! (?:how|what|when|where|who))|movies?|films?|prints?|books?|recommendations?)|"
    r"(any|some)thing (else )?(like|similar to|along the lines of) (it|that|this|those|these|them|the)|"
    r"(movies?|films?|prints?|ones?) (like|similar to)|i'?d like (to (see|watch|find)|recommendations?))\b"
)
_COMPARATIVE = re.compile(
    r"^(but |and |ok |okay )?(please )?"
    r"(something |anything |a bit |a little |much |even |make it |make them |can you go )*"
    r"(cheaper|bigger|smaller|larger|wider|narrower|darker|brighter|lighter|newer|older|shorter|longer|calmer|quieter|"
    r"louder|funnier|simpler|warmer|colder|softer|bolder|more \w+|less \w+|more recent)( please| ones?| though)*\W*$"
    r"|\b(more|something|anything|others?|ones?) (like|similar to) (the|number|that(?!\?*$)|this|#)"
    r"|^(more|something|anything) like that\b"
    r"|^(something|anything) (else|different)\b|^the same but\b|^same but\b|^not (that|those|these) again\b"
    r"|\b(have|got|show|see|get)( me)? (these|those|them) in\b|\balternatives? to (these|those|them|it|that|the)\b"
    r"|\btry (something else|again)\b"
)
_ASKS_ANEW = re.compile(  # more of anything, not others than these
    r"^(?:any |some |a few )?more (?:suggestions|recommendations|ideas|options)( please)?$|\bsomething new$"
    r"|^what else (?:do|have|would|might|could|is)\b"
)
_OF_THE_SHOWN = re.compile(
    r"\b(?:these|those|them|they|same|ones|others?|instead|than|rather|only those|but|similar|like (?:it|that|this))\b"
)
_UNDO_LAST = re.compile(
    r"^(ok |okay |no |please |sorry |wait |actually |oh )*(undo|undo (that|it|this|the last( one| change)?)|"
    r"revert( that| it)?|"
    r"take (that|it) back|go back( a step| one step)?|back( please)?|step back|as (it was )?before|never ?mind( that)?|"
    r"forget (that|it|the last (one|change))|scratch that)( please| again)?$"
)
_UNDO_NAMED = re.compile(
    r"^(?:ok |okay |no |please |sorry |wait |actually )*(?:undo|forget(?: about)?|drop|remove|take back|"
    r"never ?mind|revert|leave out|ignore|without|lift|stop(?: with)?|skip) (?:the |that |my )?(?P<what>[\w -]{3,40}?)"
    r"(?: (?:bit|part|one|thing|wish|please|critique|again|limit|condition))*$"
)
_WHICH = re.compile(
    r"^(and |so |ok |okay )?(which|what|who)( one)?( of (these|those|them|the \w+)( \w+)?)? "
    r"(is|are|was|were|looks?|seems?|costs?|has|shows?)\b"
)
_ASKS_WHY = re.compile(r"^(why|how come|what makes|what made)\b")
_WHAT_IS_THIS = re.compile(r"^(what's|what is|whats) (this|that|all this)( here| for)?$")
_ABOUT = frozenset("it this that they these those one them its".split())


def wants_new(reading: Reading, *, shown: bool) -> bool:
    """Whether other items than those shown, or than those known, are asked for. shown: whether any were."""
    text = " ".join(reading.words(0, len(reading)))
    said = _NEW | _SEEN_THESE if shown else _NEW
    return any(reading.phrase_at(at, said) for at in range(len(reading))) and not _ASKS_WHETHER_SEEN.search(text)


def tells_how_it_was(message: str) -> bool:
    """Whether somebody who has seen something says how they found it, which asks for nothing."""
    return _TELLS_HOW_IT_WAS.search(message.casefold()) is not None


def hint_first(message: str, *, points: bool, names: bool) -> Intent | None:
    """An intent that shows before anything else is read: small talk, a correction, a question about an item.

    points: whether something may mean an item. names: whether one is meant for sure.
    """
    text = _plain(message)
    rest = _OPENING.sub("", text)
    if not names and (is_small_talk(text) or is_small_talk(rest)):
        return "small_talk"
    if _WHAT_IS_THIS.match(rest) and not points:
        return "small_talk"
    if asks_own_taste(text):
        return "small_talk"  # which is answered from the memory
    asks = _ASKS.search(text) is not None
    if _CORRECTIONS.search(text) and not _AFFIRMED.search(text):
        return "correct_taste"
    if corrects_taste(rest, points=points) and not asks and not _REQUEST.search(rest):
        return "correct_taste"
    if _WHICH.match(text) and re.search(r"\b(of (these|those|them|the)|\w+er|\w+est|more|less|most|least)\b", text):
        return "question"
    if _LOOKED_INTO.search(rest) and (points or set(rest.split()) & _ABOUT):
        return "question"
    if _REQUEST.search(rest):
        return None
    said = rest.replace(",", " ").split()
    about = points or bool(set(said if _ASKS_WHY.match(rest) else said[:6]) & _ABOUT)
    if re.fullmatch(r"(and )?(what|which|from what) (year|price|size|paper|style|colour)", rest):
        return "question"
    if (
        (_QUESTION.search(rest) or (points and _QUESTION.search(_OPENING.sub("", rest.partition(", ")[2]))))
        and about
        and (message.rstrip().endswith("?") or not rest.startswith(("do ", "have", "is", "does")))
    ):
        return "question"
    return None


def _plain(message: str) -> str:
    """In small letters, without marks but commas and apostrophes."""
    return " ".join(re.sub(r"[^\w\s',]", " ", message.replace("’", "'").casefold()).split())


def undone(message: str) -> str | None:
    """What a message takes back, in the words that name it; empty for the last change, None where nothing is meant."""
    text = " ".join(re.sub(r"[^\w\s'-]", " ", message.replace("’", "'").casefold()).split())
    if _UNDO_LAST.match(text):
        return ""
    named = _UNDO_NAMED.match(text)
    return named["what"] if named else None


def hint_last(
    message: str, *, judged: bool, filters: int, shown: Sequence[str], new: bool, rest: str = ""
) -> Intent | None:
    """The intent once all is read: an explicit request, a critique of what was shown, a judgement and nothing else.

    rest: the words that are left, where they may name what is looked for; empty where they do not.
    """
    text = _OPENING.sub("", " ".join(message.replace("’", "'").casefold().split()))
    plain = _plain(text)
    if _ASKS_ANEW.search(plain):
        return "recommend"
    if _COMPARATIVE.search(text) or (new and shown) or changes_the_shown(plain, shown=bool(shown)):
        return "critique"
    if leaves_the_choice(plain):
        return "recommend"
    if _REQUEST.search(text):
        return "critique" if filters and shown and judged else "recommend"
    if judged and not filters:
        if _ASKS.search(text):
            return "recommend"  # "I loved Alien, anything like it?"
        asks = re.search(
            r"\b(show|recommend|find|suggest|want|something|more(?! than)|another|similar|looking)\b", text
        )
        return None if asks else "feedback"
    if filters and not judged:
        anew = rest and not _OF_THE_SHOWN.search(_plain(rest))
        return "critique" if shown and not anew else "recommend"
    if is_verdict(plain):
        return "feedback"
    return "recommend" if _ASKS.search(text) else None
