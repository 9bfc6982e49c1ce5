"""What a style does to the whole sheet: halftone, cuts, washes, facets and dots."""

from __future__ import annotations

import random
from functools import lru_cache
from typing import cast

from PIL import Image, ImageChops, ImageDraw, ImageFilter

from catalog.demo.colours import Palette, mix


def prepare(image: Image.Image, style: str, palette: Palette, rng: random.Random) -> Image.Image:
    """The backdrop as the style shows it, before the subject stands on it."""
    match style:
        case "line drawing":
            return Image.blend(image, Image.new("RGB", image.size, palette.paper), 0.5 if palette.is_night else 0.66)
        case "pop art":
            return _halftone(image, palette, rng)
        case _:
            return image


def finish(image: Image.Image, style: str, palette: Palette, rng: random.Random) -> Image.Image:
    """The picture after the style's treatment of the whole sheet: cuts, washes, dots or facets."""
    match style:
        case "woodcut":
            return _engrave(image, palette, rng)
        case "watercolour":
            return _bleed_into_paper(image, palette, rng)
        case "geometric":
            return _facet(image, rng)
        case "pointillist":
            return _dot(image, palette, rng)
        case _:
            return image


def _halftone(image: Image.Image, palette: Palette, rng: random.Random) -> Image.Image:
    colour = mix(palette.sky2, palette.light if palette.is_night else palette.second, 45)
    strength = rng.randint(150, 190)
    mask = _dot_mask(image.width, 20, 76).point([value * strength // 255 for value in range(256)])
    return Image.composite(Image.new("RGB", image.size, colour), image, mask)


@lru_cache(maxsize=16)
def _dot_mask(size: int, cells: int, share: int) -> Image.Image:
    """White dots on black in a staggered grid; share: a dot's width in percent of its cell."""
    tile = 64
    dot = Image.new("L", (tile, tile), 0)
    draw, radius = ImageDraw.Draw(dot), tile * share // 283  # two dots a tile, on its diagonal
    for x, y in ((0, 0), (0, tile), (tile, 0), (tile, tile), (tile // 2, tile // 2)):
        draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=255)
    step = -(-size // cells)
    dot = dot.resize((step, step), Image.Resampling.BOX)
    mask = Image.new("L", (size, size), 0)
    for x in range(0, size, step):
        for y in range(0, size, step):
            mask.paste(dot, (x, y))
    return mask


def _engrave(image: Image.Image, palette: Palette, rng: random.Random) -> Image.Image:
    ink = palette.dark if not palette.is_night else mix(palette.dark, palette.sky, 50)
    grooves = _grooves(image.width, rng.randrange(6))
    light = image.convert("L")
    low, high = cast("tuple[int, int]", light.getextrema())
    span = max(1, high - low)
    lifted = light.point([max(0, min(255, 100 + (value - low) * 190 // span)) for value in range(256)])
    mask = ImageChops.subtract(lifted, grooves).point([min(255, value * 12) for value in range(256)])
    colours = Image.blend(image, Image.new("RGB", image.size, palette.light), 0.12)
    return Image.composite(colours, Image.new("RGB", image.size, ink), mask)


@lru_cache(maxsize=32)
def _grooves(size: int, waviness: int) -> Image.Image:
    """Slanted saw-tooth stripes from black to white, the path of an engraver's gouge."""
    pitch = max(4, size * 10 // 256)
    tooth = Image.new("L", (1, pitch))
    tooth.putdata([abs(2 * row - pitch) * 255 // pitch for row in range(pitch)])
    tall = Image.new("L", (1, size * 2))
    for y in range(0, size * 2, pitch):
        tall.paste(tooth, (0, y))
    stripes = tall.resize((size * 2, size * 2), Image.Resampling.NEAREST)
    bent = Image.new("L", (size, size))
    wander = random.Random(waviness)
    step, shift = max(2, size // 48), size // 2
    for x in range(0, size, step):
        bent.paste(stripes.crop((x, shift, x + step, shift + size)), (x, 0))
        shift += wander.choice((0, 1, 1, 2)) * max(1, size // 256)
    return bent


def _bleed_into_paper(image: Image.Image, palette: Palette, rng: random.Random) -> Image.Image:
    size = image.width
    paper = Image.new("RGB", image.size, (250, 247, 240))
    blots = Image.new("L", (12, 12))
    blots.putdata([rng.randint(10, 90) for _ in range(144)])
    faded = Image.composite(paper, image, blots.resize(image.size, Image.Resampling.BICUBIC))
    soft = faded.filter(ImageFilter.BoxBlur(max(1, size // 256)))
    edge = Image.new("L", (size // 4, size // 4), 0)
    draw, steps, quarter = ImageDraw.Draw(edge), 16, size // 4
    ragged: list[tuple[int, int]] = []
    for side in range(4):
        for step in range(steps):
            along, inset = step * quarter // steps, rng.randint(quarter * 2 // 100, quarter * 10 // 100)
            ragged.append(
                (
                    (along, inset),
                    (quarter - inset, along),
                    (quarter - along, quarter - inset),
                    (inset, quarter - along),
                )[side]
            )
    draw.polygon(ragged, fill=255)
    edge = edge.filter(ImageFilter.BoxBlur(quarter / 48)).point([max(0, min(255, (v - 90) * 4)) for v in range(256)])
    return Image.composite(soft, paper, edge.resize(image.size, Image.Resampling.BICUBIC))


def _facet(image: Image.Image, rng: random.Random) -> Image.Image:
    size, cells = image.width, 6
    step = size // cells
    shade = Image.new("L", image.size, 128)
    draw = ImageDraw.Draw(shade)
    knots = [
        [
            (
                x * size // cells + (rng.randint(-step // 3, step // 3) if 0 < x < cells else 0),
                y * size // cells + (rng.randint(-step // 3, step // 3) if 0 < y < cells else 0),
            )
            for x in range(cells + 1)
        ]
        for y in range(cells + 1)
    ]
    for y in range(cells):
        for x in range(cells):
            a, b, c, d = knots[y][x], knots[y][x + 1], knots[y + 1][x + 1], knots[y + 1][x]
            halves = ((a, b, c), (a, c, d)) if rng.random() < 0.5 else ((a, b, d), (b, c, d))
            for number, half in enumerate(halves):
                draw.polygon(half, fill=rng.randint(62, 112) if number else rng.randint(142, 200))
    darker, lighter = Image.new("RGB", image.size, (0, 0, 0)), Image.new("RGB", image.size, (255, 255, 255))
    shadow = shade.point([max(0, 128 - value) for value in range(256)])
    glow = shade.point([max(0, value - 128) for value in range(256)])
    return Image.composite(lighter, Image.composite(darker, image, shadow), glow)


def _dot(image: Image.Image, palette: Palette, rng: random.Random) -> Image.Image:
    """Dots of pure colour in two staggered layers on a toned sheet."""
    size, cells = image.width, 48
    step = -(-size // cells)
    sheet = Image.blend(image, Image.new("RGB", image.size, palette.sky2 if palette.is_night else palette.light), 0.45)
    for shift, share in ((0, 98), (step // 2, 74)):
        moved = ImageChops.offset(image, shift) if shift else image
        small = _speckled(moved.resize((cells, cells), Image.Resampling.BOX), rng)
        dots = small.resize((size, size), Image.Resampling.NEAREST)
        mask = _round_dots(size, cells, share)
        if shift:
            dots, mask = ImageChops.offset(dots, -shift), ImageChops.offset(mask, -shift)
        sheet = Image.composite(dots, sheet, mask)
    return sheet


def _speckled(small: Image.Image, rng: random.Random) -> Image.Image:
    """Every pixel a little lighter or darker than it was."""
    noise = Image.frombytes("L", small.size, rng.randbytes(small.width * small.height))
    spread = noise.point([value * 66 // 255 for value in range(256)])
    lifted = ImageChops.add(small, Image.merge("RGB", (spread,) * 3))
    return ImageChops.subtract(lifted, Image.new("RGB", small.size, (33,) * 3))


@lru_cache(maxsize=16)
def _round_dots(size: int, cells: int, share: int) -> Image.Image:
    """One white dot a cell on black; share: its width in percent of the cell."""
    step = -(-size // cells)
    dot = Image.new("L", (step * 8, step * 8), 0)
    inset = step * 8 * (100 - share) // 200
    ImageDraw.Draw(dot).ellipse((inset, inset, step * 8 - 1 - inset, step * 8 - 1 - inset), fill=255)
    dot = dot.reduce(8)
    mask = Image.new("L", (step * cells, step * cells), 0)
    for x in range(0, step * cells, step):
        for y in range(0, step * cells, step):
            mask.paste(dot, (x, y))
    return mask.resize((size, size), Image.Resampling.BOX)
