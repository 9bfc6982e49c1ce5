"""Next-token logits at the end of many prompts: what they share is read once, the rest of each after it."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

from models.errors import ModelError
from models.local.architectures import picture_token
from models.local.features import placed
from models.local.packing import may_pack, packs, read_pack
from models.local.prefixes import lent
from models.local.rows import Row, counted, pictures_of, positions_of, shared_prefix, stacked
from models.local.runtime import Runtime

BATCH_TOKENS = 4096  # tokens run at once, padding included; bounds memory, not the answers
BATCH_ROWS = 32
TOLERANCE = {True: 1e-4, False: 2e-2}  # of a probability: float32, and shorter floats
log = logging.getLogger(__name__)


def read_rows(runtime: Runtime, rows: Sequence[Row], check: Any = lambda: None) -> tuple[list[Any], int]:
    """Give the logits over the whole vocabulary at the end of each row, and how many tokens were really read.

    check: called before each piece of work; raises to end it.
    """
    results: list[Any] = [None] * len(rows)
    together = [place for place, row in enumerate(rows) if _may_share(runtime, row)]
    read = 0
    if len(together) > 1:
        shared, count = _try_after_prefix(runtime, [rows[place] for place in together], check)
        kept = [place for place, logits in zip(together, shared, strict=True) if logits is not None]
        read += count if kept else 0
        for place, logits in zip(together, shared, strict=True):
            results[place] = logits
    for place, row in enumerate(rows):
        if results[place] is None:
            check()
            results[place] = _read_whole(runtime, row)
            read += len(row.ids)
    return results, read


def _may_share(runtime: Runtime, row: Row) -> bool:
    return runtime.shares_prefix is not False and (not row.pictures or runtime.shares_pictures is not False)


def _try_after_prefix(runtime: Runtime, rows: Sequence[Row], check: Any) -> tuple[list[Any], int]:
    """Read rows after their shared prefix; None for those whose kind turns out not to allow it.

    Once per checkpoint, for text and for pictures, the first such row is also read whole and compared.
    """
    import torch

    packed = _packs_rows(runtime, rows)
    try:
        logits, read = _read_after_prefix(runtime, rows, check)
        if packed and not _pack_proven(runtime, rows, logits):
            return _try_after_prefix(runtime, rows, check)
    except (ModelError, MemoryError, torch.OutOfMemoryError):
        raise
    except Exception as error:
        if packed and runtime.packs is None:
            runtime.packs = False
            _say_unpacked(runtime, str(error))
            return _try_after_prefix(runtime, rows, check)
        _give_up(runtime, rows, error)
        return [None] * len(rows), 0
    for pictured in (False, True):
        first = next((place for place, row in enumerate(rows) if bool(row.pictures) == pictured), None)
        known = runtime.shares_pictures if pictured else runtime.shares_prefix
        if first is not None and known is None:
            known = _is_exact(runtime, rows[first], logits[first])
            if pictured:
                runtime.shares_pictures = known
            else:
                runtime.shares_prefix = known
    allowed = {False: runtime.shares_prefix is not False, True: runtime.shares_pictures is not False}
    return [one if allowed[bool(row.pictures)] else None for row, one in zip(rows, logits, strict=True)], read


def _packs_rows(runtime: Runtime, rows: Sequence[Row]) -> bool:
    """Whether these rows are read in one row of the model; only where there is no picture."""
    if runtime.packs is None and not may_pack(runtime.model):
        runtime.packs = False
    return runtime.packs is not False and not any(row.pictures for row in rows)


def _pack_proven(runtime: Runtime, rows: Sequence[Row], logits: Sequence[Any]) -> bool:
    """Whether the last row of the first pack, which follows all others there, has the answer of reading it alone.

    Found out once per checkpoint, as soon as a pack holds several rows. What is not proven is read side by side.
    """
    if runtime.packs is None and _packs_rows(runtime, rows):
        first = packs(rows, shared_prefix(rows), runtime.device)[0]
        if len(first) > 1:
            difference = _difference(runtime, rows[first[-1]], logits[first[-1]])
            runtime.packs = difference <= TOLERANCE[runtime.exact]
            if not runtime.packs:
                _say_unpacked(runtime, f"differs by {difference:.1e}")
    return runtime.packs is not False


def _give_up(runtime: Runtime, rows: Sequence[Row], error: Exception) -> None:
    """Read one by one from now on what failed before it was ever shown to work; raises where it had worked."""
    pictured = any(row.pictures for row in rows)
    if pictured and runtime.shares_pictures is None:
        runtime.shares_pictures = False
    elif not pictured and runtime.shares_prefix is None:
        runtime.shares_prefix = False
    else:
        raise error
    which = "questions with pictures" if pictured else "questions"
    log.warning("%s cannot share a prefix (%s); its %s are read one by one", runtime.label, error, which)


def _say_unpacked(runtime: Runtime, why: str) -> None:
    log.warning("%s cannot take many questions in one row (%s); they are read side by side", runtime.label, why)


def _difference(runtime: Runtime, row: Row, logits: Any) -> float:
    """The largest difference of a token's probability from the one of reading the row alone."""
    return float((_read_whole(runtime, row).softmax(-1) - logits.softmax(-1)).abs().max())


def _is_exact(runtime: Runtime, row: Row, logits: Any) -> bool:
    difference = _difference(runtime, row, logits)
    exact = difference <= TOLERANCE[runtime.exact]
    if not exact:
        which = "questions with pictures" if row.pictures else "questions"
        log.warning(
            "%s cannot share a prefix (differs by %.1e); its %s are read one by one", runtime.label, difference, which
        )
    return exact


def _read_whole(runtime: Runtime, row: Row) -> Any:
    import torch

    ids = torch.tensor([row.ids], device=runtime.device)
    inputs = {**pictures_of(runtime, [row]), **placed(runtime, row.kinds)}
    return runtime.model(input_ids=ids, use_cache=False, logits_to_keep=1, **inputs).logits[0, -1].float().cpu()


def _read_after_prefix(runtime: Runtime, rows: Sequence[Row], check: Any) -> tuple[list[Any], int]:

    mark = picture_token(runtime.model)
    length = shared_prefix(rows, mark)
    inside = bool(rows[0].pictures) and mark in rows[0].ids[:length]
    where = [positions_of(runtime, row) for row in rows]
    cache, read = None, 0
    if length:
        check()
        cache, read = _read_prefix(runtime, rows[0], where[0], length, inside=inside)
    results: list[Any] = [None] * len(rows)
    packed = _packs_rows(runtime, rows)
    groups = packs(rows, length, runtime.device) if packed else _batches(rows, length, inside=inside)
    for places in groups:
        check()
        batch, own = [rows[place] for place in places], [where[place] for place in places]
        if packed:
            logits = read_pack(runtime, batch, own, length, cache)
        else:
            logits = _read_batch(runtime, batch, own, length, cache, inside=inside)
        for place, one in zip(places, logits, strict=True):
            results[place] = one
        read += sum(len(row.ids) - length for row in batch)
    return results, read


def _read_prefix(runtime: Runtime, row: Row, where: Any, length: int, *, inside: bool) -> tuple[Any, int]:
    """Give the cache after the first tokens of a row, and how many were really read: those of no earlier request.

    Kept for later requests where the prefix is text alone. inside: whether it holds the row's pictures.
    """
    import torch

    ids, known = row.ids[:length], None
    inputs = pictures_of(runtime, [row]) if inside else {}
    kinds = placed(runtime, {name: value[:, :length] for name, value in row.kinds.items()}) if inside else {}
    if not inside:
        known = runtime.prefixes.longest(ids)
    start = len(known.ids) if known else 0
    if known and start == length:
        return known.cache, 0
    cache = runtime.model(
        input_ids=torch.tensor([ids[start:]], device=runtime.device),
        position_ids=counted(where[:, None, start:length]).to(runtime.device),
        past_key_values=known.cache if known else None,
        use_cache=True,
        logits_to_keep=1,
        **inputs,
        **kinds,
    ).past_key_values
    if not inside:
        runtime.prefixes.keep(ids, cache)
    return cache, length - start


def _read_batch(
    runtime: Runtime, rows: Sequence[Row], where: Sequence[Any], length: int, cache: Any, *, inside: bool
) -> list[Any]:
    """Read what follows the prefix, side by side, padded on the right; what is padding nobody attends to.

    where: the positions of each row. inside: whether the pictures belong to the prefix and are read already.
    """
    import torch

    whole, count, device = max(len(row.ids) for row in rows), len(rows), runtime.device
    ids = torch.zeros((count, whole - length), dtype=torch.long)
    mask = torch.zeros((count, whole), dtype=torch.long)
    places = torch.zeros((where[0].shape[0], count, whole - length), dtype=torch.long)
    for number, row in enumerate(rows):
        mask[number, : len(row.ids)] = 1
        ids[number, : len(row.ids) - length] = torch.tensor(row.ids[length:])
        places[:, number, : len(row.ids) - length] = where[number][:, length:]
    own = lent(cache)
    if own is not None:
        own.batch_repeat_interleave(count)
    ends, which = torch.unique(torch.tensor([len(row.ids) - length - 1 for row in rows]), return_inverse=True)
    output = runtime.model(
        input_ids=ids.to(device),
        attention_mask=mask.to(device),
        position_ids=counted(places).to(device),
        past_key_values=own,
        use_cache=own is not None,
        logits_to_keep=ends.to(device),
        **({} if inside else pictures_of(runtime, rows)),
        **placed(runtime, stacked([row.kinds for row in rows])),
    )
    return [output.logits[number, which[number]].float().cpu() for number in range(count)]


def _batches(rows: Sequence[Row], length: int, *, inside: bool) -> list[list[int]]:
    """Group rows of one form and similar length, each group within the bounds."""

    def form(row: Row) -> str:
        return "" if inside else str([(name, value.shape[2:]) for name, value in row.pictures.items()])

    order = sorted(range(len(rows)), key=lambda place: (form(rows[place]), len(rows[place].ids)))
    batches: list[list[int]] = []
    for place in order:
        width = len(rows[place].ids) - length
        alike = batches and form(rows[batches[-1][0]]) == form(rows[place])
        if alike and len(batches[-1]) < BATCH_ROWS and (len(batches[-1]) + 1) * width <= BATCH_TOKENS:
            batches[-1].append(place)
        else:
            batches.append([place])
    return batches
