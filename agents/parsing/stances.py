"""What somebody does with a message beyond asking: puts their taste right, judges what is shown, changes it, or leaves
the choice to who answers. Told by how English says such a thing, whatever it is said of."""

from __future__ import annotations

import re

from agents.parsing.lexicon import BAD, GOOD

_SHOWN = (
    r"(?:what|what's|which|who|how|here|there|where|why|i|you|he|she|we|mine|it|this|that|these|those|them|"
    r"they|one|ones|the|number|nr|no|not|none|any|all|both|everything)"
)
_TASTE = (
    r"(?:like[sd]?|love[sd]?|enjoy(?:ed)?|hate[sd]?|dislike[sd]?|prefer(?:red)?|avoid(?:ed)?|adore[sd]?|cared? for)"
)
_STANDING = re.compile(  # what holds beyond this conversation, or is said of what is believed
    r"\b(?:from now on|in (?:the )?future|in general|for the record|for your information|fyi|keep in mind|"
    r"bear in mind)\b"
    r"|^(?:please )?(?:remember|note)\b|^correction\b|\bmisunderstanding\b|\b(?:misjudged|got) me\b"
    rf"|\byou (?:seem to |keep |still )?(?:think|thinking|believe|wrote|assume)\b.*\bi(?:'m| {_TASTE}| don't)\b"
    r"|\b(?:your notes|my profile)\b|\bnot true that i\b|\bisn't true that i\b|\bwho told you\b|\bthe idea that i\b"
    r"|\b(?:from|to|off) my (?:likes|dislikes|list|taste)\b|\bthings i (?:like|avoid)\b|\bmy mind about\b"
    r"|\bforget (?:about )?me (?:liking|disliking)\b|\bmy taste has\b|\bstop (?:suggesting|recommending)\b"
    rf"|\bi(?:'ve)? (?:never|once|used to|no longer|have never|have always|always|'ve always|have come to) {_TASTE}\b"
    r"|\bi(?:'ve| have)? (?:grown|warmed|come round|gone off|went off|grew up with|had enough)\b"
    r"|^(?:never|no more) [\w' -]+ (?:again|ever|for me)$|^enough (?:of )?[\w' -]+ for (?:a lifetime|ever)$"
    r"|\b(?:is|are) always welcome$|\bfor ever$"
)  # fmt: skip
_OF_A_KIND = re.compile(  # "pears are not for me", which is no word about what was shown
    rf"^(?!{_SHOWN}\b)[^\W\d][\w'-]*(?: [\w'-]+){{0,2}} (?:(?:is|are|was|were|has been|isn't|aren't|wasn't|weren't)"
    r"(?: really| just| so| simply| exactly| very much| not| never| always)* (?:for me|me|my|right up my)\b"
    r"|(?:really |always |just )?(?:bores?|annoys?|cheers?|makes? me|puts? me|leaves? me|gets? on my|"
    r"does nothing for me"
    r"|never fails?)\b)"
)
_HANDED_OVER = re.compile(
    r"\b(?:up to you|your (?:call|choice|pick)|dealer's choice)\b|^(?:no idea,? )?you (?:pick|choose|decide)\b"
    r"|^(?:please )?(?:surprise|inspire|impress|tempt|treat|spoil|amaze|delight) (?:me|us)\b"
    r"|^(?:any|some|got any|give (?:me|us)(?: some| an?| any| more)?) (?:good |more |other )?"
    r"(?:tips?|ideas?|advice|suggestions?|recommendations?|options)\b(?! (?:how|what|when|where|who))"
    r"|^what's (?:good|new|popular|hot|on offer|worth|next)\b|^what is (?:good|new|popular|on offer|worth|next)\b"
    r"|^(?:what's|what is|what are) your (?:favou?rites?|best|tips?)\b|\bhelp me (?:choose|find|pick|decide)\b"
    r"|^what (?:else )?(?:would|could|should|shall|can|do|might) (?:i|we|you|people|others|one|they) (?:else |all )?"
    r"(?:hang|put|give|buy|get|pick|choose|take|recommend|suggest|watch|read|bring|like$|enjoy|offer|think i'd)\b"
    r"|^which (?:one|ones) (?:goes?|fits?|suits?|matches|match|would|should|do you)\b"
    r"|, (?:help|save me|help (?:me|us))$|^(?:a |the )?(?:present|gift) for\b"
)
_POINTS = re.compile(r"\b(?:it(?!'s)|this|that|these|those|them|they|here)\b")
_CHANGES = re.compile(  # orders, which need something shown
    r"^(?:no,? |but |just |then |please )*(?:leave out|take out|drop|skip|lose|cut|swap|replace|exchange|tone down|"
    r"keep (?!.*\b(?:coming|in mind|going)\b)|change (?!of|my)|anything but|everything but|everything except|all but)\b"
    r"|\bi (?:asked for|said|meant)\b"
)
_OTHERS = re.compile(  # what is said of other things than those shown, by its very words
    r"^(?:others|(?:some |the )?(?:other|different|new|next|better) ones|next (?:ones|lot|page))\b"
    r"|\b(?:show (?:me )?others|others please|other ones)\b|^these (?:before|after|under|below|over|but|in|from)\b"
    r"|^stop repeating\b|^(?:nothing|not) like (?:this|that|these|those)\b"
    r"|^(?:wrong|no|no no|nope|nah|ok but),? (?:i (?:want|meant|said|prefer)\b|\w+$)"
)
_NOT_MINE = re.compile(
    r"^(?:it's |that's |they're )?(?:really )?not (?:really |quite )?(?:for )?(?:me|my (?:thing|style|taste|"
    r"cup of tea))"
    r"(?: at all)?(?:,? sorry)?$"
)
_A_NAME = re.compile(r"\W*(?:an?|some) \w", re.IGNORECASE)
_NO_NAME = re.compile(
    r"\b(?:is|are|was|were|has|had|have|will|would|can|could|do|does|did|i|im|id|ive|me|my|mine|you|your|we|us|our|it|"
    r"its|this|that|these|those|they|them|ones?|first|second|third|fourth|last|number|other|others|more)\b|[?#]",
    re.IGNORECASE,
)
_VERDICTS = (
    (GOOD - {"cool"})
    | BAD
    | frozenset(
        """love hate adore like ugly pretty meh yuck yuk bah wow ooh aww bingo bullseye adorable thumbs up down spot on
    ugh rubbish fantastic sweet crap""".split()
    )
)
_BESIDE = frozenset(
    """it this that these those they them is are it's that's they're so very really quite rather just too absolutely a
    an the one ones pick choice i oh and what me how all both of now pretty much not""".split()
)


def corrects_taste(text: str, *, points: bool) -> bool:
    """Whether something is said of a taste as such. points: whether the message names or points at an item."""
    return _STANDING.search(text) is not None or (not points and _OF_A_KIND.search(text) is not None)


def leaves_the_choice(text: str) -> bool:
    """Whether suggestions are asked for without a wish: "up to you", "what would you hang in a kitchen?"."""
    return _HANDED_OVER.search(text) is not None and _POINTS.search(text) is None


def changes_the_shown(text: str, *, shown: bool) -> bool:
    """Whether it is an order to change what is shown, or to show other things. shown: whether anything is."""
    return _OTHERS.search(text) is not None or (shown and _CHANGES.search(text) is not None)


def is_a_name(text: str) -> bool:
    """Whether a text only names something, of nobody and nothing shown: "a boat at night", "some birds by the sea"."""
    return _A_NAME.match(text) is not None and _NO_NAME.search(text) is None


def is_verdict(text: str) -> bool:
    """Whether a text is nothing but a judgement: "lovely", "so pretty", "not my cup of tea"."""
    if _NOT_MINE.match(text):
        return True
    words = text.replace(",", " ").split()
    return bool(_VERDICTS & set(words)) and all(word in _VERDICTS or word in _BESIDE for word in words)
