"""Qualities that have an opposite, and the words by which a summary shows either side. English, and of no catalogue."""

from __future__ import annotations

from dataclasses import dataclass

from agents.parsing.tokens import stem


@dataclass(frozen=True)
class Pole:
    """One side of a quality. name: of the pair it belongs to, empty for a quality without an opposite.

    towards, away: words that speak for it, and those that speak against it.
    """

    name: str = ""
    towards: tuple[str, ...] = ()
    away: tuple[str, ...] = ()

    def turned(self) -> Pole:
        """The opposite side; less of a quality without one is the absence of its words."""
        return Pole(self.name, self.away, self.towards)


_PAIRS: tuple[tuple[str, str, str, str], ...] = (  # how people call either side, then the words that show it
    (
        "dark dim shadowy",
        "bright light sunny luminous",
        "dark,black,night,deep,gloomy,dim,shadow,shadows,shadowy,midnight,noir,dusk",
        "bright,light,sunny,pastel,white,luminous,neon,joyful,daylight,sunlit,sunset",
    ),
    (
        "calm quiet peaceful serene still gentle soft tranquil soothing restful",
        "lively wild loud dramatic energetic bold exciting intense restless dynamic",
        "calm,quiet,peaceful,serene,still,gentle,soft,tranquil,dreamy,slow,small in a wide space,pastel",
        "lively,wild,loud,dramatic,energetic,bold,exciting,intense,restless,neon,action,violent,repeated as a pattern",
    ),
    (
        "busy crowded detailed cluttered dense complex ornate full",
        "simple minimal plain sparse empty clean airy clear minimalist spacious",
        "busy,crowded,detailed,cluttered,dense,complex,ornate,pattern,repeated as a pattern,pointillist",
        "simple,minimal,plain,sparse,empty,clean,airy,small in a wide space,wide space,line drawing,centred",
    ),
    (
        "warm cosy cozy",
        "cold cool icy chilly",
        "warm,cosy,cozy,sunset,orange,earth,gold,red,amber,summer,fire",
        "cold,cool,icy,blue,deep blue,winter,snow,grey,gray,silver",
    ),
    (
        "happy cheerful joyful funny merry light-hearted upbeat fun playful cheery humorous",
        "sad gloomy melancholy melancholic serious sombre somber tragic bleak grim sorrowful",
        "happy,cheerful,joyful,funny,merry,comedy,humor,humour,fun,playful,hilarious,musical",
        "sad,gloomy,melancholy,melancholic,serious,sombre,somber,tragic,tragedy,bleak,grim,depressing,drama,war",
    ),
    (
        "colourful colorful vivid vibrant",
        "muted monochrome colourless subdued restrained",
        "colourful,colorful,vivid,vibrant,neon,pop art,rainbow,bright,sunset orange",
        "muted,monochrome,black and white,subdued,grey,gray,pale,faded,line drawing",
    ),
    (
        "scary frightening creepy spooky eerie tense",
        "mild harmless wholesome sweet innocent",
        "scary,frightening,creepy,spooky,eerie,tense,horror,thriller,ghost,ghosts,suspense",
        "mild,harmless,wholesome,sweet,innocent,children,family,animation,calm",
    ),
    (
        "modern contemporary futuristic",
        "traditional classic classical old-fashioned vintage",
        "modern,contemporary,futuristic,geometric,neon,pop art,abstract,sci-fi",
        "traditional,classic,classical,old-fashioned,vintage,woodcut,watercolour,historical",
    ),
    (
        "abstract geometric",
        "realistic figurative lifelike natural",
        "abstract,geometric,pattern,pointillist,surreal",
        "realistic,figurative,lifelike,natural,true story,documentary",
    ),
    ("near close", "far distant remote", "close up,near,close", "small in a wide space,far,distant,wide space"),
    ("dreamy surreal strange weird odd", "sober down-to-earth", "dreamy,surreal,strange,weird,odd,fantasy", "sober"),
    (
        "romantic tender",
        "unromantic",
        "romantic,romance,tender,love,love story",
        "unromantic",
    ),
    ("violent brutal bloody", "nonviolent", "violent,violence,brutal,bloody,gore,war,action", "nonviolent,gentle"),
)


def _poles() -> dict[str, Pole]:
    found: dict[str, Pole] = {}
    for one, other, for_one, for_other in _PAIRS:
        name = f"{one.split()[0]} or {other.split()[0]}"
        first = Pole(name, tuple(for_one.split(",")), tuple(for_other.split(",")))
        found |= dict.fromkeys(one.split(), first) | dict.fromkeys(other.split(), first.turned())
    return found


POLES = _poles()
"""How people call a quality → the side it is."""
NO_POLE = Pole()


def pole_of(words: str) -> Pole:
    """The side that words name; a quality of no pair is shown by the words themselves."""
    known = POLES.get(words)
    if known is not None:
        return known
    *before, last = words.split()
    return Pole(towards=tuple(dict.fromkeys((" ".join((*before, stem(last))), words))))
