"""Small talk: greetings, thanks, waiting, laughter and talk about who answers, told by what such talk is made of."""

from __future__ import annotations

import re

_PIECES = (  # a message of these alone, in any order, is small talk
    # greetings and good wishes
    r"hi|hello|hallo|helo|hey|hiya|howdy|yo|greetings|(good )?(morning|afternoon|evening)|good day",
    r"nice to (meet|see) you|(i'm|it's (just )?me) (back|again)|back again|long time no see",
    r"(merry|happy) (christmas|xmas|new year|easter|holidays|birthday|weekend|monday|friday)",
    # thanks
    r"((many|great|ok|no) )?(thanks|thank you|cheers|ta)( a lot| a million| so much| very much)*( for [\w' ]{3,40})?",
    r"(much|greatly) appreciated|i (really )?appreciate (it|that)|well done|(good|bad|nice) (bot|machine|robot|job)",
    # leaving
    r"(good ?bye|bye|good night|see (you|ya)|cya|ciao|farewell|take care|sleep well|talk to you soon|until next time|"
    r"later)( soon| later| tomorrow| then| around| now| for now| bye| next \w+)*",
    r"(i'm|we're) (off|leaving|going|done|finished)( to bed)?( now| then)?|off to bed|that's (all|it)( for (now|"
    r"today))?",
    r"(i |we )?((have|'ve got|got|need) to|i've got to|gotta) (go|leave)",
    r"(have|enjoy) (a|an|your|the)( \w+)? ?(morning|afternoon|evening|day|night|weekend|week|time|one)",
    # waiting
    r"(please )?(just )?(hang|hold) on|(just )?(one|a|wait a|give me a) (moment|minute|second|sec)|wait|brb",
    r"(i'll )?be right back|let me (think|sleep on it)( about it)?|i'll think about it|a (moment|minute|second|"
    r"sec|bit)",
    r"(maybe|perhaps) later|later maybe|not now|another time|never mind|forget it|nothing( right now)?",
    # heard
    r"ok|okay|cool|alright|all right|i see|got it|understood|(that )?makes sense|fair enough|fine|sure|yep|yeah|"
    r"nope|whatever",
    r"huh|pardon|excuse me|no (problem|worries)( at all)?|don't worry|sorry( about that| what)?|oops|my (bad|mistake)",
    r"oh well|interesting|really|i (didn't|did not) (mean to|get)( \w+){1,3}|i (don't|do not) understand( you| that)?",
    r"(ha)+|lol|((that's|that is|how) )?(so |very |really )?(funny|hilarious)",
    # of themselves
    r"(i'm|i am|we're) (so |very |a bit |just |only )?(tired|hungry|cold|bored|fine|well|good|ok|okay|sick|"
    r"sleepy|alone|"
    r"new here|at work|here|looking( around)?|browsing|testing|passing by|curious)( (today|now|again|here|too))*",
    r"i (just )?had a (\w+ )?(day|week|night)|what a (\w+ )?(day|week|night)|(just )?(browsing|testing|looking|"
    r"curious)|test",
    # of who answers
    r"how (are|is|was|were|do) (you|it|your|things|life)( (doing|going|feeling|today|day|do|week|all|been))*",
    r"what's up|sup|(are )?you ok|all good( here)?|anybody (home|there)|my pleasure|(will|would) you marry me",
    r"(you're|you are) (so |very |quite |really |too |the |not )*(?!\b(?:right|wrong|mistaken|correct|sure)\b)[\w']+"
    r"( (today|best|one|bot|welcome|machine))?",
    r"(are you|am i talking to|is this) (a |an |the )?(bot|robot|machine|computer|human|ai|(real )?person|real|"
    r"alive|free|"
    r"(still )?there|joke|shop|app)",
    r"(who|what) are you( called)?|who am i talking to|who('s| is) behind this|what's your name|what is your name",
    r"who (made|built|trained|programmed|owns|runs) (you|this)|(what's|what is) this (place|site|shop|app|page)( for)?",
    r"how (do|does|can) (you|this|it|i)( (use|work|help))( (this|it|you|me|here))?|do i need an account|"
    r"do you (?![\w' ]*\b(?:it|this|that|these|those|them|one)\b)[\w' ]{3,30}",
    r"(what|where) (can|should|do|could) i (do|ask|type|say|write|click)( you)?( now| here| next)?|what can you do",
    r"((can|could) you )?(please )?help( me)?|i need help|where (are|do) you( live| from)?|can i (talk|"
    r"speak) to [\w ]+",
    # of anything else
    r"what (is|are|does|time|day)[\w ]* (plus|minus|times|divided by) [\w ]+|what (time|day) is it( \w+)?",
    r"(what's|what is) the (capital|meaning|weather) [\w ]+|who won [\w ]+|(tell|sing) me (a|another) (joke|"
    r"story|song)",
    r"it's (so |very )?(raining|snowing|cold|hot|late|early)( \w+){0,2}|is it \w+ (outside|today|where you are)",
    r"make me laugh|say something( funny)?|(nice|lovely|terrible|bad|great) weather( \w+)?",
)  # fmt: skip
_AFTER = r"(?:to you|you|there|all|everyone|again|mate|dear \w+|my friend|too|please|then|now|here|today|right|ok)"
_TALK = [re.compile(rf"(?:{piece})(?:,? {_AFTER})*(?=,? |$)") for piece in _PIECES]
_BETWEEN = re.compile(r",? (?:and |but )?")
_OF_SHOP = re.compile(
    r"do you (?:have(?! a name| feelings)|carry|sell|stock|think|recommend|want|know (?:a|any|some|"
    r"of)|happen)\b"
)
_OWN_TASTE = re.compile(
    r"\b(what's|what is|what are|describe|show me|tell me( about)?|sum up|read me) (?:my|"
    r"your notes about my) (tastes?|profile|notes|likes)\b"
    r"|^(so |and |ok )?what do i (like|love|enjoy|prefer)\b"
    r"|\b(know|remember|learned|learnt|think|thinking|believe) (so far )?(about|of) me\b"
    r"|\bdo you (know|remember) (me|who i am)\b|\bwhat (have|did) i (told|tell|said|say)( to)? you\b"
    r"|\btell me about me\b|^read me your notes about me$|^who am i$"
    r"|^what have you (learned|learnt|remembered|noticed)\b|\bremind me what i like\b"
)


def is_small_talk(text: str) -> bool:
    """Whether a text is nothing but small talk. text: in small letters, without marks but commas and apostrophes."""
    bare = text.strip(" ,")
    if _OF_SHOP.search(bare) is not None:
        return False
    begun, seen = [0], {0}  # where a piece may begin; each is tried once, however long the message
    while begun:
        at = begun.pop()
        for end in (found.end() for piece in _TALK if (found := piece.match(bare, at)) is not None):
            if end == len(bare):
                return True
            between = _BETWEEN.match(bare, end)
            if between is not None and between.end() not in seen:
                begun.append(between.end())
                seen.add(between.end())
    return False


def asks_own_taste(text: str) -> bool:
    """Whether somebody asks what is known of their own taste, which the memory answers."""
    return _OWN_TASTE.search(text) is not None
