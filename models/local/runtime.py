"""A checkpoint loaded once and shared: one model, one worker thread that runs it, one processor."""

from __future__ import annotations

import copy
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from models.errors import ModelError, ModelMisconfigured
from models.local.architectures import check_supported, may_share_pictures, takes_pictures
from models.local.processors import load_processor
from models.manifest import check_fit
from models.spec import ModelSpec

if TYPE_CHECKING:
    from models.local.constrained import Grammars
    from models.local.gathering import Gathering
    from models.local.prefixes import Prefixes

T = TypeVar("T")
REPOSITORY = Path(__file__).resolve().parents[2]
_loaded: dict[tuple[str, str | None, str, str], Runtime] = {}
_loading = threading.Lock()


class Stop:
    """A flag that ends a running model call at its next token or batch."""

    def __init__(self) -> None:
        self._event = threading.Event()

    def set(self) -> None:
        """Ask the call to end."""
        self._event.set()

    def is_set(self) -> bool:
        """Whether the call was asked to end."""
        return self._event.is_set()

    @staticmethod
    def all_of(stops: Sequence[Stop]) -> Stop:
        """A flag that is set once all of these are."""
        return stops[0] if len(stops) == 1 else _AllStopped(stops)


class _AllStopped(Stop):
    def __init__(self, stops: Sequence[Stop]) -> None:
        self._stops = stops

    def set(self) -> None:
        for stop in self._stops:
            stop.set()

    def is_set(self) -> bool:
        return all(stop.is_set() for stop in self._stops)


@dataclass
class Runtime:
    """A loaded checkpoint.

    processor: turns conversations into token ids and pixels; a bare tokenizer for a text-only model. decide_processor:
    a copy for decisions, which add sentinel tokens to their tokenizer. decision_config: the checkpoint's own settings
    for decisions. dtype float32 makes it `exact`. All work goes through `submit`: one
    thread, so calls queue and never share the model at the same time.
    """

    label: str
    model: Any
    processor: Any
    decide_processor: Any
    decision_config: Any
    device: str
    exact: bool
    shares_prefix: bool | None = None  # None until the first decision has checked it
    shares_pictures: bool | None = None  # the same for questions with pictures
    packs: bool | None = None  # whether many questions may stand in one row; None until that was checked
    worker: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(1, thread_name_prefix="palate-model"))
    _fingerprints: dict[int, str] = field(default_factory=dict)

    @property
    def tokenizer(self) -> Any:
        """The tokenizer of the processor."""
        return getattr(self.processor, "tokenizer", self.processor)

    @property
    def sees(self) -> bool:
        """Whether the checkpoint takes pictures."""
        return getattr(self.processor, "image_processor", None) is not None

    @property
    def context_tokens(self) -> int | None:
        """How many tokens the model takes, or None where its settings do not say."""
        config = self.model.config.get_text_config()
        limit = getattr(config, "max_position_embeddings", None)
        return int(limit) if limit else None

    @property
    def end_ids(self) -> tuple[int, ...]:
        """The tokens that end a reply; none where the checkpoint's settings name none."""
        ends = self.model.generation_config.eos_token_id
        return () if ends is None else tuple(ends) if isinstance(ends, list) else (ends,)

    def fingerprint(self, picture_px: int) -> str:
        """What tells this checkpoint's view of pictures from any other's; worked out once, as the weights stay."""
        from models.local.features import fingerprint_of

        if picture_px not in self._fingerprints:
            self._fingerprints[picture_px] = fingerprint_of(self, picture_px)
        return self._fingerprints[picture_px]

    @cached_property
    def grammars(self) -> Grammars:
        """The schemas its replies are held to. Raises ModelMisconfigured where it cannot be held to any."""
        from models.local.constrained import Grammars

        return Grammars(self.label, self.tokenizer, self.end_ids)

    @cached_property
    def prefixes(self) -> Prefixes:
        """What earlier requests' shared beginnings came to."""
        from models.local.prefixes import Prefixes

        return Prefixes()

    @cached_property
    def gathering(self) -> Gathering:
        """Where replies wait that may be written together."""
        from models.local.gathering import Gathering

        return Gathering(self)

    def submit(self, work: Callable[..., T], *args: Any) -> Future[T]:
        """Queue work on the model's thread; every exception arrives as a ModelError."""
        return self.worker.submit(self.run, work, *args)

    def run(self, work: Callable[..., T], *args: Any) -> T:
        """Do work that is on the model's thread already; every exception arrives as a ModelError."""
        import torch

        try:
            with torch.inference_mode():
                return work(*args)
        except ModelError:
            raise
        except torch.cuda.OutOfMemoryError as error:
            remedy = "choose a smaller model, `dtype: bfloat16` or `device: cpu`"
            raise ModelMisconfigured(self.label, "the device is out of memory", remedy) from error
        except MemoryError as error:
            raise ModelMisconfigured(self.label, "memory is exhausted", "choose a smaller model") from error
        except Exception as error:
            detail = f"the model failed: {_first_line(error)}"
            raise ModelMisconfigured(self.label, detail, "check that the checkpoint is complete") from error

    def check_length(self, tokens: int) -> None:
        """Refuse a prompt that the model cannot take whole. Raises ModelMisconfigured."""
        limit = self.context_tokens
        if limit is not None and tokens > limit:
            detail = f"the prompt takes {tokens} tokens and the model {limit}"
            raise ModelMisconfigured(self.label, detail, "shorten the text or choose a model with a longer context")


def load_runtime(spec: ModelSpec) -> Runtime:
    """Give the runtime of a local spec, loading it on first use; the same files, device and dtype are loaded once.

    Raises ModelMisconfigured when the checkpoint or adapter is missing, broken or not of a kind we can run, or when
    the packages for local models are not installed.
    """
    key = (spec.model, spec.adapter, spec.device, spec.dtype)
    with _loading:
        if key not in _loaded:
            _loaded[key] = _load(spec)
        return _loaded[key]


def _load(spec: ModelSpec) -> Runtime:
    try:
        import torch
        from transformers import AutoConfig
        from transformers.decision import DecisionConfig
        from transformers.utils import logging as transformers_logging
    except ImportError as error:
        remedy = 'install them with `pip install "palate[local]"`'
        raise ModelMisconfigured(spec.label, "the packages for local models are missing", remedy) from error
    transformers_logging.disable_progress_bar()
    transformers_logging.set_verbosity_error()
    source, hub = _locate(spec.model, spec.label, "checkpoint")
    device = _device(spec.device, spec.label)
    files = {} if hub else {"local_files_only": True}
    try:
        config = AutoConfig.from_pretrained(source, **files)
        processor, sees = load_processor(source, config, files, spec.label), takes_pictures(config)
        check_supported(config, processor, sees=sees, label=spec.label)
        model = _load_model(source, config, files, _dtype(spec.dtype, device)).to(device).eval()
        decision_config = DecisionConfig.from_pretrained(source, **files)
        adapter = _locate(spec.adapter, spec.label, "adapter")[0] if spec.adapter else None
        check_fit(spec, source, adapter, processor, decision_config)
        if spec.adapter:
            model = _with_adapter(model, spec)
    except ModelError:
        raise
    except Exception as error:
        remedy = "check that `model` names a complete image-text-to-text or text-generation checkpoint"
        raise ModelMisconfigured(spec.label, f"it cannot be loaded ({_first_line(error)})", remedy) from error
    exact = next(model.parameters()).dtype == torch.float32
    runtime = Runtime(spec.label, model, processor, copy.deepcopy(processor), decision_config, device, exact)
    if sees and not may_share_pictures(config, label=spec.label):
        runtime.shares_pictures = False
    return runtime


def _load_model(source: str, config: Any, files: dict[str, Any], dtype: Any) -> Any:
    from transformers import AutoModelForCausalLM, AutoModelForImageTextToText

    loader = AutoModelForImageTextToText if takes_pictures(config) else AutoModelForCausalLM
    return loader.from_pretrained(source, config=config, dtype=dtype, **files)


def _with_adapter(model: Any, spec: ModelSpec) -> Any:
    try:
        from peft import PeftModel
    except ImportError as error:
        remedy = 'install it with `pip install "palate[local]"`'
        raise ModelMisconfigured(spec.label, "adapters need the package `peft`", remedy) from error
    source, _ = _locate(str(spec.adapter), spec.label, "adapter")
    try:
        return PeftModel.from_pretrained(model, source).merge_and_unload().eval()
    except Exception as error:
        remedy = "check that `adapter` is a LoRA folder trained for this checkpoint"
        raise ModelMisconfigured(spec.label, f"its adapter does not fit ({_first_line(error)})", remedy) from error


def _locate(name: str, label: str, what: str) -> tuple[str, bool]:
    """Give where to load from, and whether that is the hub. A folder is looked for here, then in the repository."""
    for folder in (Path(name).expanduser(), REPOSITORY / name):
        if folder.is_dir():
            return str(folder), False
    is_hub_id = name.count("/") == 1 and not name.startswith((".", "/", "~", "checkpoints/"))
    if not is_hub_id:
        remedy = f"write the path of a folder, or a hub id such as `HuggingFaceTB/SmolVLM-500M-Instruct`, as {what}"
        raise ModelMisconfigured(label, f"there is no folder {name!r}", remedy)
    return name, True


def _device(name: str, label: str) -> str:
    import torch

    if name == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    if name.startswith("cuda") and not torch.cuda.is_available():
        raise ModelMisconfigured(label, f"there is no device {name!r} here", "write `device: auto` or `device: cpu`")
    try:
        return str(torch.device(name))
    except RuntimeError as error:
        raise ModelMisconfigured(
            label, f"{name!r} is not a device", "write `device: auto`, `device: cpu` or `device: cuda:0`"
        ) from error


def _dtype(name: str, device: str) -> Any:
    """Give the torch dtype: on a CPU `auto` is float32, which is exact and as fast; elsewhere that of the weights."""
    import torch

    if name == "auto":
        return torch.float32 if device == "cpu" else "auto"
    return getattr(torch, name)


def _first_line(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:200]
