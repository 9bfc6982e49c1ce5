"""A run reads what the candidates of a person share once, learns the same by it, and knows where it must not."""

import json
import shutil
from dataclasses import replace

import pytest
import torch
from safetensors.torch import load_file

from catalog.pictures import PictureStore
from models.manifest import MANIFEST_FILE, read_manifest
from tests.finetune_shop import copied, open_shop, prepared_run, settings, train
from tests.tiny import CHAT_TEMPLATE, make_tiny_checkpoint, tiny_tokenizer
from training.finetune.adapters import trainable_model
from training.finetune.base import load_model, open_base
from training.finetune.collate import IGNORED
from training.finetune.errors import TrainingRefused
from training.finetune.examples import Candidates, Written
from training.finetune.files import load_prepared
from training.finetune.settings import TrainSettings
from training.finetune.shared_prefix import MASK, SharedPrefix
from training.finetune.together import batches_for
from training.finetune.trainer import make_trainer


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    return make_tiny_checkpoint(tmp_path_factory.mktemp("tiny"))


@pytest.fixture(scope="module")
def fresh(home, tiny, tmp_path_factory):
    """A prepared run of decisions and pictures put into words; copy it."""
    session = open_shop(home)
    run, _ = prepared_run(session, settings(tiny, dropout=0.0), tmp_path_factory.mktemp("runs") / "fresh")
    session.services.close()
    return run


def collator(run, home, model=None, more=(), **changes):
    """The batches of a prepared run and more examples, all of these, and what turns them into rows."""
    chosen = TrainSettings.read(run).model_copy(update=changes)
    base, examples = open_base(chosen), [*load_prepared(run).train, *more]
    encoder = base.encoder(PictureStore(home / "pictures"))
    model = model if model is not None else trainable_model(base, chosen)
    given = {"pad_id": base.tokenizer.pad_token_id, "dtype": torch.float32}
    return batches_for(model, examples, encoder, chosen, **given), examples, encoder


def trained(run, home, **changes):
    """The adapter after the last step, the figures of each step, and what the manifest says."""
    chosen = TrainSettings.read(run).model_copy(update=changes)
    base, prepared, pictures = open_base(chosen), load_prepared(run), PictureStore(home / "pictures")
    model = trainable_model(base, chosen)
    trainer = make_trainer(
        base, model, base.encoder(pictures), chosen, prepared.train, prepared.validation, pictures, run
    )
    start = {name: weight.detach().clone() for name, weight in model.named_parameters() if weight.requires_grad}
    trainer.args.load_best_model_at_end = False  # the last weights, whichever rank best
    trainer.train()
    trainer.close()
    moved = {name: weight.detach() - start[name] for name, weight in model.named_parameters() if weight.requires_grad}
    return moved, [one for one in trainer.state.log_history if "loss" in one], trainer.batches.how


def test_the_same_is_learned_from_fewer_tokens(fresh, home, tmp_path):
    given = {"steps": 4, "groups": 2, "evaluate_every": 4}
    apart, logs, how = trained(copied(fresh, tmp_path / "apart"), home, shared_prefix="never", **given)
    together, fewer, now = trained(copied(fresh, tmp_path / "together"), home, shared_prefix="always", **given)
    assert (how, now) == ("apart: as asked", "together")
    assert apart.keys() == together.keys()
    for name, moved in apart.items():
        assert float(moved.norm()) > 1e-3, name
        assert float((together[name] - moved).norm()) <= 1e-3 * float(moved.norm()), name
    assert [one["loss"] for one in fewer] == pytest.approx([one["loss"] for one in logs], rel=1e-4)
    assert fewer[-1]["num_tokens"] < 0.6 * logs[-1]["num_tokens"]


def test_only_the_answers_are_learned_and_all_of_them(fresh, home):
    batches, examples, encoder = collator(fresh, home)
    groups = [one for one in examples if isinstance(one, Candidates)][:2]
    batch = batches([{"example": examples.index(one)} for one in groups])
    answers = [[token for row in encoder.rows(one) for token in row.ids[-row.answer :]] for one in groups]
    for name in ("labels", "shift_labels"):
        assert [[token for token in row if token != IGNORED] for row in batch[name].tolist()] == answers
    places = batch["labels"].ne(IGNORED).nonzero()[:, 1].tolist()
    assert [place - 1 for place in places] == [
        place
        for row, kept in zip(batch["answer_places"].tolist(), batch["shift_labels"].ne(IGNORED).tolist(), strict=True)
        for place, learned in zip(row, kept, strict=True)
        if learned
    ]
    batches.close()


def test_the_limit_is_that_of_a_row_and_a_group_may_be_longer(home, tiny, tmp_path):
    """Places are counted in a row alone, so a model reads a group longer than its context without meeting its end."""
    session = open_shop(tmp_path / "home")
    given = {"shared_prefix": "always", "lists": 1, "list_negatives": 1, "targets_per_user": 1}
    run, _ = prepared_run(session, settings(tiny, **given), tmp_path / "run")
    found = load_prepared(run)
    lists = [one.candidates for ones in (found.validation, *found.tests.values()) for one in ones]
    encoder = open_base(settings(tiny)).encoder(session.services.pictures)
    longest = max(len(row.ids) for one in (*found.train, *lists) for row in encoder.rows(one))
    with pytest.raises(TrainingRefused, match=f"take more than {longest - 1} tokens, the longest {longest}"):
        prepared_run(session, settings(tiny, max_tokens=longest - 1, **given), tmp_path / "no")
    session.services.close()
    short = shutil.copytree(tiny, tmp_path / "short")
    config = json.loads((short / "config.json").read_text())
    config["text_config"]["max_position_embeddings"] = longest
    (short / "config.json").write_text(json.dumps(config))
    batches, examples, _ = collator(run, tmp_path / "home", base=str(short))
    batch = batches([{"example": number} for number in range(len(examples))])
    assert batch["input_ids"].shape[1] > longest
    assert batch["position_ids"].max() < longest
    batches.close()


def test_a_run_that_may_reads_together_and_says_so(fresh, home, tmp_path):
    run = copied(fresh, tmp_path / "run")
    assert TrainSettings.read(run).shared_prefix == "auto"
    train(run, home, steps=2)
    manifest = read_manifest(run / "model" / MANIFEST_FILE)
    assert manifest.training["rows_read"] == "together"
    assert manifest.settings["shared_prefix"] == "auto"
    assert load_file(run / "model" / "adapter_model.safetensors")


def blind(model):
    """The model, made to read otherwise than it says: nobody is kept from looking at a neighbour."""
    decoder = model.get_base_model().get_decoder() if hasattr(model, "get_base_model") else model.get_decoder()
    return decoder.register_forward_pre_hook(
        lambda module, args, given: (args, given | {"attention_mask": None}), with_kwargs=True
    )


@pytest.fixture
def odd():
    """Makes a model whose layers take no notice of a mask once `batches_for` has put its hooks in."""
    from training.finetune import together

    real = together.SharedPrefix

    def make(model, **given):
        shared = real(model, **given)
        blind(model)
        return shared

    return make


def test_where_it_would_change_what_is_learned_rows_are_read_apart_and_it_is_told(
    fresh, home, odd, monkeypatch, caplog
):
    monkeypatch.setattr("training.finetune.together.SharedPrefix", odd)
    batches, _, _ = collator(fresh, home)
    assert batches.how.startswith("apart: a LlavaForConditionalGeneration cannot share a prefix: an answer's")
    assert MASK not in batches([{"example": 0}])
    assert "read side by side, which takes longer" in caplog.text
    with pytest.raises(TrainingRefused, match=r"differs by .*--shared-prefix never"):
        collator(fresh, home, shared_prefix="always")


def test_a_refusal_leaves_the_model_as_it_was(fresh, home, tiny, monkeypatch):
    base = open_base(settings(tiny))
    model = load_model(base, settings(tiny))
    monkeypatch.setattr(
        "training.finetune.shared_prefix.SharedPrefix.prove",
        lambda *_, **__: (_ for _ in ()).throw(TrainingRefused("it differs", "do not")),
    )
    batches, _, _ = collator(fresh, home, model=model)
    assert batches.how == "apart: it differs"
    assert not model.get_decoder()._forward_pre_hooks
    assert not model.get_decoder()._forward_hooks


def test_a_kind_of_model_that_cannot_share_is_trained_on_rows_apart(fresh, home, tmp_path):
    from transformers import BloomConfig, BloomForCausalLM

    tokenizer = tiny_tokenizer("<image>")
    tokenizer.chat_template = CHAT_TEMPLATE
    tokenizer.save_pretrained(tmp_path / "bloom")
    sizes = {"vocab_size": len(tokenizer), "hidden_size": 16, "n_layer": 1, "n_head": 2}
    ends = {"eos_token_id": tokenizer.eos_token_id, "pad_token_id": tokenizer.pad_token_id}
    BloomForCausalLM(BloomConfig(**sizes, **ends)).save_pretrained(tmp_path / "bloom")
    session = open_shop(tmp_path / "home")
    chosen = settings(tmp_path / "bloom", text_only=True, view="summary", steps=2, lists=2, list_negatives=2)
    run, _ = prepared_run(session, chosen, tmp_path / "run")
    session.services.close()
    train(run, tmp_path / "home")
    told = read_manifest(run / "model" / MANIFEST_FILE).training["rows_read"]
    assert told.startswith("apart: a BloomForCausalLM cannot share a prefix: its layers cannot be told where a token")


def test_a_model_shared_out_among_devices_reads_rows_apart(fresh, home, monkeypatch):
    monkeypatch.setenv("ACCELERATE_USE_FSDP", "true")
    assert "shared out among devices" in collator(fresh, home)[0].how
    with pytest.raises(TrainingRefused, match="shared out among devices"):
        collator(fresh, home, shared_prefix="always")


def test_every_kind_of_example_is_proven_once(fresh, home, monkeypatch):
    """The first with pictures and the first without of every role: what one of them proves says nothing of the rest."""
    proven = []
    monkeypatch.setattr(SharedPrefix, "prove", lambda self, rows, dtype: proven.append(len(rows)))
    words = [Written("preference_memory", f"You keep a short memory, {number}.", None, "{}") for number in range(2)]
    [question, *_] = load_prepared(fresh).train[0].questions
    bare = Candidates("One person's taste: unknown.", (replace(question, picture=None),) * 2)
    seen = Written("item_summarizer", "Describe this item.", question.picture, "A red one.")
    batches, _, _ = collator(fresh, home, more=[*words, bare, seen, bare])
    assert proven == [4, 1, 2, 1]
    batches.close()
