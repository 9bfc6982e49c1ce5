"""Outlines in unit coordinates: how a subject is told to a painter, whatever its style."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from itertools import pairwise

Point = tuple[float, float]


@dataclass(frozen=True)
class Shape:
    """One filled area or one stroke. x and y in about [-1, 1], y downwards.

    role: the field of `Palette` that colours it. width: of a stroke, in the same unit; 0 for a filled area.
    smooth: its corners are guides of a curve. closed: a stroke that returns to its start.
    """

    role: str
    points: tuple[Point, ...]
    width: float = 0.0
    smooth: bool = False
    closed: bool = True

    def outline(self, *, angular: bool = False) -> list[Point]:
        """The corners to draw; `angular` keeps the guides themselves, few and straight."""
        if not self.smooth:
            return list(self.points)
        if angular:
            many = len(self.points) >= 16
            return list(self.points[::2] if many and not self.width else self.points)
        points = list(self.points)
        for _ in range(2 if len(points) < 16 else 0):
            points = _cut_corners(points, closed=self.closed)
        return points


@dataclass
class Sketch:
    """Collects the shapes of a subject, back to front."""

    shapes: list[Shape] = field(default_factory=list)

    def poly(self, role: str, *points: Point) -> None:
        """A filled polygon with sharp corners."""
        self.shapes.append(Shape(role, points))

    def blob(self, role: str, *points: Point) -> None:
        """A filled area with a soft edge guided by the points."""
        self.shapes.append(Shape(role, points, smooth=True))

    def oval(self, role: str, x: float, y: float, rx: float, ry: float | None = None, *, turn: float = 0) -> None:
        """A filled ellipse around (x, y), turned by degrees clockwise."""
        self.shapes.append(Shape(role, ring(x, y, rx, rx if ry is None else ry, turn), smooth=True))

    def circle(self, role: str, width: float, x: float, y: float, r: float) -> None:
        """A stroke around a circle."""
        self.shapes.append(Shape(role, ring(x, y, r, r, 0), width, smooth=True))

    def line(self, role: str, width: float, *points: Point) -> None:
        """An open stroke with corners."""
        self.shapes.append(Shape(role, points, width, closed=False))

    def curve(self, role: str, width: float, *points: Point) -> None:
        """An open stroke that bends softly."""
        self.shapes.append(Shape(role, points, width, smooth=True, closed=False))


def ring(x: float, y: float, rx: float, ry: float, turn: float, corners: int = 20) -> tuple[Point, ...]:
    """The corners of an ellipse, clockwise from the right."""
    c, s = math.cos(math.radians(turn)), math.sin(math.radians(turn))
    points = []
    for step in range(corners):
        angle = 2 * math.pi * step / corners
        px, py = rx * math.cos(angle), ry * math.sin(angle)
        points.append((x + px * c - py * s, y + px * s + py * c))
    return tuple(points)


def _cut_corners(points: list[Point], *, closed: bool) -> list[Point]:
    """One round of Chaikin's corner cutting; an open line keeps its ends."""
    cut: list[Point] = []
    pairs = zip(points, points[1:] + points[:1], strict=True) if closed else pairwise(points)
    for (ax, ay), (bx, by) in pairs:
        cut.append((ax * 0.75 + bx * 0.25, ay * 0.75 + by * 0.25))
        cut.append((ax * 0.25 + bx * 0.75, ay * 0.25 + by * 0.75))
    return cut if closed else [points[0], *cut, points[-1]]
