"""Two small catalogues to say things about: films, and prints."""

from __future__ import annotations

from catalog.filters import Filter
from catalog.items import AttributeSpec, Catalogue, Item

FILM_SCHEMA = (
    AttributeSpec(name="year", kind="number", label="year", unit="year"),
    AttributeSpec(name="genres", kind="list", label="genre"),
    AttributeSpec(name="keywords", kind="list", label="keyword"),
    AttributeSpec(name="user_tags", kind="list", label="tag"),
)


PRINT_SCHEMA = (
    AttributeSpec(name="price", kind="number", label="price", unit="EUR"),
    AttributeSpec(name="width_cm", kind="number", label="size", unit="cm", aliases=("width",)),
    AttributeSpec(name="year", kind="number", label="year", unit="year"),
    AttributeSpec(name="edition", kind="number", label="edition", unit="prints", aliases=("print run", "copies")),
    AttributeSpec(name="paper", kind="list", label="paper"),
)


FILM_ROWS = [
    ("1", "Alien", 1979, "Horror|Sci-Fi", "aliens|space", "atmospheric"),
    ("2", "Aliens", 1986, "Action|Adventure|Horror|Sci-Fi", "aliens|marines", ""),
    ("3", "Toy Story", 1995, "Adventure|Animation|Children|Comedy|Fantasy", "toys|pixar animation", "pixar"),
    ("4", "The Matrix", 1999, "Action|Sci-Fi|Thriller", "computers|virtual reality", "robots"),
    ("5", "Up", 2009, "Adventure|Animation|Children|Drama", "old man|balloons", "pixar"),
    ("6", "It", 2017, "Horror", "clowns", ""),
    ("7", "The Silence of the Lambs", 1991, "Crime|Horror|Thriller", "serial killer", ""),
    ("8", "Batman", 1989, "Action|Crime|Thriller", "superhero", ""),
    ("9", "Batman", 1966, "Action|Adventure|Comedy", "superhero|campy", ""),
    ("10", "Singin' in the Rain", 1952, "Comedy|Musical|Romance", "dancing", ""),
    ("11", "Double Indemnity", 1944, "Crime|Drama|Film-Noir", "insurance", "noir"),
    ("12", "Seven (a.k.a. Se7en)", 1995, "Mystery|Thriller", "serial killer", ""),
    ("13", "The Umbrellas of Cherbourg (Parapluies de Cherbourg, Les)", 1964, "Drama|Musical|Romance", "umbrella", ""),
    ("14", "1984", 1984, "Drama|Sci-Fi", "dystopia", ""),
    ("15", "Léon: The Professional", 1994, "Action|Crime|Drama|Thriller", "hitman", ""),
    ("16", "Saving Private Ryan", 1998, "Action|Drama|War", "world war ii", ""),
    ("17", "Unforgiven", 1992, "Drama|Western", "revenge", ""),
    ("18", "Hoop Dreams", 1994, "Documentary", "basketball", ""),
    ("19", "Love Story", 1970, "Drama|Romance", "romantic comedy|love", "boring"),
    ("20", "The Others", 2001, "Drama|Horror|Mystery", "ghosts", ""),
    ("21", "Alien 3", 1992, "Action|Horror|Sci-Fi", "aliens", ""),
    ("22", "Old Silent", 1926, "Drama", "silent", ""),
]


PRINT_ROWS = [
    ("p1", "Quiet Harbour", 15, 20, 1964, 50, "cotton"),
    ("p2", "After the Rain", 40, 30, 1978, 100, "washi"),
    ("p3", "Small Hours", 85, 50, 1994, 250, "recycled"),
    ("p4", "The Long Way Home", 240, 100, 2021, 500, "cotton rag"),
    ("p5", "Untitled Evening", 60, 40, 2003, 30, "washi"),
]


def split_cell(cell: str) -> tuple[str, ...]:
    return tuple(word for word in cell.split("|") if word)


def _films() -> Catalogue:
    items = [
        Item(
            item_id=item_id,
            title=title,
            attributes={
                "year": float(year),
                "genres": split_cell(genres),
                "keywords": split_cell(keywords),
                "user_tags": split_cell(tags),
            },
        )
        for item_id, title, year, genres, keywords, tags in FILM_ROWS
    ]
    return Catalogue("films", FILM_SCHEMA, items)


def _prints() -> Catalogue:
    items = [
        Item(
            item_id=item_id,
            title=title,
            attributes={
                "price": float(price),
                "width_cm": float(width),
                "year": float(year),
                "edition": float(edition),
                "paper": (paper,),
            },
        )
        for item_id, title, price, width, year, edition, paper in PRINT_ROWS
    ]
    return Catalogue("prints", PRINT_SCHEMA, items)


FILMS, PRINTS = _films(), _prints()


SHOWN_FILMS = ("1", "4", "7", "10")


SHOWN_PRINTS = ("p1", "p2", "p3")


def told_filters(filters: tuple[Filter, ...]) -> set[str]:
    return {str(one) for one in filters}


def wanted_filters(text: str) -> set[str]:
    return {part.strip() for part in text.split(";") if part.strip()}
