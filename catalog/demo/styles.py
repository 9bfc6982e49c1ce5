"""How a style paints a shape, and what it does to the whole picture afterwards."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from PIL import Image, ImageChops, ImageDraw, ImageFilter

from catalog.demo.colours import Colour, Palette, mix
from catalog.demo.sketch import Shape

Pixel = tuple[int, int]


@dataclass(frozen=True)
class Placement:
    """Where a subject stands: centre and half-extent as shares of the canvas, mirrored or not."""

    x: float
    y: float
    scale: float
    mirrored: bool = False

    def pixels(self, points: Sequence[tuple[float, float]], size: int) -> list[Pixel]:
        """Unit coordinates as whole pixels, so that every machine draws the same."""
        sign = -1 if self.mirrored else 1
        return [
            (round((self.x + sign * self.scale * x) * size), round((self.y + self.scale * y) * size)) for x, y in points
        ]


def paint(
    image: Image.Image, shapes: Sequence[Shape], place: Placement, style: str, palette: Palette, rng: random.Random
) -> None:
    """Draw a subject onto the image in the manner of the style; changes the image."""
    draw = ImageDraw.Draw(image, "RGBA" if style == "watercolour" else None)
    unit = place.scale * image.width
    for shape in shapes:
        points = place.pixels(shape.outline(angular=style == "geometric"), image.width)
        colour = palette.role(shape.role)
        width = max(2, round(shape.width * unit))
        match style:
            case "woodcut":
                _fill_or_stroke(draw, shape, points, colour, width, outline=palette.dark, edge=_edge(unit, 22))
            case "pop art":
                ink = palette.dark if not palette.is_night else mix(palette.dark, (0, 0, 0), 60)
                _fill_or_stroke(draw, shape, points, _vivid(colour), width, outline=ink, edge=_edge(unit, 40))
            case "line drawing":
                _draw_line_art(draw, shape, points, palette, width, edge=_edge(unit, 28))
            case "watercolour":
                _wash(draw, shape, points, colour, width, unit, rng)
            case _:
                _fill_or_stroke(draw, shape, points, colour, width)


def rim(image: Image.Image, shapes: Sequence[Shape], place: Placement, style: str, colour: Colour) -> None:
    """Lay a rim of light around where the subject will stand, so that it shows against a dark sky; changes the image."""
    draw, unit = ImageDraw.Draw(image), place.scale * image.width
    for shape in shapes:
        points = place.pixels(shape.outline(angular=style == "geometric"), image.width)
        stroke(draw, points, colour, round((shape.width + 0.1) * unit), closed=shape.closed)


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


def prepare(image: Image.Image, style: str, palette: Palette, rng: random.Random) -> Image.Image:
    """The backdrop as the style shows it, before the subject stands on it."""
    match style:
        case "line drawing":
            return Image.blend(image, Image.new("RGB", image.size, palette.paper), 0.5 if palette.is_night else 0.66)
        case "pop art":
            return _halftone(image, palette, rng)
        case _:
            return image


def _edge(unit: float, per_mille: int) -> int:
    return max(4, round(unit * per_mille / 1000))


def _vivid(colour: Colour) -> Colour:
    mean = sum(colour) // 3
    red, green, blue = (max(0, min(255, mean + (channel - mean) * 130 // 100)) for channel in colour)
    return red, green, blue


def stroke(draw: ImageDraw.ImageDraw, points: Sequence[Pixel], colour: Colour, width: int, *, closed: bool) -> None:
    """A line of that width with round corners and ends."""
    path = [*points, points[0]] if closed else list(points)
    draw.line(path, fill=colour, width=width)
    radius = (width - 1) // 2
    if radius >= 2:
        for x, y in points:
            draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=colour)


def _fill_or_stroke(
    draw: ImageDraw.ImageDraw, shape: Shape, points: list[Pixel], colour: Colour, width: int, *,
    outline: Colour | None = None, edge: int = 0,
) -> None:  # fmt: skip
    if shape.width:
        if outline and width > edge:
            stroke(draw, points, outline, width + edge, closed=shape.closed)
        stroke(draw, points, colour, width, closed=shape.closed)
        return
    draw.polygon(points, fill=colour)
    if outline:
        stroke(draw, points, outline, edge, closed=True)


def _draw_line_art(
    draw: ImageDraw.ImageDraw, shape: Shape, points: list[Pixel], palette: Palette, width: int, *, edge: int
) -> None:
    colour = palette.ink if shape.role in ("main", "dark", "light") else palette.second
    if shape.width:
        if width > 2 * edge:  # a thick limb becomes a tube
            stroke(draw, points, colour, width, closed=shape.closed)
            stroke(draw, points, palette.paper, max(2, width - 2 * edge), closed=shape.closed)
        else:
            stroke(draw, points, colour, max(edge - 1, 2), closed=shape.closed)
        return
    draw.polygon(points, fill=palette.ink if shape.role == "dark" and len(points) > 18 else palette.paper)
    stroke(draw, points, colour, edge, closed=True)


def _wash(
    draw: ImageDraw.ImageDraw,
    shape: Shape,
    points: list[Pixel],
    colour: Colour,
    width: int,
    unit: float,
    rng: random.Random,
) -> None:
    if shape.width:
        stroke(draw, points, mix(colour, (255, 255, 255), 12), width, closed=shape.closed)
        return
    reach = max(1, round(unit * 0.02))
    soft = mix(colour, (255, 255, 255), 14)
    for alpha in (150, 120, 90):
        dx, dy = rng.randint(-reach, reach), rng.randint(-reach, reach)
        moved = [
            (x + dx + rng.randint(-1, 1) * reach // 2, y + dy + rng.randint(-1, 1) * reach // 2) for x, y in points
        ]
        draw.polygon(moved, fill=(*soft, alpha))
    draw.line([*points, points[0]], fill=(*mix(colour, (0, 0, 0), 25), 70), width=max(2, reach))


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


def _engrave(image: Image.Image, palette: Palette, rng: random.Random) -> Image.Image:
    ink = palette.dark if not palette.is_night else mix(palette.dark, palette.sky, 50)
    grooves = _grooves(image.width, rng.randrange(6))
    light = image.convert("L")
    low, high = light.getextrema()
    assert isinstance(low, int)  # one band has one pair
    assert isinstance(high, int)
    span = max(1, high - low)
    lifted = light.point([max(0, min(255, 100 + (value - low) * 190 // span)) for value in range(256)])
    mask = ImageChops.subtract(lifted, grooves).point([min(255, value * 12) for value in range(256)])
    colours = Image.blend(image, Image.new("RGB", image.size, palette.light), 0.12)
    return Image.composite(colours, Image.new("RGB", image.size, ink), mask)


def _bleed_into_paper(image: Image.Image, palette: Palette, rng: random.Random) -> Image.Image:
    size = image.width
    paper = Image.new("RGB", image.size, (250, 247, 240))
    blots = Image.new("L", (12, 12))
    blots.putdata([rng.randint(10, 90) for _ in range(144)])
    faded = Image.composite(paper, image, blots.resize(image.size, Image.Resampling.BICUBIC))
    soft = faded.filter(ImageFilter.BoxBlur(max(1, size // 256)))
    edge = Image.new("L", (size // 4, size // 4), 0)
    draw, steps, quarter = ImageDraw.Draw(edge), 16, size // 4
    ragged: list[Pixel] = []
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
