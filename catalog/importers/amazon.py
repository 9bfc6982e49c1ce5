"""Amazon Reviews 2023: `meta_<Category>.jsonl` and `<Category>.jsonl`, gzipped or not.

Nothing is fetched: the main picture is taken only when a file is there, named by item id or as in its address.
Source: Hou et al. 2024, "Bridging Language and Items for Retrieval and Recommendation", arXiv 2403.03952.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from catalog.importers.building import PictureFolder
from catalog.importers.plans import InteractionPlan, ItemPlan, attribute
from catalog.importers.reading import InteractionSource, ItemSource, read_all
from catalog.importers.report import ImportFailed, ImportResult, ProgressCallback, Refusals
from catalog.importers.tables import Row, Table
from catalog.pictures import PictureStore

_PLAN: Final = ItemPlan(
    "parent_asin",
    "title",
    text=("features", "description"),
    picture="picture",
    attributes=(
        attribute("price", "number", unit="USD", aliases=("cost", "costs")),
        attribute("categories", "list", "category", aliases=("categories", "kind")),
        attribute("brand", "text", aliases=("maker", "make")),
        attribute("store", "text", aliases=("shop", "seller", "sold by")),
        attribute("department", "text", aliases=("main category",)),
        attribute("average_rating", "number", "average rating", aliases=("rating", "stars")),
        attribute("rating_number", "number", "number of ratings", aliases=("ratings", "reviews")),
    ),
)
_REVIEWS: Final = InteractionPlan("user_id", "parent_asin", rating="rating", timestamp="timestamp")


def is_amazon(path: Path) -> bool:
    """Whether the file, or a `meta_*.jsonl` of the folder, has rows with a `parent_asin` and a title."""
    metas = [path] if path.is_file() else _metas(path)
    return any(
        Table(meta).kind == "json" and {"parent_asin", "title"} <= set(Table(meta).columns) for meta in metas[:1]
    )


def import_amazon(
    path: Path, *, name: str, pictures: PictureStore, progress: ProgressCallback, refused: Refusals
) -> ImportResult:
    """Import the items of a meta file, or of all in a folder, with the reviews beside them.

    Raises ImportFailed when there is no meta file.
    """
    folder = path if path.is_dir() else path.parent
    metas = _metas(path) if path.is_dir() else [path]
    if not metas:
        what = f"{path.name} has no meta_*.jsonl or meta_*.jsonl.gz"
        raise ImportFailed(what, "put the item metadata beside the reviews")
    reshape = _reshaping(PictureFolder(folder, pictures))
    items = [ItemSource(Table(meta), _PLAN, reshape) for meta in metas]
    reviews = [found for meta in metas if (found := _reviews(meta)) is not None]
    interactions = [InteractionSource(Table(review), _REVIEWS) for review in reviews]
    return read_all(name, folder, items, interactions, pictures=pictures, progress=progress, refused=refused)


def _reshaping(pictures: PictureFolder) -> Callable[[Row], Row]:
    def reshape(row: Row) -> Row:
        cells = row.cells
        details = _details(cells.get("details"))
        item_id = str(cells.get("parent_asin", ""))
        picture = pictures.named(item_id, *_picture_stems(cells.get("images")))
        plain = {
            "parent_asin": item_id,
            "title": _plain(cells.get("title")),
            "features": _plain(cells.get("features")),
            "description": _plain(cells.get("description")),
            "price": cells.get("price"),
            "categories": _plain(cells.get("categories")),
            "brand": _plain(details.get("Brand") or details.get("Brand Name")),
            "store": _plain(cells.get("store")),
            "department": _plain(cells.get("main_category")),
            "average_rating": cells.get("average_rating"),
            "rating_number": cells.get("rating_number"),
            "picture": str(picture) if picture is not None else None,
        }
        return Row(row.line, plain)

    return reshape


def _plain(value: Any) -> Any:
    """Text without markup."""
    if isinstance(value, list):
        return [_plain(part) for part in value]
    if isinstance(value, str):
        return html.unescape(re.sub(r"<[^<>]{1,200}>", " ", value))
    return value


def _details(value: Any) -> dict[str, Any]:
    """The table of details, which some copies carry as JSON text."""
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            return {}
    return value if isinstance(value, dict) else {}


def _picture_stems(images: Any) -> list[str]:
    """The file names, without ending, that the main picture has in its addresses."""
    if isinstance(images, dict):  # some copies turn the list of records into a record of lists
        images = [{size: found[0] for size, found in images.items() if isinstance(found, list) and found}]
    if not isinstance(images, list):
        return []
    records = [image for image in images if isinstance(image, dict)]
    main = next((image for image in records if image.get("variant") == "MAIN"), records[0] if records else {})
    addresses = [main.get(size) for size in ("large", "hi_res", "thumb")]
    return [Path(urlsplit(address).path).stem for address in addresses if isinstance(address, str)]


def _metas(folder: Path) -> list[Path]:
    return sorted({*folder.glob("meta_*.jsonl"), *folder.glob("meta_*.jsonl.gz")})


def _reviews(meta: Path) -> Path | None:
    """The reviews of the same category, if they lie beside the items."""
    category = meta.name.removeprefix("meta_").split(".jsonl")[0]
    names = [f"{category}{suffix}" for suffix in (".jsonl", ".jsonl.gz", ".csv", ".csv.gz")]
    found = [meta.with_name(name) for name in names if name != meta.name]
    return next((path for path in found if path.is_file()), None)
