"""The colour schemes of the prints, and how colours mix."""

from __future__ import annotations

from dataclasses import dataclass

Colour = tuple[int, int, int]


@dataclass(frozen=True)
class Palette:
    """The colours of one scheme by the part they play.

    sky, sky2: the backdrop, from top to bottom. main, second, accent: the subject. dark, light: shadows and
    highlights. ink, paper: what a line drawing is drawn with and on.
    """

    sky: Colour
    sky2: Colour
    main: Colour
    second: Colour
    accent: Colour
    dark: Colour
    light: Colour
    ink: Colour
    paper: Colour

    @property
    def is_night(self) -> bool:
        """Whether the backdrop is darker than the subject."""
        return sum(self.sky) < 300

    def role(self, name: str) -> Colour:
        """The colour of a part by its name. Raises AttributeError for a name that is not a field."""
        colour: Colour = getattr(self, name)
        return colour


def mix(one: Colour, other: Colour, share: int) -> Colour:
    """The colour `share` percent of the way from one to the other, share in [0, 100]."""
    a, b, c = (((100 - share) * left + share * right + 50) // 100 for left, right in zip(one, other, strict=True))
    return a, b, c


def _palette(*hexes: str) -> Palette:
    colours: list[Colour] = [(int(h[0:2], 16), int(h[2:4], 16), int(h[4:6], 16)) for h in hexes]
    return Palette(*colours)


_p = _palette
PALETTE_COLOURS: dict[str, Palette] = {
    #                   sky       sky2      main      second    accent    dark      light     ink       paper
    "deep blue":       _p("8FBCE6", "C4DDF4", "1B3F8B", "3B74C8", "6FD0F0", "0A1A40", "EEF6FF", "12306B", "E1EEFB"),
    "warm earth":      _p("E6C799", "D39C63", "9C4A2A", "BF7A36", "EFC877", "43210F", "F9EDD6", "5F2F17", "F3E2C3"),
    "black and white": _p("D8D8D8", "A6A6A6", "303030", "757575", "BDBDBD", "0C0C0C", "FAFAFA", "101010", "F5F5F5"),
    "pastel pink":     _p("FBDCE6", "F6BCCF", "E8789F", "C79BDB", "AEE3D6", "8A3F66", "FFF8FB", "C2497F", "FFEDF3"),
    "forest green":    _p("CFE0BE", "93BA84", "1F6038", "4F914C", "CFDC6A", "0E2C1B", "F2F7E5", "17522F", "E4EED6"),
    "sunset orange":   _p("FFC552", "FF7B35", "D9302F", "A8265E", "FFE486", "5C1430", "FFF2D2", "C22B2B", "FFD694"),
    "neon":            _p("1A0B45", "43108A", "FF2BD1", "12DDFF", "C8FF1E", "0A0520", "F6F0FF", "FF3DD6", "160A3A"),
    "gold and black":  _p("161310", "382D17", "DBAA26", "A97A14", "F8DE84", "060504", "FFF2C6", "E6B93C", "14110D"),
}  # fmt: skip
