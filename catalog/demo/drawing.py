"""Draws a look: sky, subject, border, the style's finish and the mood's weather, in that order."""

from __future__ import annotations

import random
from collections.abc import Callable

from PIL import Image, ImageDraw

from catalog.demo import creatures, things
from catalog.demo.colours import PALETTE_COLOURS, Palette, mix
from catalog.demo.finishes import finish, prepare
from catalog.demo.looks import Look
from catalog.demo.moods import backdrop, light, rim_colour, weather
from catalog.demo.sketch import Sketch
from catalog.demo.styles import Placement, paint, rim

SUPERSAMPLING = 2
BORDER = 11  # width of a border, in percent of the sheet

DRAWN_BY: dict[str, Callable[[Sketch, random.Random], None]] = {
    "fox": creatures.fox,
    "owl": creatures.owl,
    "sailing boat": things.sailing_boat,
    "lighthouse": things.lighthouse,
    "mountain": things.mountain,
    "city skyline": things.city_skyline,
    "teapot": things.teapot,
    "bicycle": things.bicycle,
    "whale": creatures.whale,
    "tree": creatures.tree,
    "moon": creatures.moon,
    "cactus": creatures.cactus,
    "cat": creatures.cat,
    "sunflower": creatures.sunflower,
    "bridge": things.bridge,
    "umbrella": things.umbrella,
    "fish": creatures.fish,
    "house": things.house,
    "hot-air balloon": things.hot_air_balloon,
    "mushroom": creatures.mushroom,
}


def draw(look: Look, *, seed: int, size: int = 256) -> Image.Image:
    """The picture of a look, RGB, size × size pixels (32 and more), the same pixels on every machine.

    seed: varies position, size, weather and small details; the look itself stays the same.
    Raises KeyError for a subject or palette that is not in `looks`, ValueError for a smaller size.
    """
    if size < 32:
        raise ValueError(f"a print of {size} px is too small to show its look; draw at 32 px or more")
    rng = random.Random(seed)
    palette, sheet = PALETTE_COLOURS[look.palette], size * SUPERSAMPLING
    places = _places(look.composition, rng)
    focus = (places[0].x, places[0].y) if len(places) == 1 else (0.5, 0.5)
    image = prepare(backdrop(look.mood, palette, sheet, rng, focus), look.style, palette, rng)
    sketch = Sketch()
    DRAWN_BY[look.subject](sketch, rng)
    glow = rim_colour(look.mood, palette)
    for place in places:
        if glow and look.style != "line drawing":
            rim(image, sketch.shapes, place, look.style, glow)
        paint(image, sketch.shapes, place, look.style, palette, rng)
    image = light(image, look.mood, palette, rng)
    framed = look.composition == "framed by a border"
    if framed:
        _update_border(image, palette, rng)
    image = finish(image, look.style, palette, rng)
    weathered = weather(image, look.mood, palette, rng)
    if framed:
        inset = sheet * BORDER // 100
        image.paste(weathered.crop((inset, inset, sheet - inset, sheet - inset)), (inset, inset))
        weathered = image
    return weathered.reduce(SUPERSAMPLING)


def _places(composition: str, rng: random.Random) -> list[Placement]:
    """Where the subject stands, once or many times, back to front."""
    mirrored = rng.random() < 0.5
    match composition:
        case "centred":
            return [
                Placement(
                    0.5 + rng.uniform(-0.02, 0.02), 0.5 + rng.uniform(-0.02, 0.03), rng.uniform(0.32, 0.36), mirrored
                )
            ]
        case "small in a wide space":
            return [Placement(rng.uniform(0.26, 0.74), rng.uniform(0.66, 0.74), rng.uniform(0.17, 0.2), mirrored)]
        case "close up":
            x, y = 0.5 + rng.uniform(-0.14, 0.14), 0.54 + rng.uniform(-0.08, 0.12)
            return [Placement(x, y, rng.uniform(0.6, 0.7), mirrored)]
        case "repeated as a pattern":
            scale, drift = rng.uniform(0.138, 0.152), rng.uniform(-0.015, 0.015)
            return [
                Placement(
                    (column + 0.5) / 3 + drift, (row + 0.5) / 3 + drift, scale, mirrored != bool((row + column) % 2)
                )
                for row in range(3)
                for column in range(3)
            ]
        case _:
            return [Placement(0.5, 0.5 + rng.uniform(-0.01, 0.01), rng.uniform(0.25, 0.28), mirrored)]


def _update_border(image: Image.Image, palette: Palette, rng: random.Random) -> None:
    """Lay an ornamented border over the edges of the image."""
    pen, size = ImageDraw.Draw(image), image.width
    inset, thin = size * BORDER // 100, max(2, size // 90)
    ground = palette.main
    for box in ((0, 0, size, inset), (0, size - inset, size, size), (0, 0, inset, size), (size - inset, 0, size, size)):
        pen.rectangle(box, fill=ground)
    pen.rectangle(
        (inset - thin, inset - thin, size - inset + thin, size - inset + thin), outline=palette.light, width=thin
    )
    pen.rectangle((thin, thin, size - thin, size - thin), outline=palette.accent, width=thin)
    count, diamonds = rng.choice((7, 9)), rng.random() < 0.5
    middle, r = inset // 2, inset // 5
    for step in range(count + 1):
        along = middle + (size - inset) * step // count
        for x, y in ((along, middle), (along, size - middle), (middle, along), (size - middle, along)):
            colour = palette.light if step % 2 else mix(palette.accent, palette.light, 20)
            if diamonds:
                pen.polygon([(x - r, y), (x, y - r), (x + r, y), (x, y + r)], fill=colour)
            else:
                pen.ellipse((x - r, y - r, x + r, y + r), fill=colour)
