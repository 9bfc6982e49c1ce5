"""A pool of drawn prints to learn from, kept on disk so that drawing is paid for once."""

from __future__ import annotations

import argparse
import json
import random
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from catalog.demo.drawing import draw
from catalog.demo.looks import ASPECTS, Look, random_look
from training.tokens import PICTURE_SIDE

DRAWN_SIDE = 256  # the size the shop keeps its pictures in; the processor makes them smaller, and so do we


@dataclass(frozen=True)
class PicturePool:
    """Drawn prints and how they look, in step. pixels: (n, side, side, 3) uint8."""

    looks: tuple[Look, ...]
    pixels: Any

    def __len__(self) -> int:
        return len(self.looks)


def small_picture(look: Look, *, seed: int) -> Any:
    """The picture as the model's processor sees it before normalizing: (side, side, 3) uint8, bicubic from 256 px."""
    picture = draw(look, seed=seed, size=DRAWN_SIDE)
    return np.asarray(picture.resize((PICTURE_SIDE, PICTURE_SIDE), Image.Resampling.BICUBIC), dtype=np.uint8)


def write_pool(folder: Path, *, count: int, seed: int) -> None:
    """Draw `count` prints of evenly drawn looks into `folder`: pixels.npy, and looks.json written last."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = random.Random(seed)
    looks = [random_look(rng) for _ in range(count)]
    pixels = np.lib.format.open_memmap(
        folder / "pixels.npy", mode="w+", dtype=np.uint8, shape=(count, PICTURE_SIDE, PICTURE_SIDE, 3)
    )
    for number, look in enumerate(looks):
        pixels[number] = small_picture(look, seed=seed * 1_000_003 + number)
    pixels.flush()
    values = [[look.value(aspect) for aspect in ASPECTS] for look in looks]
    (folder / "looks.json").write_text(json.dumps(values), encoding="utf-8")


def open_pool(folder: Path, *, count: int, seed: int) -> PicturePool:
    """The pool in `folder`, drawn first where it is missing or incomplete."""
    if not (folder / "looks.json").is_file():
        write_pool(folder, count=count, seed=seed)
    looks = tuple(Look(*values) for values in json.loads((folder / "looks.json").read_text(encoding="utf-8")))
    return PicturePool(looks, np.load(folder / "pixels.npy", mmap_mode="r"))


def main() -> None:
    """Draw a pool from the command line, so that it can be ready before training starts."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--count", type=int, default=12_000)
    parser.add_argument("--seed", type=int, default=7)
    given = parser.parse_args()
    write_pool(given.folder, count=given.count, seed=given.seed)


if __name__ == "__main__":
    main()
