"""Living subjects: animals and plants, drawn with a few shapes each."""

from __future__ import annotations

import math
import random

from catalog.demo.sketch import Sketch, ring


def fox(s: Sketch, rng: random.Random) -> None:
    """A sitting fox, seen from the front, its tail around it."""
    tail = rng.uniform(0.85, 1.0)
    s.blob("second", (0.2, 0.95), (tail, 0.9), (tail, 0.2), (0.7, 0.0), (0.75, 0.35), (0.5, 0.6), (0.2, 0.6))
    s.blob("light", (tail, 0.35), (tail - 0.05, 0.12), (0.68, -0.06), (0.7, 0.25), (0.8, 0.4))
    s.blob("main", (-0.4, 0.95), (-0.5, 0.4), (-0.25, 0.0), (0.25, 0.0), (0.5, 0.4), (0.42, 0.95))
    s.blob("light", (-0.16, 0.8), (-0.22, 0.25), (0.0, 0.1), (0.22, 0.25), (0.16, 0.8), (0.0, 0.92))
    s.poly("main", (-0.62, -0.95), (-0.05, -0.55), (-0.6, -0.3))
    s.poly("main", (0.62, -0.95), (0.05, -0.55), (0.6, -0.3))
    s.poly("dark", (-0.54, -0.8), (-0.3, -0.58), (-0.52, -0.5))
    s.poly("dark", (0.54, -0.8), (0.3, -0.58), (0.52, -0.5))
    s.poly("main", (-0.62, -0.42), (0.0, -0.66), (0.62, -0.42), (0.5, -0.12), (0.0, 0.26), (-0.5, -0.12))
    s.poly("light", (-0.6, -0.38), (-0.16, -0.2), (0.0, 0.24), (-0.48, -0.1))
    s.poly("light", (0.6, -0.38), (0.16, -0.2), (0.0, 0.24), (0.48, -0.1))
    s.oval("dark", -0.22, -0.3, 0.07)
    s.oval("dark", 0.22, -0.3, 0.07)
    s.oval("dark", 0.0, 0.18, 0.09, 0.07)


def owl(s: Sketch, rng: random.Random) -> None:
    """An owl on a branch, with round eyes."""
    s.line("second", 0.1, (-0.95, 0.86), (0.95, 0.8 + rng.uniform(-0.1, 0.1)))
    s.poly("main", (-0.6, -0.95), (-0.1, -0.7), (-0.55, -0.4))
    s.poly("main", (0.6, -0.95), (0.1, -0.7), (0.55, -0.4))
    s.blob("main", (-0.6, -0.75), (0.6, -0.75), (0.72, 0.1), (0.5, 0.9), (-0.5, 0.9), (-0.72, 0.1))
    s.blob("second", (-0.62, -0.2), (-0.82, 0.3), (-0.5, 0.85), (-0.36, 0.3))
    s.blob("second", (0.62, -0.2), (0.82, 0.3), (0.5, 0.85), (0.36, 0.3))
    s.blob("light", (-0.3, 0.1), (0.3, 0.1), (0.32, 0.75), (0.0, 0.85), (-0.32, 0.75))
    for row in range(3):
        for column in range(-1, 2):
            x, y = column * 0.17 + (0.08 if row % 2 else 0) - 0.04, 0.3 + row * 0.16
            s.line("second", 0.045, (x - 0.06, y), (x, y + 0.07), (x + 0.06, y))
    for side in (-1, 1):
        s.oval("light", side * 0.27, -0.32, 0.29)
        s.oval("accent", side * 0.27, -0.32, 0.2)
        s.oval("dark", side * 0.25, -0.32, 0.12)
    s.poly("accent", (-0.1, -0.2), (0.1, -0.2), (0.0, 0.06))
    for x in (-0.2, 0.14):
        s.oval("accent", x, 0.87, 0.11, 0.06)


def whale(s: Sketch, rng: random.Random) -> None:
    """A whale with a spout, its fluke raised."""
    lift = rng.uniform(-0.08, 0.05)
    s.curve("second", 0.07, (-0.38, -0.35), (-0.38, -0.75), (-0.6, -0.9), (-0.72, -0.7))
    s.curve("second", 0.07, (-0.36, -0.35), (-0.36, -0.75), (-0.14, -0.9), (-0.02, -0.7))
    s.blob("main", (0.62, -0.05), (0.56, -0.62 + lift), (0.25, -0.72 + lift), (0.7, -0.5 + lift), (0.72, -0.6 + lift),
           (0.84, -0.8 + lift), (1.05, -0.8 + lift), (0.9, -0.45 + lift), (0.84, 0.1))  # fmt: skip
    s.blob("main", (-0.98, 0.2), (-0.9, -0.3), (-0.4, -0.45), (0.1, -0.3), (0.5, 0.1), (0.72, -0.3), (0.88, -0.1),
           (0.8, 0.45), (0.3, 0.72), (-0.5, 0.75), (-0.95, 0.6))  # fmt: skip
    s.blob("light", (-0.97, 0.25), (-0.5, 0.3), (0.1, 0.4), (0.5, 0.55), (0.1, 0.76), (-0.5, 0.77), (-0.95, 0.62))
    for step in range(4):
        x = -0.7 + step * 0.24
        s.curve("second", 0.035, (x, 0.34), (x + 0.08, 0.5), (x + 0.22, 0.68))
    s.blob("second", (-0.2, 0.3), (0.1, 0.35), (0.2, 0.85), (0.0, 0.85))
    s.oval("light", -0.62, 0.08, 0.1)
    s.oval("dark", -0.62, 0.08, 0.06)


def cat(s: Sketch, rng: random.Random) -> None:
    """A sitting cat with whiskers and a curled tail."""
    curl = rng.uniform(-0.1, 0.12)
    s.curve("second", 0.15, (0.3, 0.85), (0.8, 0.9), (0.92, 0.4), (0.62, 0.1 + curl), (0.82, -0.2 + curl))
    s.blob("main", (-0.45, 0.98), (-0.52, 0.3), (-0.2, -0.15), (0.2, -0.15), (0.52, 0.3), (0.45, 0.98))
    s.poly("main", (-0.52, -0.95), (-0.1, -0.68), (-0.5, -0.3))
    s.poly("main", (0.52, -0.95), (0.1, -0.68), (0.5, -0.3))
    s.poly("accent", (-0.45, -0.8), (-0.24, -0.66), (-0.44, -0.52))
    s.poly("accent", (0.45, -0.8), (0.24, -0.66), (0.44, -0.52))
    s.oval("main", 0.0, -0.36, 0.54, 0.42)
    s.blob("light", (-0.2, 0.9), (-0.22, 0.3), (0.0, 0.1), (0.22, 0.3), (0.2, 0.9))
    for side in (-1, 1):
        s.oval("accent", side * 0.23, -0.42, 0.13, 0.11)
        s.oval("dark", side * 0.23, -0.42, 0.045, 0.1)
        for tilt in (-0.1, 0.0, 0.1):
            s.line("light", 0.025, (side * 0.16, -0.2 + tilt / 3), (side * 0.74, -0.2 + tilt))
        s.oval("main", side * 0.2, 0.93, 0.17, 0.09)
    s.poly("second", (-0.08, -0.28), (0.08, -0.28), (0.0, -0.18))


def fish(s: Sketch, rng: random.Random) -> None:
    """A striped fish with a forked tail and bubbles."""
    s.poly("second", (0.5, 0.0), (0.98, -0.5), (0.86, 0.0), (0.98, 0.5))
    s.blob("second", (-0.3, -0.35), (0.0, -0.85), (0.4, -0.7), (0.35, -0.2))
    s.blob("second", (-0.1, 0.4), (0.1, 0.8), (0.35, 0.65), (0.3, 0.25))
    s.blob("main", (-0.95, 0.05), (-0.6, -0.5), (0.1, -0.55), (0.7, -0.05), (0.7, 0.08), (0.1, 0.55), (-0.6, 0.5))
    for x, half in ((-0.32, 0.37), (-0.02, 0.38), (0.26, 0.24)):
        s.blob("light", (x - 0.07, -half), (x + 0.07, -half), (x + 0.13, 0.0), (x + 0.07, half), (x - 0.07, half),
               (x - 0.01, 0.0))  # fmt: skip
    s.poly("accent", (-0.2, 0.05), (0.1, 0.28), (-0.12, 0.36))
    s.oval("light", -0.6, -0.1, 0.12)
    s.oval("dark", -0.61, -0.1, 0.065)
    for step in range(3):
        s.circle("accent", 0.04, -0.95 + rng.uniform(-0.05, 0.08), -0.3 - step * 0.24, 0.05 + 0.02 * step)


def tree(s: Sketch, rng: random.Random) -> None:
    """A broad leafy tree on a small rise."""
    s.blob("second", (-0.95, 1.0), (-0.5, 0.8), (0.5, 0.8), (0.95, 1.0))
    s.blob("dark", (-0.2, 0.95), (-0.1, 0.5), (-0.12, 0.0), (0.12, 0.0), (0.1, 0.5), (0.2, 0.95))
    s.line("dark", 0.08, (0.0, 0.45), (0.35, 0.1))
    s.line("dark", 0.08, (0.0, 0.35), (-0.35, 0.05))
    crowns = (
        (-0.5, -0.1, 0.38),
        (0.5, -0.1, 0.38),
        (-0.3, -0.5, 0.4),
        (0.32, -0.5, 0.4),
        (0.0, -0.25, 0.48),
        (0.0, -0.68, 0.3),
    )
    for x, y, r in crowns:
        s.oval("main", x, y, r, r * 0.9)
    for x, y, r in crowns[2:]:
        s.oval("second", x - 0.08, y - 0.1, r * 0.55, r * 0.45)
    for _ in range(9):
        angle, reach = rng.uniform(0, 2 * math.pi), rng.uniform(0.1, 0.58)
        s.oval("accent", reach * math.cos(angle), -0.32 + reach * 0.75 * math.sin(angle), 0.06)


def cactus(s: Sketch, rng: random.Random) -> None:
    """A cactus with two arms in a pot, a flower on top."""
    left, right = rng.uniform(-0.25, -0.05), rng.uniform(-0.1, 0.1)
    s.curve("main", 0.26, (-0.1, 0.3), (-0.6, 0.32), (-0.6, 0.1), (-0.6, left - 0.1))
    s.curve("main", 0.26, (0.1, 0.15), (0.6, 0.17), (0.6, -0.05), (0.6, right - 0.3))
    s.blob("main", (-0.27, 0.7), (-0.29, -0.5), (-0.2, -0.86), (0.2, -0.86), (0.29, -0.5), (0.27, 0.7))
    for x in (-0.13, 0.0, 0.13):
        s.line("light", 0.03, (x, -0.6), (x, 0.45))
    for side, top in ((-0.6, left), (0.6, right - 0.2)):
        s.line("light", 0.03, (side, top), (side, top + 0.22))
    for turn in range(5):
        angle = math.radians(turn * 72 - 90)
        s.oval("accent", 0.12 * math.cos(angle), -0.85 + 0.12 * math.sin(angle), 0.09)
    s.oval("light", 0.0, -0.85, 0.06)
    s.poly("second", (-0.42, 0.5), (0.42, 0.5), (0.32, 0.98), (-0.32, 0.98))
    s.poly("dark", (-0.48, 0.42), (0.48, 0.42), (0.48, 0.56), (-0.48, 0.56))


def sunflower(s: Sketch, rng: random.Random) -> None:
    """A sunflower with its seeds, a stem and two leaves."""
    s.curve("second", 0.1, (0.0, 0.0), (0.03, 0.5), (-0.04, 1.0))
    s.blob("second", (0.0, 0.75), (0.25, 0.4), (0.7, 0.45), (0.4, 0.75))
    s.blob("second", (0.0, 0.88), (-0.25, 0.55), (-0.7, 0.55), (-0.4, 0.88))
    start = rng.uniform(0, 25)
    for ring_of, role, reach in ((0, "main", 0.5), (1, "accent", 0.43)):
        for petal in range(14):
            turn = start + (petal + ring_of / 2) * 360 / 14
            x, y = math.cos(math.radians(turn)), math.sin(math.radians(turn))
            s.oval(role, reach * x, -0.3 + reach * y, 0.2, 0.095, turn=turn)
    s.oval("dark", 0.0, -0.3, 0.33)
    for step in range(1, 16):
        angle, reach = step * 2.4, 0.07 * step**0.5
        s.oval("second", reach * math.cos(angle), -0.3 + reach * math.sin(angle), 0.03)


def mushroom(s: Sketch, rng: random.Random) -> None:
    """A spotted mushroom with a small one beside it."""
    side = rng.choice((-1, 1))
    for x, y, size in ((side * 0.62, 0.55, 0.42), (side * -0.12, 0.0, 0.95)):
        s.blob(
            "light",
            (x - 0.17 * size, y),
            (x - 0.24 * size, y + size),
            (x + 0.24 * size, y + size),
            (x + 0.17 * size, y),
        )
        s.blob(
            "second", (x - 0.6 * size, y - 0.02), (x, y - 0.16 * size), (x + 0.6 * size, y - 0.02), (x, y + 0.16 * size)
        )
        s.blob("main", (x - 0.86 * size, y + 0.06 * size), (x - 0.75 * size, y - 0.55 * size),
               (x - 0.2 * size, y - size), (x + 0.2 * size, y - size), (x + 0.75 * size, y - 0.55 * size),
               (x + 0.86 * size, y + 0.06 * size), (x, y - 0.1 * size))  # fmt: skip
        for dx, dy, r in ((-0.42, -0.3, 0.11), (-0.08, -0.65, 0.13), (0.12, -0.3, 0.1), (0.42, -0.45, 0.09)):
            s.oval("light", x + dx * size, y + dy * size, r * size, r * size * 0.85)
    for blade in range(6):
        x = -0.8 + blade * 0.3
        s.poly("second", (x - 0.05, 1.0), (x + rng.uniform(-0.1, 0.1), 0.72), (x + 0.05, 1.0))


def moon(s: Sketch, rng: random.Random) -> None:
    """A crescent moon with craters and a thin halo."""
    width = rng.uniform(-0.06, 0.06)
    outer = ring(0.0, 0.0, 0.82, 0.82, 0, 40)[5:36]  # open to the right
    inner = ring(0.34 + width, 0.0, 0.6, 0.66, 0, 40)[6:35]
    s.circle("second", 0.03, 0.0, 0.0, 0.96)
    s.poly("main", *outer, *reversed(inner))
    for x, y, r in ((-0.52, -0.25, 0.1), (-0.6, 0.2, 0.07), (-0.28, 0.58, 0.09), (-0.3, -0.6, 0.06)):
        s.oval("second", x, y, r)
        s.oval("accent", x + 0.02, y + 0.02, r * 0.6)
