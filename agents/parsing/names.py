"""Items named by their titles: exact, in quotes, with a year, or with a typo."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from agents.parsing.index import CatalogueIndex, TitleKey
from agents.parsing.lexicon import COMMON_WORDS, FUNCTION_WORDS, ITEM_NOUNS
from agents.parsing.negation import is_taste_verb
from agents.parsing.parsed import Mention
from agents.parsing.tokens import Reading, stem, words_of
from agents.parsing.typos import begins_sentence, capitals_tell, name_spans, nearest_title
from catalog.items import Catalogue, Item

_QUOTED = re.compile(r"[\"“„«]([^\"“”„«»]{1,120})[\"”“»]|(?<!\w)['‘]([^'‘’]{2,120})['’](?!\w)")
_CUES = frozenset(
    """like love loved liked hate hated enjoyed enjoy adore adored dislike disliked watched watch seen saw rewatch read
    about called titled recommend show find got have add buy bought than to preferred prefer know is was""".split()
)
_SINGLE_CUES = frozenset("loved liked hated enjoyed adored disliked watched saw seen rewatch called titled".split())
_STATES = frozenset("is was are were isn't wasn't aren't weren't looks seems sounds rocks bored".split())
_PARTICLES = frozenset("de du des la le les el los der die das von van di da und et y".split())
_SEPARATORS = (",", "and", "or", "but", "not", "nor", "&")
_WITHIN = frozenset("of the a at".split())  # small words inside a name
_PICKS = {"first": 0, "original": 0, "oldest": 0, "second": 1, "third": 2, "last": -1, "latest": -1, "newest": -1}
MOST_TRIES = 12  # stretches of a message looked up for typos


@dataclass(frozen=True)
class Named:
    """The items one stretch of the message names; none where a title belongs to too many to tell.

    among: the items that answer to the name, where there are several. pointed: by what an item shows, not by a title.
    """

    start: int
    stop: int
    mentions: tuple[Mention, ...]
    among: tuple[str, ...] = ()
    pointed: bool = False


class NameReader:
    """Finds titles in one message."""

    def __init__(self, reading: Reading, index: CatalogueIndex, catalogue: Catalogue, shown: Sequence[str]) -> None:
        self._reading, self._index, self._catalogue, self._shown = reading, index, catalogue, set(shown)
        self._capitals_tell = capitals_tell(reading)

    def read(self) -> list[Named]:
        """All names in the message, in order; their tokens are held, so that nothing else is read into them."""
        found = [*self._quoted(), *self._exact(), *self._misspelt()]
        return sorted(found, key=lambda named: named.start)

    def _quoted(self) -> list[Named]:
        found = []
        for match in _QUOTED.finditer(self._reading.message):
            inside = match[1] or match[2]
            at = [i for i, token in enumerate(self._reading.tokens) if match.start() <= token.start < match.end()]
            words = words_of(inside)
            key = self._index.titles.get(words)
            mentions = (
                self._mentions(key, inside, 1.0, self._year_after(at[-1] + 1)) if key else self._near(words, inside)
            )
            if mentions:
                self._reading.hold(at[0], at[-1] + 1)
                found.append(Named(at[0], at[-1] + 1, mentions))
        return found

    def _exact(self) -> list[Named]:
        found: list[Named] = []
        at = 0
        while at < len(self._reading):
            named = self._title_at(at, follows_name=bool(found) and self._joined(found[-1].stop, at))
            if named is None:
                at += 1
                continue
            found.append(named)
            self._reading.hold(named.start, named.stop)
            at = named.stop
        return found

    def _joined(self, stop: int, at: int) -> bool:
        between = self._reading.words(stop, at)
        return 0 < len(between) <= 2 and all(word in _SEPARATORS for word in between)

    def _title_at(self, at: int, *, follows_name: bool) -> Named | None:
        reading = self._reading
        if not reading.tokens[at].text[0].isalnum():
            return None
        words: list[str] = []
        stops: list[int] = []
        here = at
        while here < len(reading) and len(words) < self._index.longest_title and here not in reading.held:
            token = reading.tokens[here]
            if token.kind != "mark":
                words.append("and" if token.word == "&" else token.word.replace("'", ""))
                stops.append(here + 1)
            elif token.word in "!?;\n" or (token.word in ".,:" and not self._goes_on(words)):
                break
            here += 1
        for length in range(len(words), 0, -1):
            key = self._index.titles.get(tuple(words[:length]))
            if key is None:
                continue
            stop = stops[length - 1]
            year = self._year_after(stop)
            if year is None and self._runs_on(at, stop):
                continue
            if year is not None or self._is_meant(at, stop, tuple(words[:length]), key, follows_name=follows_name):
                key, stop = self._picked(key, stop) if year is None else (key, stop)
                mentions = self._mentions(key, reading.said(at, stop), 1.0, year)
                among = key.item_ids if len(mentions) != 1 else ()
                end = self._stop_with_year(stop) if year is not None and mentions else stop
                return Named(at, end, mentions, among)
        return None

    def _runs_on(self, start: int, stop: int) -> bool:
        """Whether the words stand within a longer name in capitals: "Alien Harvest", "Dune: Part Two"."""
        if not self._capitalised(start, stop):
            return False
        reading, before = self._reading, start - 1
        if reading.word(stop) == ":":
            return stop + 1 < len(reading) and reading.tokens[stop + 1].text[0].isupper()
        while reading.word(before) in _WITHIN and not begins_sentence(reading, before):
            before -= 1
        return self._is_capital(stop, beside=True) or (
            not begins_sentence(reading, before) and self._is_capital(before, beside=before == start - 1)
        )

    def _is_capital(self, at: int, *, beside: bool = False) -> bool:
        """Whether a word of a name stands there; beside another it may be a kind of item instead: "Alien movies"."""
        if not 0 <= at < len(self._reading) or at in self._reading.held:
            return False
        token = self._reading.tokens[at]
        if token.kind != "word" or not token.text[0].isupper() or token.word in FUNCTION_WORDS:
            return False
        kinds = (value.listed.kind for value in self._index.values.get((stem(token.word),), ()))
        return not (beside and (stem(token.word) in ITEM_NOUNS or any(kinds)))

    def _picked(self, key: TitleKey, stop: int) -> tuple[TitleKey, int]:
        """The one of a title's items that "…, the first" picks by its year, and where that ends."""
        reading = self._reading
        here = stop + 1 if reading.word(stop) == "," else stop
        word, end = reading.word(here + 1), here + 2
        if stem(reading.word(end)) in ITEM_NOUNS:
            end += 1
        closed = end >= len(reading) or (reading.tokens[end].kind == "mark" and reading.word(end) in ".!?,")
        if reading.word(here) != "the" or word not in _PICKS or not closed:
            return key, stop
        ids = sorted(key.item_ids, key=lambda item_id: min(self._years(self._catalogue[item_id]), default=0))
        place = _PICKS[word]
        if not -len(ids) <= place < len(ids):
            return key, stop
        return TitleKey((ids[place],), key.whole), end

    def _goes_on(self, words: list[str]) -> bool:
        """Whether some title goes on after these words, so that a comma or colon may stand inside it."""
        return tuple(words) in self._index.prefixes

    def _is_meant(self, start: int, stop: int, words: tuple[str, ...], key: TitleKey, *, follows_name: bool) -> bool:
        """Whether words that are a title are used as one."""
        reading = self._reading
        content = [word for word in words if word not in COMMON_WORDS and not word.isdigit()]
        capital = self._capitalised(start, stop)
        cued = (
            reading.word(start - 1) in _CUES
            or follows_name
            or (reading.word(start - 1) in ("the", "film", "movie", "print") and reading.word(start - 2) in _CUES)
        )
        alone = len(reading.said(start, stop)) >= len(reading.message.strip(" .!?\"'"))
        if self._index.is_value(tuple(stem(word) for word in words)) and not capital:
            return len(words) > 1 and (alone or cued)
        if len(words) > 1 and content and self._is_as_written(start, stop, key):
            return True
        if capital == "inside":
            return len(words) > 1 or words[0] not in FUNCTION_WORDS or cued or follows_name
        if alone:
            return bool(content) or (capital == "start" and words[0] not in FUNCTION_WORDS and not words[0].isdigit())
        if capital == "start":
            return bool(content) and (len(words) > 1 or reading.word(stop) in _STATES or reading.word(stop) in ",&")
        if not content:
            return False
        if len(words) > 1 and begins_sentence(reading, start) and reading.word(stop) in _STATES:
            return True
        if len(words) == 1:
            return self._is_single_name(start, stop, follows_name=follows_name)
        return cued or (len(content) >= 3 and key.whole)

    def _is_as_written(self, start: int, stop: int, key: TitleKey) -> bool:
        """Whether it is said as the catalogue writes it, capital first: "Departure for later"; or in three words or
        more and of an item shown, however it is written."""
        said = self._reading.said(start, stop)
        if stop - start > 2 and not self._shown.isdisjoint(key.item_ids):
            return True
        titles = (self._catalogue[item_id].title for item_id in key.item_ids)
        return said[0].isupper() and self._capitals_tell and any(title == said for title in titles)

    def _is_single_name(self, start: int, stop: int, *, follows_name: bool) -> bool:
        """Whether one word without a capital is a title: "I loved frozen", not "I love opera" or "frozen food"."""
        reading = self._reading
        after = reading.word(stop)
        if after and after[0].isalnum() and after not in FUNCTION_WORDS:
            return False
        lead = start - 1 if reading.word(start - 1) != "the" else start - 2
        before = reading.word(lead)
        return follows_name or before in _SINGLE_CUES or (before == "like" and not is_taste_verb(reading, lead))

    def _capitalised(self, start: int, stop: int) -> str:
        """`inside` when capitals mark the words as a name, `start` when only a sentence begins so, else empty."""
        if not self._capitals_tell:
            return ""
        tokens = [
            (at, token)
            for at, token in enumerate(self._reading.tokens[start:stop], start)
            if token.kind == "word" and (token.word not in FUNCTION_WORDS | _PARTICLES or stop - start == 1)
        ]
        if not tokens:
            tokens = [(at, t) for at, t in enumerate(self._reading.tokens[start:stop], start) if t.kind == "word"]
        if not tokens or not all(token.text[0].isupper() for _, token in tokens):
            return ""
        if all(token.word == "i" for _, token in tokens):
            return ""
        inside = [at for at, _ in tokens if not begins_sentence(self._reading, at)]
        return "inside" if inside else "start"

    def _year_after(self, stop: int) -> int | None:
        reading = self._reading
        at = stop + 1 if reading.word(stop) in ("(", ",") else stop
        if reading.word(at) == "from" and reading.word(stop) != "from":
            return None
        if reading.word(at) == "from":
            at += 1
        if at == stop and at < len(reading) and not reading.is_number(at):
            return None
        if not reading.is_number(at) or not re.fullmatch(r"1[89]\d\d|20\d\d", reading.tokens[at].text):
            return None
        if at + 1 < len(reading) and reading.tokens[at + 1].glued and reading.word(at + 1) == "s":
            return None
        return int(reading.tokens[at].text)

    def _stop_with_year(self, stop: int) -> int:
        at = stop
        while not self._reading.is_number(at):
            at += 1
        return at + 2 if self._reading.word(at + 1) == ")" else at + 1

    def _mentions(self, key: TitleKey, said: str, score: float, year: int | None) -> tuple[Mention, ...]:
        items = [self._catalogue[item_id] for item_id in key.item_ids]
        if year is not None:
            items = [item for item in items if year in self._years(item)]
        shown = [item for item in items if item.item_id in self._shown]
        items = shown or items
        if len(items) > 3:
            return ()
        return tuple(Mention(item.item_id, said, round(score / len(items), 3)) for item in items)

    def _years(self, item: Item) -> set[int]:
        found = set()
        for measure in self._index.years:
            value = item.attributes.get(measure.spec.name)
            if isinstance(value, int | float):
                found.add(int(value))
            elif value is not None and hasattr(value, "year"):
                found.add(value.year)
        return found

    def _misspelt(self) -> list[Named]:
        """Titles with a typo, where capitals or a cue mark the words as a name."""
        found, tries = [], 0
        for start, stop in name_spans(self._reading, capitals_tell=self._capitals_tell):
            tries += 1
            if tries > MOST_TRIES:
                break
            if not self._reading.free(start, stop) or self._runs_on(start, stop):
                continue
            words = tuple(word.replace("'", "") for word in self._reading.words(start, stop) if word[0].isalnum())
            mentions = self._near(words, self._reading.said(start, stop))
            if mentions:
                self._reading.hold(start, stop)
                found.append(Named(start, stop, mentions))
        return found

    def _near(self, words: tuple[str, ...], said: str) -> tuple[Mention, ...]:
        if self._index.is_value(tuple(stem(word) for word in words)):
            return ()
        near = nearest_title(words, self._index)
        if near is None:
            return ()
        return self._mentions(self._index.titles[near.words], said, near.score, None)
