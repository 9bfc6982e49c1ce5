"""How a mood shows: the sky behind the subject, and the light and weather in front of it."""

from __future__ import annotations

import math
import random
from functools import lru_cache

from PIL import Image, ImageDraw, ImageFilter

from catalog.demo.colours import Colour, Palette, mix

WHITE, BLACK = (255, 255, 255), (0, 0, 0)


def backdrop(mood: str, palette: Palette, size: int, rng: random.Random, focus: tuple[float, float]) -> Image.Image:
    """The sheet before anything stands on it. focus: where the light gathers, as shares of the sheet."""
    match mood:
        case "calm":
            return _still_water(palette, size, rng)
        case "joyful":
            return _sunburst(palette, size, rng, focus)
        case "gloomy":
            return _heavy_clouds(palette, size, rng)
        case "dreamy":
            return _mist(palette, size, rng, focus)
        case _:
            return _split_light(palette, size, rng)


def light(image: Image.Image, mood: str, palette: Palette, rng: random.Random) -> Image.Image:
    """The picture in the light of the mood: shadow towards the edges, mist from below, or hard corners."""
    match mood:
        case "gloomy":
            return _dusk(image, palette)
        case "dreamy":
            return _veil(image, palette)
        case "dramatic":
            return _hard_light(image, rng)
        case _:
            return image


def weather(image: Image.Image, mood: str, palette: Palette, rng: random.Random) -> Image.Image:
    """The picture with what falls or shines in front of the subject."""
    match mood:
        case "joyful":
            return _confetti(image, palette, rng)
        case "gloomy":
            return _rain(image, palette, rng)
        case "dreamy":
            return _stars(image, palette, rng)
        case _:
            return image


def rim_colour(mood: str, palette: Palette) -> Colour | None:
    """The colour of the light around the subject, or None where the sky is bright enough without."""
    if mood == "gloomy":
        return mix(palette.sky2, palette.dark, 55) if palette.is_night else mix(palette.sky, palette.light, 25)
    if mood == "dramatic":
        return mix(palette.dark, BLACK, 40) if palette.is_night else palette.light
    return None


@lru_cache(maxsize=16)
def _ramp(size: int) -> Image.Image:
    return Image.linear_gradient("L").resize((size, size), Image.Resampling.BILINEAR)


@lru_cache(maxsize=16)
def _halo(size: int) -> Image.Image:
    """Black in the middle, white towards the corners."""
    return Image.radial_gradient("L").resize((size, size), Image.Resampling.BILINEAR)


def _sheet(size: int, colour: Colour) -> Image.Image:
    return Image.new("RGB", (size, size), colour)


def _blend_down(top: Colour, bottom: Colour, size: int) -> Image.Image:
    return Image.composite(_sheet(size, bottom), _sheet(size, top), _ramp(size))


def _still_water(palette: Palette, size: int, rng: random.Random) -> Image.Image:
    pale = mix(palette.sky, palette.dark if palette.is_night else palette.light, 35)
    image = _blend_down(palette.sky, pale, size)
    draw = ImageDraw.Draw(image, "RGBA")
    horizon = size * rng.randint(60, 70) // 100
    draw.rectangle((0, horizon, size, size), fill=(*palette.sky2, 235))
    for row in range(6):
        y = horizon + (size - horizon) * (2 * row + 1) // 13 + size // 100
        for _ in range(2):
            left = rng.randint(-size // 5, size * 3 // 4)
            right = left + rng.randint(size // 4, size // 2)
            draw.line(
                (left, y, right, y), fill=(*palette.light, 130 if palette.is_night else 215), width=max(2, size // 110)
            )
    return image


def _sunburst(palette: Palette, size: int, rng: random.Random, focus: tuple[float, float]) -> Image.Image:
    image = _sheet(size, palette.sky)
    draw = ImageDraw.Draw(image)
    lit = mix(palette.sky, palette.main, 40) if palette.is_night else mix(palette.sky, palette.light, 80)
    x, y, rays, turn = round(focus[0] * size), round(focus[1] * size), 14, rng.uniform(0, 20)
    for ray in range(rays):
        corners = []
        for edge in (0, 180 / rays):
            angle = math.radians(turn + ray * 360 / rays + edge)
            corners.append((x + round(2 * size * math.cos(angle)), y + round(2 * size * math.sin(angle))))
        draw.polygon([(x, y), *corners], fill=lit)
    radius = size * rng.randint(30, 36) // 100
    draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=mix(lit, palette.sky2, 45))
    return image


def _heavy_clouds(palette: Palette, size: int, rng: random.Random) -> Image.Image:
    grey = mix(mix(palette.sky2, palette.dark, 36), (74, 78, 88), 25)
    image = _blend_down(mix(grey, BLACK, 25), mix(grey, palette.sky, 40), size)
    draw = ImageDraw.Draw(image)
    for layer, shade in enumerate((mix(grey, palette.sky, 25), mix(grey, BLACK, 15), mix(grey, BLACK, 48))):
        for step in range(8):
            x, y = step * size // 7 + rng.randint(-size // 20, size // 20), size * (17 - layer * 8) // 100
            r = size * rng.randint(9, 15) // 100
            draw.ellipse((x - r * 3 // 2, y - r, x + r * 3 // 2, y + r), fill=shade)
    return image


def _mist(palette: Palette, size: int, rng: random.Random, focus: tuple[float, float]) -> Image.Image:
    small = size // 4
    glow = mix(palette.sky, palette.second, 55) if palette.is_night else mix(palette.light, WHITE, 50)
    image = _blend_down(mix(palette.sky2, palette.second, 30), mix(palette.sky, palette.sky2, 50), small)
    draw = ImageDraw.Draw(image, "RGBA")
    x, y = round(focus[0] * small), round(focus[1] * small)
    for radius in (46, 36, 26):
        r = small * radius // 100
        draw.ellipse((x - r, y - r, x + r, y + r), fill=(*glow, 95))
    for _ in range(7):
        cx, cy = rng.randint(0, small), rng.randint(small // 3, small)
        rx, ry = rng.randint(small // 4, small // 2), rng.randint(small // 30 + 1, small // 12)
        draw.ellipse((cx - rx, cy - ry, cx + rx, cy + ry), fill=(*glow, 150))
    image = image.filter(ImageFilter.BoxBlur(max(1, small // 24)))
    return image.resize((size, size), Image.Resampling.BICUBIC)


def _split_light(palette: Palette, size: int, rng: random.Random) -> Image.Image:
    deep = mix(palette.sky2, palette.dark, 72)
    bright = mix(palette.sky, palette.second, 50) if palette.is_night else mix(palette.light, palette.sky, 30)
    image = _sheet(size, deep)
    draw = ImageDraw.Draw(image)
    shift = rng.randint(-size // 12, size // 12)
    draw.polygon([(0, 0), (size * 30 // 100 + shift, 0), (size, size * 70 // 100 + shift), (size, size),
                  (size * 85 // 100, size), (0, size * 15 // 100 - shift)], fill=bright)  # fmt: skip
    draw.polygon([(size * 44 // 100 + shift, 0), (size * 54 // 100 + shift, 0), (size, size * 46 // 100 + shift),
                  (size, size * 56 // 100 + shift)], fill=mix(deep, bright, 55))  # fmt: skip
    draw.polygon([(0, size * 34 // 100), (0, size * 44 // 100), (size * 56 // 100, size), (size * 66 // 100, size)],
                 fill=mix(deep, bright, 35))  # fmt: skip
    return image.transpose(Image.Transpose.FLIP_LEFT_RIGHT) if rng.random() < 0.5 else image


def _confetti(image: Image.Image, palette: Palette, rng: random.Random) -> Image.Image:
    image = image.copy()
    draw, size = ImageDraw.Draw(image), image.width
    colours = (palette.main, palette.second, palette.accent, palette.light)
    for number in range(46):
        x, y, r = rng.randrange(size), rng.randrange(size), size * rng.randint(9, 16) // 1000
        colour = colours[number % 4]
        if number % 3 == 0:
            draw.ellipse((x - r, y - r, x + r, y + r), fill=colour)
        else:
            lean = rng.randint(-r, r)
            draw.polygon([(x - r, y - lean), (x + lean, y - r), (x + r, y + lean), (x - lean, y + r)], fill=colour)
    return image


def _dusk(image: Image.Image, palette: Palette) -> Image.Image:
    shadow = mix(palette.dark, (18, 20, 28), 55)
    mask = _halo(image.width).point([min(150, max(12, value * 7 // 8 - 40)) for value in range(256)])
    return Image.composite(_sheet(image.width, shadow), image, mask)


def _veil(image: Image.Image, palette: Palette) -> Image.Image:
    pale = mix(palette.second, palette.light, 40) if palette.is_night else mix(palette.light, WHITE, 40)
    mask = _ramp(image.width).point([min(110, max(20, (value - 90) * 3 // 4)) for value in range(256)])
    return Image.composite(_sheet(image.width, pale), image, mask)


def _rain(image: Image.Image, palette: Palette, rng: random.Random) -> Image.Image:
    image, size = image.copy(), image.width
    draw = ImageDraw.Draw(image, "RGBA")
    drop = (*mix(palette.light, palette.sky2, 25), 190)
    for _ in range(60):
        x, y, length = rng.randint(0, size * 6 // 5), rng.randint(-size // 10, size), rng.randint(size // 18, size // 9)
        draw.line((x, y, x - length // 3, y + length), fill=drop, width=max(2, size // 170))
    return image


def _stars(image: Image.Image, palette: Palette, rng: random.Random) -> Image.Image:
    image, size = image.copy(), image.width
    draw = ImageDraw.Draw(image)
    for number in range(20):
        x, y = rng.randrange(size), rng.randrange(size * 7 // 10)
        r = size * (rng.randint(26, 42) if number < 8 else rng.randint(9, 16)) // 1000
        points = []
        for step in range(8):
            reach = r if step % 2 == 0 else max(1, r * 28 // 100)
            points.append(
                (x + round(reach * math.cos(step * math.pi / 4)), y + round(reach * math.sin(step * math.pi / 4)))
            )
        draw.polygon(points, fill=palette.accent if number % 4 == 3 else mix(palette.light, WHITE, 60))
    return image


def _hard_light(image: Image.Image, rng: random.Random) -> Image.Image:
    size = image.width
    harder = image.point([max(0, min(255, 128 + (value - 128) * 125 // 100)) for value in range(256)] * 3)
    shade = Image.new("L", (size, size), 0)
    draw = ImageDraw.Draw(shade)
    reach = size * rng.randint(36, 48) // 100
    draw.polygon([(size, 0), (size, reach), (size - reach, 0)], fill=150)
    draw.polygon([(0, size), (0, size - reach), (reach, size)], fill=150)
    if rng.random() < 0.5:
        shade = shade.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    return Image.composite(_sheet(size, (8, 6, 12)), harder, shade)
