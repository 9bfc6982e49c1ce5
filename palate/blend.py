"""`palate blend`: fit the last step of the ranking on what people liked, and tell how well it does."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated

import typer

from palate.failures import Mistake
from palate.options import CatalogueOption, JsonOption, ProfileOption, SetOption, load

if TYPE_CHECKING:
    from graphs.blends import StoredBlend

app = typer.Typer(name="blend", help="The fitted blend: how the signals of a candidate add up.", no_args_is_help=True)

_METRICS = {"auc": "AUC", "hr@5": "HR@5", "mrr@5": "MRR@5", "ndcg@5": "NDCG@5"}


@app.command("fit")
def fit(
    catalogue: CatalogueOption = None,
    profile: ProfileOption = None,
    lists: Annotated[int, typer.Option(min=30, help="Most people to fit on, and to test on.")] = 5000,
    judged: Annotated[int, typer.Option(min=0, help="Lists that the recommender's model judges too; 0 for none.")] = 60,
    seed: Annotated[int, typer.Option(help="Draws people and negatives.")] = 0,
    as_json: JsonOption = False,
    settings: SetOption = None,
) -> None:
    """Learn from a catalogue's log how its signals add up, and rank by that from now on.

    Fitted on everyone's last liking but one among 20 items drawn evenly, with what was known before it; tested on the
    last one, which the fit does not see. Prints the figures with 95 % bootstrap intervals and the reliability table.
    The model's p(yes) counts as far as it helps on the lists it judges.
    """
    from evaluation.blend import TooFewLists
    from evaluation.fitting import fit_and_keep
    from graphs.services import Services
    from palate.keeping import keep_blend
    from palate.progress import bars

    loaded = load(profile, settings, keys_required=judged > 0)
    services = Services.open(loaded.profile)
    try:
        name = catalogue or loaded.profile.catalogue
        with bars() as report:
            stored = fit_and_keep(services, name, lists=lists, judged=judged, seed=seed, report=report)
    except TooFewLists as error:
        what, _, remedy = str(error).partition("; ")
        raise Mistake(what, remedy) from error
    finally:
        services.close()
    keep_blend(loaded.profile.stores.results, stored)
    _tell(stored, as_json=as_json)


@app.command("show")
def show(
    catalogue: CatalogueOption = None,
    profile: ProfileOption = None,
    as_json: JsonOption = False,
    settings: SetOption = None,
) -> None:
    """Show the fitted blend of a catalogue: its parts, its figures, and how far its probabilities can be trusted."""
    from graphs.blends import BlendStore
    from memory.database import open_engine
    from memory.event_log import EventLog

    loaded = load(profile, settings, keys_required=False)
    name, stores = catalogue or loaded.profile.catalogue, loaded.profile.stores
    stored = BlendStore(stores.blends).read(name)
    if stored is None:
        raise Mistake(f"no blend was fitted for {name!r}, so the declared weights rank", f"palate blend fit -c {name}")
    log = EventLog(open_engine(stores.database_url))
    same = stored.log.still_in(log, name)
    state = "in use" if same else "not used: it was fitted on another log; fit it again"
    if loaded.profile.recommend.blend == "declared":
        state = "not used: recommend.blend is declared"
    _tell(stored, as_json=as_json, state=state)


def _tell(stored: StoredBlend, *, as_json: bool, state: str = "in use") -> None:
    if as_json:
        record = stored.model_dump(mode="json", exclude={"log": {"sample"}, "learned": True})
        print(json.dumps(record | {"state": state}, ensure_ascii=False))
        return
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console(highlight=False)
    head = f"The blend of {stored.catalogue!r}, fitted {stored.fitted_at:%Y-%m-%d %H:%M} on {stored.fitted_on:,} lists"
    console.print(Text(f"{head} from {stored.log.events:,} events: {state}"))
    figures = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    for column in (f"on {stored.tested_on:,} lists", *_METRICS.values(), "worth"):
        figures.add_column(column)
    for scorer, own in stored.figures.items():
        cells = [f"{own[m]['mean']:.4f} [{own[m]['low']:.4f}, {own[m]['high']:.4f}]" for m in _METRICS if m in own]
        part = scorer.removesuffix(" alone")
        figures.add_row(scorer, *cells, "" if part == scorer else _worth(stored.worth, part))
    console.print(figures)
    told = ", ".join(f"{part} {_worth(stored.worth_told, part)}" for part in stored.worth_told) or "nothing"
    console.print(Text(f"worth for items that nobody has liked yet: {told}"))
    console.print(Text(_of_the_model(stored)))
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    for column in ("said", "candidates", "mean", "were liked"):
        table.add_column(column, justify="right")
    for one in stored.reliability:
        said = f"{one['low']:.2f} to {one['high']:.2f}"
        table.add_row(said, f"{one['candidates']:,.0f}", f"{one['said']:.4f}", f"{one['were']:.4f}")
    console.print(table)
    console.print(Text(f"expected calibration error {stored.calibration_error:.4f}"))


def _worth(worth: Mapping[str, float], part: str) -> str:
    return f"{worth[part]:.4f}" if part in worth else "left out"


def _of_the_model(stored: StoredBlend) -> str:
    judged = stored.blend.judged
    if judged is None:
        return "no model judged any list, so its p(yes) does not count beside these signals"
    if not judged.weight:
        return f"{judged.model} judged {judged.lists} lists and adds nothing there, so its p(yes) does not count"
    counts = f"its log odds count {judged.weight:.2f}, those of the signals {judged.signals:.2f}"
    return f"{judged.model} judged {judged.lists} lists: {counts}"
