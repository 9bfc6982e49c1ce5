"""Built and shaped subjects: houses, boats, things of every day, mountains."""

from __future__ import annotations

import random
from itertools import pairwise

from catalog.demo.sketch import Sketch


def sailing_boat(s: Sketch, rng: random.Random) -> None:
    """A boat with two sails on a few waves."""
    s.line("dark", 0.06, (0.0, -0.95), (0.0, 0.5))
    s.blob("light", (0.05, -0.92), (0.1, -0.92), (0.75, 0.1), (0.8, 0.36), (0.5, 0.36), (0.05, 0.36))
    s.poly("accent", (-0.06, -0.75), (-0.66, 0.36), (-0.06, 0.36))
    s.poly("second", (0.28, -0.3), (0.52, 0.02), (0.06, 0.06), (0.06, -0.3))
    s.poly("main", (0.0, -0.98), (0.34 * rng.choice((-1, 1)), -0.9), (0.0, -0.82))
    s.poly("main", (-0.92, 0.45), (0.95, 0.45), (0.6, 0.82), (-0.62, 0.82))
    s.line("light", 0.05, (-0.78, 0.56), (0.8, 0.56))
    for row, y in enumerate((0.84, 0.96)):
        s.curve(
            "second",
            0.07,
            *[(-0.95 + step * 0.19 + row * 0.08, y + (0.05 if step % 2 else -0.05)) for step in range(11)],
        )


def lighthouse(s: Sketch, rng: random.Random) -> None:
    """A striped lighthouse on a rock, its lamp lit."""
    reach = rng.uniform(0.75, 0.98)
    s.poly("accent", (0.0, -0.62), (reach, -0.88), (reach, -0.4))
    s.poly("accent", (0.0, -0.62), (-reach, -0.88), (-reach, -0.4))
    s.blob("second", (-0.9, 1.0), (-0.6, 0.7), (0.0, 0.62), (0.6, 0.72), (0.9, 1.0))
    s.poly("light", (-0.22, -0.42), (0.22, -0.42), (0.38, 0.82), (-0.38, 0.82))
    for top, bottom in ((-0.22, 0.02), (0.26, 0.5)):
        left, right = 0.22 + 0.13 * (top + 0.42), 0.22 + 0.13 * (bottom + 0.42)
        s.poly("main", (-left, top), (left, top), (right, bottom), (-right, bottom))
    s.poly("dark", (-0.3, -0.5), (0.3, -0.5), (0.3, -0.4), (-0.3, -0.4))
    s.poly("accent", (-0.17, -0.74), (0.17, -0.74), (0.17, -0.5), (-0.17, -0.5))
    s.line("dark", 0.04, (-0.17, -0.72), (-0.17, -0.5))
    s.line("dark", 0.04, (0.17, -0.72), (0.17, -0.5))
    s.poly("main", (-0.25, -0.72), (0.0, -0.98), (0.25, -0.72))
    s.blob("dark", (-0.1, 0.84), (-0.1, 0.56), (0.1, 0.56), (0.1, 0.84))


def mountain(s: Sketch, rng: random.Random) -> None:
    """Three peaks with snow."""
    peak = rng.uniform(-0.2, 0.1)
    s.poly("second", (-1.0, 0.8), (-0.55, -0.3), (0.0, 0.8))
    s.poly("light", (-0.55, -0.3), (-0.69, 0.04), (-0.58, -0.02), (-0.5, 0.08), (-0.41, -0.02))
    s.poly("second", (0.1, 0.8), (0.62, -0.45), (1.0, 0.8))
    s.poly("light", (0.62, -0.45), (0.45, -0.04), (0.56, -0.12), (0.64, 0.0), (0.74, -0.06))
    s.poly("main", (-0.75, 0.8), (peak, -0.9), (0.75, 0.8))
    s.poly("dark", (peak, -0.9), (peak + 0.08, -0.2), (peak - 0.06, 0.2), (0.18, 0.8), (0.75, 0.8))
    s.poly("light", (peak, -0.9), (peak - 0.26, -0.36), (peak - 0.12, -0.44), (peak - 0.02, -0.26), (peak + 0.1, -0.44),
           (peak + 0.22, -0.36))  # fmt: skip
    s.blob("accent", (-1.0, 0.98), (-0.95, 0.7), (-0.3, 0.78), (0.3, 0.68), (0.95, 0.76), (1.0, 0.98))


def city_skyline(s: Sketch, rng: random.Random) -> None:
    """A row of towers with lit windows."""
    towers = [(-0.95, 0.3), (-0.64, -0.3), (-0.34, 0.05), (-0.06, -0.72), (0.26, -0.12), (0.56, -0.45), (0.8, 0.2)]
    widths = (0.34, 0.32, 0.3, 0.34, 0.32, 0.26, 0.18)
    s.line("main", 0.05, (0.11, -0.98), (0.11, -0.6))
    s.poly("second", (-0.64, -0.28), (-0.48, -0.55), (-0.32, -0.28))
    for number, ((x, top), width) in enumerate(zip(towers, widths, strict=True)):
        top += rng.uniform(-0.05, 0.05)
        s.poly("second" if number % 2 else "main", (x, top), (x + width, top), (x + width, 0.9), (x, 0.9))
        for row in range(int((0.8 - top) / 0.2)):
            for column in range(2):
                if rng.random() < 0.8:
                    wx, wy = x + 0.06 + column * (width - 0.2), top + 0.1 + row * 0.2
                    s.poly(
                        "accent" if number % 2 else "light",
                        (wx, wy),
                        (wx + 0.09, wy),
                        (wx + 0.09, wy + 0.1),
                        (wx, wy + 0.1),
                    )
    s.poly("dark", (-1.0, 0.86), (1.0, 0.86), (1.0, 0.98), (-1.0, 0.98))


def teapot(s: Sketch, rng: random.Random) -> None:
    """A round teapot with a band of dots, steaming."""
    sway = rng.uniform(-0.06, 0.06)
    s.curve("second", 0.05, (0.9, -0.45), (0.98, -0.6), (0.84, -0.75), (0.94 + sway, -0.95))
    s.curve("second", 0.13, (-0.55, -0.15), (-1.0, -0.3), (-1.0, 0.4), (-0.5, 0.45))
    s.blob("main", (0.4, 0.1), (0.62, -0.15), (0.7, -0.42), (0.98, -0.42), (0.84, 0.1), (0.5, 0.55))
    s.blob("main", (-0.68, 0.2), (-0.6, -0.35), (0.0, -0.5), (0.6, -0.35), (0.68, 0.2), (0.42, 0.82), (-0.42, 0.82))
    s.poly("dark", (-0.36, 0.72), (0.36, 0.72), (0.42, 0.84), (-0.42, 0.84))
    s.blob("second", (-0.42, -0.34), (-0.3, -0.6), (0.3, -0.6), (0.42, -0.34), (0.0, -0.26))
    s.oval("accent", 0.0, -0.64, 0.12)
    s.poly("light", (-0.6, 0.02), (0.6, 0.02), (0.6, 0.3), (-0.6, 0.3))
    for step in range(5):
        s.oval("accent" if step % 2 else "second", -0.44 + step * 0.22, 0.16, 0.09)


def bicycle(s: Sketch, rng: random.Random) -> None:
    """A bicycle from the side, with a basket."""
    for x in (-0.55, 0.55):
        s.circle("main", 0.1, x, 0.35, 0.4)
        for dx, dy in ((0.0, 0.36), (0.34, 0.12), (0.21, -0.29)):
            s.line("accent", 0.025, (x - dx, 0.35 - dy), (x + dx, 0.35 + dy))
        s.oval("second", x, 0.35, 0.07)
    s.line("second", 0.1, (-0.55, 0.35), (-0.22, -0.25), (0.38, -0.25), (-0.05, 0.38), (-0.55, 0.35))
    s.line("second", 0.1, (-0.05, 0.38), (-0.26, -0.42))
    s.line("second", 0.1, (0.55, 0.35), (0.34, -0.55))
    s.line("main", 0.11, (-0.44, -0.46), (-0.1, -0.46))
    s.curve("main", 0.09, (0.34, -0.55), (0.2, -0.64), (0.16, -0.72), (0.42, -0.72))
    s.oval("accent", -0.05, 0.38, 0.11)
    if rng.random() < 0.7:
        s.poly("light", (0.42, -0.58), (0.92, -0.58), (0.84, -0.22), (0.5, -0.22))
        s.line("second", 0.04, (0.46, -0.4), (0.88, -0.4))
        s.line("second", 0.04, (0.67, -0.58), (0.67, -0.24))


def bridge(s: Sketch, rng: random.Random) -> None:
    """A suspension bridge with two towers over water."""
    sag = rng.uniform(0.12, 0.26)
    for x in (-0.55, 0.55):
        s.poly("main", (x - 0.09, -0.85), (x + 0.09, -0.85), (x + 0.12, 0.85), (x - 0.12, 0.85))
        s.poly("dark", (x - 0.16, 0.72), (x + 0.16, 0.72), (x + 0.16, 0.88), (x - 0.16, 0.88))
    cable = [(-1.0, 0.1), (-0.55, -0.76), (-0.3, -0.25), (0.0, sag - 0.2), (0.3, -0.25), (0.55, -0.76), (1.0, 0.1)]
    for left, right in pairwise(cable):
        s.line("second", 0.06, left, right)
        for share in (0.25, 0.5, 0.75):
            x, y = left[0] + (right[0] - left[0]) * share, left[1] + (right[1] - left[1]) * share
            s.line("second", 0.03, (x, y), (x, 0.3))
    s.poly("main", (-1.0, 0.24), (1.0, 0.24), (1.0, 0.4), (-1.0, 0.4))
    s.line("light", 0.03, (-1.0, 0.29), (1.0, 0.29))
    for row in range(2):
        s.curve(
            "accent",
            0.05,
            *[(-0.95 + step * 0.19, 0.8 + row * 0.14 + (0.04 if step % 2 else -0.04)) for step in range(11)],
        )


def umbrella(s: Sketch, rng: random.Random) -> None:
    """An open umbrella in four coloured panels with a crooked handle."""
    hook = rng.choice((-0.3, 0.3))
    s.line("dark", 0.07, (0.0, -0.95), (0.0, -0.7))
    s.line("second", 0.08, (0.0, 0.0), (0.0, 0.72))
    s.curve("second", 0.09, (0.0, 0.68), (0.0, 0.96), (hook, 0.98), (hook, 0.74))
    edge = (-0.95, -0.5, 0.0, 0.5, 0.95)
    s.poly(
        "main", (-0.95, 0.05), (-0.85, -0.35), (-0.55, -0.65), (0.0, -0.8), (0.55, -0.65), (0.85, -0.35), (0.95, 0.05)
    )
    s.poly("light", (0.0, -0.8), (-0.28, -0.62), (-0.5, 0.05), (0.0, 0.05))
    s.poly("accent", (0.0, -0.8), (0.55, -0.65), (0.85, -0.35), (0.95, 0.05), (0.5, 0.05), (0.3, -0.6))
    for left, right in pairwise(edge):
        s.blob("dark", (left, 0.06), ((left + right) / 2, -0.14), (right, 0.06), ((left + right) / 2, 0.0))


def house(s: Sketch, rng: random.Random) -> None:
    """A small house with a chimney, a door and two windows."""
    side = rng.choice((-1, 1))
    s.poly("dark", (side * 0.35, -0.85), (side * 0.56, -0.85), (side * 0.56, -0.2), (side * 0.35, -0.2))
    s.poly("light", (-0.7, -0.1), (0.7, -0.1), (0.7, 0.88), (-0.7, 0.88))
    s.poly("main", (-0.95, -0.06), (0.0, -0.85), (0.95, -0.06))
    s.oval("accent", 0.0, -0.36, 0.13)
    s.poly("second", (-0.16, 0.32), (0.16, 0.32), (0.16, 0.88), (-0.16, 0.88))
    s.oval("accent", 0.09, 0.6, 0.04)
    for x in (-0.44, 0.44):
        s.poly("accent", (x - 0.16, 0.12), (x + 0.16, 0.12), (x + 0.16, 0.46), (x - 0.16, 0.46))
        s.line("second", 0.05, (x, 0.12), (x, 0.46))
        s.line("second", 0.05, (x - 0.16, 0.29), (x + 0.16, 0.29))
    s.blob("second", (-1.0, 0.98), (-0.8, 0.82), (0.8, 0.82), (1.0, 0.98))


def hot_air_balloon(s: Sketch, rng: random.Random) -> None:
    """A striped balloon with its basket."""
    s.line("dark", 0.035, (-0.36, 0.28), (-0.15, 0.72))
    s.line("dark", 0.035, (0.36, 0.28), (0.15, 0.72))
    s.blob("main", (-0.7, -0.35), (-0.62, -0.85), (0.0, -1.1), (0.62, -0.85), (0.7, -0.35), (0.46, 0.2),
           (0.2, 0.5), (-0.2, 0.5), (-0.46, 0.2))  # fmt: skip
    s.blob("accent", (-0.4, -0.35), (-0.34, -0.8), (0.0, -1.04), (0.34, -0.8), (0.4, -0.35), (0.26, 0.22),
           (0.1, 0.48), (-0.1, 0.48), (-0.26, 0.22))  # fmt: skip
    s.blob("light", (-0.15, -0.35), (-0.12, -0.8), (0.0, -1.02), (0.12, -0.8), (0.15, -0.35), (0.08, 0.4), (-0.08, 0.4))
    if rng.random() < 0.6:
        s.blob("second", (-0.67, -0.4), (0.0, -0.24), (0.67, -0.4), (0.63, -0.16), (0.0, 0.02), (-0.63, -0.16))
    s.poly("second", (-0.18, 0.68), (0.18, 0.68), (0.14, 0.96), (-0.14, 0.96))
    s.line("dark", 0.05, (-0.19, 0.7), (0.19, 0.7))
