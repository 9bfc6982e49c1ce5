"""SASRec from a library: it learns what follows what, which no count of likes can tell."""

import random

import pytest

from evaluation.held_out import HeldOut
from evaluation.sasrec import SasrecSettings, sasrec_scores

pytest.importorskip("torch_rechub", reason="the baseline SASRec needs the extra `benchmarks`")
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")
ITEMS = [f"i{number}" for number in range(30)]


def walks(count, seed):
    """Everyone goes through the items in a circle, from a place of their own."""
    draw = random.Random(seed)
    return {
        f"u{number}": [ITEMS[(start + step) % 30] for step in range(draw.randint(4, 9))]
        for number, start in enumerate(draw.randrange(30) for _ in range(count))
    }


def test_what_comes_next_stands_first_for_people_never_seen():
    settings = SasrecSettings(dims=16, length=10, batch=32, rate=5e-3, epochs=40)
    lists = []
    for number, own in enumerate(walks(40, 2).values()):
        negatives = [one for one in ITEMS if one not in own][:12]
        lists.append(HeldOut(f"new{number}", tuple(own[:-1]), own[-1], tuple(negatives)))
    scores = sasrec_scores(walks(300, 1), ITEMS, lists, settings=settings)
    assert [len(own) for own in scores] == [13] * 40
    first = sum(max(own) == own[-1] for own in scores)
    assert first > 30  # by chance three
    assert sasrec_scores(walks(300, 1), ITEMS, lists, settings=settings) == scores
    [alone] = sasrec_scores(walks(300, 1), ITEMS, lists[:1], settings=settings)
    assert alone == pytest.approx(scores[0], abs=1e-4)


def test_an_item_nobody_knows_scores_nought_and_empty_histories_are_taken():
    settings = SasrecSettings(dims=8, length=10, epochs=5)
    asked = [HeldOut("a", (), "i1", ("new", "i2")), HeldOut("b", ("new", "i1"), "i2", ("new", "i3"))]
    scores = sasrec_scores(walks(20, 1), ITEMS, asked, settings=settings)
    assert scores[0][0] == scores[1][0] == 0.0
    assert sasrec_scores({"a": ["i1"]}, ITEMS, asked, settings=settings)
