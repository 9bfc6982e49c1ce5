"""The closed word lists of English the parser leans on. What a catalogue offers is never listed here."""

from __future__ import annotations

Phrase = tuple[str, ...]


def phrases(*texts: str) -> frozenset[Phrase]:
    """Each text as a tuple of words."""
    return frozenset(tuple(text.split()) for text in texts)


SPEAKER_IS = frozenset("i i'm im am we're".split())  # before what somebody says of themselves
ARTICLES = frozenset("a an the any some".split())
POSSESSIVES = frozenset("my your his her its our their whose".split())
ITEM_NOUNS = frozenset(
    """movie film picture print poster book novel song album track show series wine garment product item thing one piece
    game artwork painting photo photograph drawing image flick title video story option choice something anything
    stuff pick recommendation suggestion""".split()
)
FUNCTION_WORDS = frozenset(
    """a an the and or nor but not no with without from for in on of at by to under over below above before after since
    until up between about like than that which who where when is are was were be been would could should can will
    please i you we it this these those if so too also as my your me us then now tonight today again instead
    only just maybe perhaps except excluding starring directed made released printed set around during because
    more less most least max maximum min minimum do does have has had did there either neither though although
    costing priced cheaper older newer younger bigger smaller larger wider shorter longer tagged only plus any some
    recommendation recommendations suggestion suggestions looks looked seems sounds first second third last both
    themed set thanks thank and/or don't i'm i'd it's tho what how why off either asap pls plz thx""".split()
)
# words too common to be taken for a title or a typo of one
COMMON_WORDS = FUNCTION_WORDS | frozenset(
    """all one two three four five six seven eight nine ten love loved like liked hate hated good great best better bad
    worst nice new old big small large little long short high low dark light blue red green black white gold
    pink warm cold hot cool happy sad calm quiet loud funny life time day night home house room world man woman
    men women girl boy kids family friend friends people person thing things something anything nothing
    everything someone go going come coming get got give take make made see saw seen watch watched find found
    look looking want need know think say said tell show help hello hi hey thanks yes no ok okay right wrong
    left next other others another same different sure really very much many every each once never always ever
    still even out down away back here there yesterday tomorrow year years week month music art game games sport
    money price cheap class super fresh safe fear joy hope focus proof trust drive rush hush stay rent click her
    him he she they them it up brave wild split sing salt enemy frank blow made prime taken taxi doubt shame
    smoke speed heat ghost blink bound shine glory star stars holes signs mask fury milk moon exam fame tape bug
    cars toys twins hair brick crash wolf north naked giant house diner loser max may hero clue virus limbo
    dummy grass honey envy duel birth youth pan focus nerve burnt home action horror war drama comedy romance
    sequel part episode story film movie print picture""".split()
)
NEGATIONS = phrases(
    *(
        f"{which} {be}"
        for which in ("that", "which")
        for be in ("isn't", "isnt", "aren't", "arent", "is not", "are not")
    ),
    "that's not",
    "no",
    "not",
    "without",
    "except",
    "except for",
    "excluding",
    "exclude",
    "avoid",
    "avoiding",
    "skip",
    "skipping",
    "never",
    "anything but",
    "everything but",
    "all but",
    "anything except",
    "but not",
    "but no",
    "nothing with",
    "nothing",
    "none of",
    "other than",
    "apart from",
    "aside from",
    "leave out",
    "minus",
    "non",
    "non -",
    "don't want",
    "dont want",
    "do not want",
    "don't show me",
    "don't show",
    "dont show me",
    "do not show me",
    "don't give me",
    "do not give me",
    "don't recommend",
    "do not recommend",
    "stop showing me",
    "stop recommending",
    "not in the mood for",
    "neither",
    "nor",
    "no more",
    "not another",
)
NEGATORS = frozenset(
    """not no never without hardly barely neither nor don't dont doesn't didn't isn't wasn't aren't won't can't cannot
    couldn't wouldn't shouldn't tired sick bored enough fewer less more much""".split()
)
COPULAS = frozenset("is are was were be been being it's that's they're looks look seems am i'm isn't wasn't".split())
TASTE_VERBS = frozenset(
    """love loves loved loving hate hates hated hating enjoy enjoys enjoyed adore adores adored dislike dislikes
    disliked prefer prefers preferred despise detest loathe""".split()
)
LIKE_VERBS = frozenset("like likes liked".split())
LIKERS = frozenset(
    "i we you they he she don't dont didn't do did not doesn't really also always usually generally never quite rather "
    "actually especially particularly normally only still who that".split()
)
WOULD = frozenset("would i'd we'd id he'd she'd they'd you'd 'd".split())
CURRENCIES = {
    "€": "EUR",
    "eur": "EUR",
    "euro": "EUR",
    "euros": "EUR",
    "$": "USD",
    "usd": "USD",
    "dollar": "USD",
    "dollars": "USD",
    "bucks": "USD",
    "£": "GBP",
    "gbp": "GBP",
    "quid": "GBP",
    "pound": "GBP",
    "pounds": "GBP",
    "chf": "CHF",
    "franc": "CHF",
    "francs": "CHF",
    "¥": "JPY",
    "jpy": "JPY",
    "yen": "JPY",
    "sek": "SEK",
    "nok": "NOK",
    "dkk": "DKK",
    "pln": "PLN",
    "cad": "CAD",
    "aud": "AUD",
    "inr": "INR",
    "₹": "INR",
}
# unit → (dimension, how many of the dimension's base unit one is)
UNITS: dict[str, tuple[str, float]] = {
    **{code.casefold(): ("money", 1.0) for code in set(CURRENCIES.values())},
    **dict.fromkeys(CURRENCIES, ("money", 1.0)),
    **dict.fromkeys(("mm", "millimetre", "millimeter", "millimetres", "millimeters"), ("length", 0.1)),
    **dict.fromkeys(("cm", "centimetre", "centimeter", "centimetres", "centimeters", "cms"), ("length", 1.0)),
    **dict.fromkeys(("m", "metre", "meter", "metres", "meters"), ("length", 100.0)),
    **dict.fromkeys(("inch", "inches"), ("length", 2.54)),
    **dict.fromkeys(("foot", "feet", "ft"), ("length", 30.48)),
    **dict.fromkeys(("min", "mins", "minute", "minutes"), ("time", 1.0)),
    **dict.fromkeys(("h", "hr", "hrs", "hour", "hours"), ("time", 60.0)),
    **dict.fromkeys(("g", "gram", "grams", "gramme", "grammes"), ("weight", 1.0)),
    **dict.fromkeys(("kg", "kilo", "kilos", "kilogram", "kilograms"), ("weight", 1000.0)),
    **dict.fromkeys(("%", "percent", "per cent"), ("share", 1.0)),
}
# words that speak of a dimension without naming an attribute
DIMENSION_WORDS: dict[str, frozenset[str]] = {
    "money": frozenset(
        "price cost costs costing spend spending budget pay paying cheap cheaper priced expensive money afford".split()
    ),
    "year": frozenset("old older new newer age recent year years era decade period".split()),
    "length": frozenset("size big bigger large larger small smaller wide wider narrow narrower tall taller".split()),
    "time": frozenset("long longer short shorter runtime duration length lasting".split()),
    "weight": frozenset("heavy heavier light lighter weight weighing".split()),
}
NAME_WORDS = {  # adjectives that stand for the name of a measure
    "wide": "width",
    "wider": "width",
    "narrower": "width",
    "tall": "height",
    "taller": "height",
    "high": "height",
    "higher": "height",
    "long": "length",
    "longer": "length",
    "heavy": "weight",
    "heavier": "weight",
    "rated": "rating",
    "score": "rating",
}
# what people call a listed value; adjectives count only in front of a noun or another value
SYNONYMS: dict[Phrase, tuple[Phrase, ...]] = {
    ("science", "fiction"): (("sci", "fi"),),
    ("sf",): (("sci", "fi"),),
    ("cartoon",): (("animation",),),
    ("noir",): (("film", "noir"),),
    ("kid",): (("child",),),
    ("rom", "com"): (("romance",), ("comedy",)),
    ("romcom",): (("romance",), ("comedy",)),
    ("romantic",): (("romance",),),
    ("animated",): (("animation",),),
}
ADJECTIVES = phrases("romantic", "animated")
KIND_NAMES = frozenset("genre category kind type style department section class".split())
OPEN_NAMES = frozenset("keyword tag topic theme subject label".split())
IDIOMS = frozenset(
    """bad problem idea rush sure now today matter longer way thank thanks one need point doubt wonder great good long
    short old new interested worry worries limit limits reason rest change really yet much many more expensive cheap
    far ok okay fine right wrong true fair enough clue question use preference opinion hurry pressure offence""".split()
)
# verdicts on what is shown
GOOD = frozenset(
    """great nice lovely beautiful perfect good amazing awesome wonderful fantastic brilliant excellent gorgeous
    stunning cool fun superb charming favourite favorite favourites favorites best""".split()
)
BAD = frozenset(
    """ugly boring bad awful terrible horrible dull hideous disappointing worst ghastly dreadful lame silly annoying
    overrated""".split()
)
