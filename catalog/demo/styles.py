"""How a style paints the shapes of a subject."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

from PIL import Image, ImageDraw

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
    """Lay a rim of light around where the subject will stand, so that it shows on a dark sky; changes the image."""
    draw, unit = ImageDraw.Draw(image), place.scale * image.width
    for shape in shapes:
        points = place.pixels(shape.outline(angular=style == "geometric"), image.width)
        stroke(draw, points, colour, round((shape.width + 0.1) * unit), closed=shape.closed)


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
