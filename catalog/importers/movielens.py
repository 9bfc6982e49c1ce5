"""MovieLens: the `ml-latest` files (movies.csv, ratings.csv, tags.csv), and a cut of them with posters.

The cut has items.csv (item_id, title, year, genres, keywords, user_tags, image) and interactions.csv.
Source: Harper and Konstan 2015, "The MovieLens Datasets", doi:10.1145/2827872.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from pathlib import Path
from typing import Final

from catalog.importers.plans import InteractionPlan, ItemPlan, attribute
from catalog.importers.reading import InteractionSource, ItemSource, read_all
from catalog.importers.report import ImportFailed, ImportResult, ProgressCallback, Refusals
from catalog.importers.tables import Row, Table
from catalog.pictures import PictureStore

TAGS_KEPT: Final = 8
_YEAR: Final = attribute("year", "number", unit="year", aliases=("released", "release year"))
_GENRES: Final = attribute("genres", "list", "genre", aliases=("genres", "genre", "kind of film"), separator="|")
_KEYWORDS: Final = attribute("keywords", "list", "keyword", aliases=("keywords", "about", "theme"), separator="|")
_USER_TAGS: Final = attribute("user_tags", "list", "tag", aliases=("tags", "tagged", "user tags"), separator="|")
_CUT: Final = frozenset({"item_id", "title", "year", "genres"})
_ORIGINAL: Final = frozenset({"movieId", "title", "genres"})
_ARTICLES: Final = "The|A|An|Le|La|Les|L'|El|Los|Las|Il|Lo|Gli|Der|Die|Das|Un|Une"
_TITLE_YEAR: Final = re.compile(r"(?P<title>.+?)\s*\((?P<year>(18|19|20)\d\d)(?:[-–]\d*)?\)\s*")
_ARTICLE_LAST: Final = re.compile(rf"(?P<rest>.+), (?P<article>{_ARTICLES})(?P<more>(?: \(.*)?)")


def is_movielens(folder: Path) -> bool:
    """Whether the folder holds MovieLens files of either shape."""
    return _has(folder / "movies.csv", _ORIGINAL) or (
        _has(folder / "items.csv", _CUT)
        and _has(folder / "interactions.csv", frozenset({"user_id", "item_id", "rating", "timestamp"}))
    )


def import_movielens(
    folder: Path, *, name: str, pictures: PictureStore, progress: ProgressCallback, refused: Refusals
) -> ImportResult:
    """Import films with year, genres, keywords, tags and ratings. Raises ImportFailed when there are no such files."""
    if _has(folder / "movies.csv", _ORIGINAL):
        items, interactions = _original(folder)
    elif _has(folder / "items.csv", _CUT):
        items, interactions = _cut(folder)
    else:
        what = f"{folder.name} has neither movies.csv (movieId, title, genres) nor items.csv with a year and genres"
        raise ImportFailed(what, "unpack a MovieLens archive and give its folder")
    return read_all(name, folder, [items], interactions, pictures=pictures, progress=progress, refused=refused)


def _cut(folder: Path) -> tuple[ItemSource, list[InteractionSource]]:
    table = Table(folder / "items.csv")
    known = [plan for plan in (_YEAR, _GENRES, _KEYWORDS, _USER_TAGS) if plan.column in table.columns]
    picture = "image" if "image" in table.columns else ""
    plan = ItemPlan("item_id", "title", picture=picture, attributes=tuple(known))
    ratings = InteractionPlan("user_id", "item_id", rating="rating", timestamp="timestamp")
    path = folder / "interactions.csv"
    return ItemSource(table, plan), [InteractionSource(Table(path), ratings)] if path.is_file() else []


def _original(folder: Path) -> tuple[ItemSource, list[InteractionSource]]:
    tags = _tags(folder / "tags.csv")
    attributes = (_YEAR, _GENRES, *([_USER_TAGS] if tags else []))

    def reshape(row: Row) -> Row:
        title, year = split_title(str(row.cells["title"]))
        genres = str(row.cells["genres"]).replace("(no genres listed)", "")
        film = str(row.cells["movieId"]).strip()
        cells = {"movieId": film, "title": title, "year": year, "genres": genres, "user_tags": tags.get(film, [])}
        return Row(row.line, cells)

    items = ItemSource(Table(folder / "movies.csv"), ItemPlan("movieId", "title", attributes=attributes), reshape)
    ratings = InteractionPlan("userId", "movieId", rating="rating", timestamp="timestamp")
    path = folder / "ratings.csv"
    return items, [InteractionSource(Table(path), ratings)] if path.is_file() else []


def split_title(text: str) -> tuple[str, str]:
    """The title with its article in front, and the year it ends with (empty when there is none).

    >>> split_title("Matrix, The (1999)")
    ('The Matrix', '1999')
    """
    match = _TITLE_YEAR.fullmatch(text.strip())
    title, year = (match["title"], match["year"]) if match else (text.strip(), "")
    moved = _ARTICLE_LAST.fullmatch(title)
    if moved:
        gap = "" if moved["article"].endswith("'") else " "
        title = f"{moved['article']}{gap}{moved['rest']}{moved['more']}"
    return title, year


def _tags(path: Path) -> dict[str, list[str]]:
    """The free tags of each film, most used first, at most eight."""
    if not path.is_file():
        return {}
    counts: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for row in Table(path).rows(Refusals()):
        tag = " ".join(str(row.cells.get("tag", "")).casefold().split())
        if tag:
            counts[str(row.cells.get("movieId", "")).strip()][tag] += 1
    return {film: [tag for tag, _ in used.most_common(TAGS_KEPT)] for film, used in counts.items()}


def _has(path: Path, columns: frozenset[str]) -> bool:
    return path.is_file() and columns <= set(Table(path).columns)
