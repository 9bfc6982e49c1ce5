"""What a checkpoint made of pictures is kept by content, within a bound, and never mistaken for anything else."""

import hashlib
import multiprocessing
import os

import pytest

from agents.asking import Rendered, message_of
from models.decisions import DecisionRequest, Predicate
from models.loading import load_chat, load_decider
from models.local import features, runtime
from models.local.feature_store import FeatureStore
from models.spec import ModelSpec
from tests.tiny import make_tiny_checkpoint, picture

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")
NAMES = ("red", "green", "blue")
COLOURS = {"red": (200, 60, 40), "green": (20, 160, 40), "blue": (30, 60, 220)}
QUESTIONS = [Predicate("A calm one?", name) for name in NAMES]


class Pictures:
    """Three of one colour each."""

    def read(self, name):
        return picture(COLOURS[name])


def hash_of(number):
    return hashlib.sha256(str(number).encode()).hexdigest()


@pytest.fixture
def kept(tmp_path):
    return FeatureStore(tmp_path / "features")


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    return make_tiny_checkpoint(tmp_path_factory.mktemp("tiny"))


@pytest.fixture
def looked(monkeypatch):
    """How often a tower was asked about a picture."""
    count = []
    really = features._look
    monkeypatch.setattr(features, "_look", lambda *given: (count.append(1), really(*given))[1])
    return count


def spec_of(checkpoint, **more):
    return ModelSpec(**{"backend": "local", "model": str(checkpoint), "max_tokens": 6, **more})


async def p_yes(checkpoint, kept, **more):
    decider = load_decider(spec_of(checkpoint, **more), Pictures(), kept)
    return [one.p_yes for one in (await decider.decide(DecisionRequest("Calm pictures.", QUESTIONS))).answers]


async def test_what_was_seen_gives_the_same_answers_as_looking(checkpoint, kept, looked):
    plain = await p_yes(checkpoint, None)
    assert not looked
    first = await p_yes(checkpoint, kept)
    assert first == pytest.approx(plain, abs=1e-6)
    count = len(looked)
    assert count >= len(NAMES)
    assert await p_yes(checkpoint, FeatureStore(kept.root)) == first  # to the bit
    assert len(looked) == count


async def test_chat_is_given_what_a_decision_saw(checkpoint, kept, looked):
    asked = [message_of(Rendered("1", "what is it?", ("blue",)), spec_of(checkpoint), Pictures())]
    expected = load_chat(spec_of(checkpoint)).invoke(asked).content
    await p_yes(checkpoint, kept)
    looked.clear()
    assert load_chat(spec_of(checkpoint), kept).invoke(asked).content == expected
    assert not looked


async def test_other_weights_other_sizes_and_other_numbers_look_for_themselves(checkpoint, kept, looked, tmp_path):
    await p_yes(checkpoint, kept)
    other = make_tiny_checkpoint(tmp_path / "other", seed=5)
    for given in ((other, {}), (checkpoint, {"picture_px": 40}), (checkpoint, {"dtype": "bfloat16"})):
        looked.clear()
        answers = await p_yes(given[0], kept, **given[1])
        assert len(looked) >= len(NAMES)
        assert answers == pytest.approx(await p_yes(given[0], None, **given[1]), abs=1e-6)


async def test_other_preparation_of_pictures_looks_anew(checkpoint, kept, looked):
    await p_yes(checkpoint, kept)
    spec = spec_of(checkpoint)
    loaded = runtime.load_runtime(spec)
    before = features.fingerprint_of(loaded, spec.picture_px)
    mean, loaded.processor.image_processor.image_mean = loaded.processor.image_processor.image_mean, [0.1, 0.2, 0.3]
    try:
        assert features.fingerprint_of(loaded, spec.picture_px) != before
    finally:
        loaded.processor.image_processor.image_mean = mean
    assert features.fingerprint_of(loaded, spec.picture_px) == before


@pytest.mark.parametrize(
    "damage", [lambda data: data[:-7], lambda data: b"", lambda data: data[:90] + b"\0" + data[91:]]
)
async def test_a_damaged_file_is_replaced(checkpoint, kept, looked, damage):
    expected = await p_yes(checkpoint, kept)
    files = [path for path in kept.root.rglob("*") if path.is_file()]
    whole = {path: path.read_bytes() for path in files}
    for path in files:
        path.write_bytes(damage(whole[path]))
    looked.clear()
    assert await p_yes(checkpoint, kept) == expected
    assert len(looked) >= len(NAMES)
    assert {path: path.read_bytes() for path in files} == whole


async def test_a_folder_that_cannot_be_written_only_costs_time(checkpoint, tmp_path, looked):
    (tmp_path / "file").write_text("in the way")
    expected = await p_yes(checkpoint, None)
    assert await p_yes(checkpoint, FeatureStore(tmp_path / "file" / "features")) == pytest.approx(expected, abs=1e-6)


def test_the_bound_is_kept_and_what_was_not_read_for_longest_goes(kept, tmp_path):
    small = FeatureStore(tmp_path / "small", max_bytes=1000)
    for number in range(8):
        small.put(hash_of(number), "f", bytes(68))  # with its digest 100
        os.utime(small._path(hash_of(number), "f"), (number, number))
    assert small.get(hash_of(0), "f") is not None  # read now, so the oldest is 1
    for number in range(8, 40):
        small.put(hash_of(number), "f", bytes(68))
        assert small.size() <= 1000
        assert small.get(hash_of(0), "f") is not None
    assert small.get(hash_of(1), "f") is None
    assert small.get(hash_of(39), "f") is not None
    small.put(hash_of(0), "g", bytes(2000))
    assert small.get(hash_of(0), "g") is None
    assert small.size() > 500  # what is larger than all room pushes nothing out


def test_nothing_is_kept_where_no_room_is_given(tmp_path, checkpoint):
    none = FeatureStore(tmp_path / "none", max_bytes=0)
    none.put(hash_of(1), "f", b"x")
    assert not none.root.exists()


def test_discarding_takes_what_every_checkpoint_saw_and_what_was_half_written(kept):
    for fingerprint in ("f", "g"):
        kept.put(hash_of(1), fingerprint, b"one")
        kept.put(hash_of(2), fingerprint, b"two")
    half = kept.root / hash_of(1)[:2] / f".new-{hash_of(1)}.f.seenx"
    half.write_bytes(b"hal")
    kept.discard(hash_of(1))
    assert not half.exists()
    assert kept.get(hash_of(1), "f") is kept.get(hash_of(1), "g") is None
    assert kept.get(hash_of(2), "f") == b"two"
    kept.discard(hash_of(1))
    kept.discard("../../etc/passwd")
    with pytest.raises(ValueError, match="no content hash"):
        kept.get("../../etc/passwd", "f")


def _work(root, number):
    store = FeatureStore(root, max_bytes=20_000)
    for turn in range(150):
        one = hash_of((turn * 7 + number) % 40)
        data = store.get(one, "f")
        if data not in (None, one.encode() * 12):
            os._exit(3)
        store.put(one, "f", one.encode() * 12)


def test_several_processes_share_it_and_none_reads_what_another_has_half_written(kept):
    context = multiprocessing.get_context("fork")
    workers = [context.Process(target=_work, args=(kept.root, number)) for number in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
        assert worker.exitcode == 0
    assert kept.size() <= 20_000 * (1 + 4 / 16)
    assert not list(kept.root.rglob(".new-*"))
