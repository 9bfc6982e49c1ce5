"""Training on groups that share a prefix: the same gradients as separate rows, whoever stands beside whom."""

import random

import pytest
import torch

from tests.architectures import gemma3, internvl, llava, llava_next, qwen2_5_vl, qwen3_vl, smolvlm
from tests.architectures.parts import PATCH_PX, TILE_PX, text_settings
from tests.tiny import tiny_tokenizer
from training.finetune import packing
from training.finetune.collate import IGNORED, batch_of
from training.finetune.errors import TrainingRefused
from training.finetune.packing import attention, pack_group, part_sizes, prefix_length
from training.finetune.rows import Row
from training.finetune.shared_prefix import MASK, SharedPrefix

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")
TOKENIZER = tiny_tokenizer()
WORDS, PAD = 200, TOKENIZER.pad_token_id  # the tiny tokenizer's first 200 ids are bytes
RELATIVE = 1e-4
TILE = (3, TILE_PX, TILE_PX)
PER_TILE = (TILE_PX // PATCH_PX) ** 2


def words(rng, least, most):
    return [rng.randrange(WORDS) for _ in range(rng.randint(least, most))]


def text_group(rng, *, rows=None, prefix=None, own=(1, 9), answer=(1, 3)):
    """Rows that begin with the same words, and by chance with a few more."""
    shared = words(rng, *(prefix or (0, 20)))
    group = []
    for _ in range(rows or rng.randint(1, 6)):
        said = words(rng, *answer)
        group.append(Row([*shared, *words(rng, *own), *said], len(said)))
    return group


def pictured_group(rng, picture, *, rows=3, where="candidate"):
    """Rows with a picture each, in their own part or, the same one, in the prefix. picture: seed → (ids, inputs)."""
    head, tail, seed = words(rng, 3, 9), words(rng, 2, 5), rng.randrange(1000)
    group = []
    for number in range(rows):
        ids, inputs = picture(seed if where == "prefix" else seed + number)
        own, said = words(rng, 1, 9), words(rng, 1, 3)
        group.append(Row([*head, *ids, *tail, *own, *said], len(said), inputs))
    return group


def llama(*, seed=0, **settings):
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.manual_seed(seed)
    return LlamaForCausalLM(LlamaConfig(**text_settings(TOKENIZER, **settings)))


def gradients(model, batch):
    """Loss and the gradient of every trained parameter by name; every answer token counts the same."""
    model.train()
    model.zero_grad()
    count = batch.get("shift_labels", batch["labels"][:, 1:]).ne(IGNORED).sum()
    loss = model(**batch, num_items_in_batch=count, use_cache=False).loss
    loss.backward()
    return loss.item(), {name: one.grad.clone() for name, one in model.named_parameters() if one.grad is not None}


def assert_same_gradients(model, groups, shared=None):
    own = shared or SharedPrefix(model, pad_id=PAD)
    packed = gradients(model, own.batch(groups, dtype=torch.float32))
    apart = gradients(model, batch_of([row for rows in groups for row in rows], pad_id=PAD, dtype=torch.float32))
    assert packed[0] == pytest.approx(apart[0], rel=RELATIVE)
    assert packed[1].keys() == apart[1].keys()
    for name, expected in apart[1].items():
        # a gradient that is nought in exact arithmetic, as of a key's bias, has no relative error
        floor = 1e-6 * max(float(one.norm()) for one in apart[1].values())
        assert float((packed[1][name] - expected).norm()) <= RELATIVE * float(expected.norm()) + floor, name
    if shared is None:
        own.close()


@pytest.fixture(scope="module")
def model():
    return llama()


class TestGradients:
    @pytest.mark.parametrize("seed", range(12))
    def test_equal_those_of_separate_rows(self, model, seed):
        rng = random.Random(seed)
        assert_same_gradients(model, [text_group(rng) for _ in range(rng.randint(1, 3))])

    def test_equal_with_one_candidate(self, model):
        assert_same_gradients(model, [text_group(random.Random(1), rows=1)])

    def test_equal_with_one_candidate_beside_many(self, model):
        rng = random.Random(2)
        assert_same_gradients(model, [text_group(rng, rows=1), text_group(rng, rows=9)])

    def test_equal_when_lengths_differ_widely(self, model):
        rng = random.Random(3)
        groups = [
            text_group(rng, rows=2, prefix=(300, 300), own=(1, 2), answer=(1, 1)),
            text_group(rng, rows=3, prefix=(1, 1), own=(1, 200), answer=(1, 60)),
        ]
        assert_same_gradients(model, groups)

    def test_equal_when_nothing_is_shared(self, model):
        rng = random.Random(4)
        assert_same_gradients(model, [[*text_group(rng, rows=1), *text_group(rng, rows=1)]])

    def test_equal_when_rows_are_the_same_up_to_the_answer(self, model):
        asked = words(random.Random(5), 12, 12)
        assert_same_gradients(model, [[Row([*asked, 7, 9], 2), Row([*asked, 8], 1), Row([*asked, 7, 9], 2)]])

    def test_equal_when_a_group_is_cut_into_several_rows(self, model, monkeypatch):
        monkeypatch.setattr(packing, "part_sizes", lambda prefix, own, width: [3, 2])
        assert_same_gradients(model, [text_group(random.Random(6), rows=5, prefix=(9, 9))])

    def test_equal_by_eager_attention(self):
        assert_same_gradients(
            llama(attn_implementation="eager"), [text_group(random.Random(7)), text_group(random.Random(8))]
        )

    def test_equal_with_gradient_checkpointing(self):
        checked = llama()
        checked.activation_checkpointing_enable()
        assert_same_gradients(checked, [text_group(random.Random(9), rows=4)])

    @pytest.mark.parametrize("seed", range(4))
    def test_equal_for_adapters(self, seed):
        from peft import LoraConfig, get_peft_model

        torch.manual_seed(seed)
        config = LoraConfig(r=3, target_modules=["q_proj", "v_proj", "down_proj"], init_lora_weights=False)
        adapted = get_peft_model(llama(), config)
        rng = random.Random(seed)
        assert_same_gradients(adapted, [text_group(rng), text_group(rng)])
        assert all("lora" in name for name, one in adapted.named_parameters() if one.grad is not None)

    @pytest.mark.parametrize("layers", [None, ["full_attention", "sliding_attention"], ["sliding_attention"] * 2])
    def test_equal_within_a_sliding_window(self, layers):
        from transformers import MistralConfig, MistralForCausalLM, Qwen2Config, Qwen2ForCausalLM

        torch.manual_seed(0)
        settings = text_settings(TOKENIZER, sliding_window=5)
        windowed = (
            Qwen2ForCausalLM(Qwen2Config(**settings, use_sliding_window=True, layer_types=layers))
            if layers
            else MistralForCausalLM(MistralConfig(**settings))
        )
        assert_same_gradients(windowed, [text_group(random.Random(10), rows=4, prefix=(9, 9))])


class TestNeighbours:
    def packed_losses(self, model, rows):
        """What each row's answers lose when packed, in the order of the rows."""
        shared = SharedPrefix(model, pad_id=PAD)
        batch = shared.batch([rows], dtype=torch.float32)
        with torch.no_grad():
            inputs = {name: one for name, one in batch.items() if name not in ("labels", "shift_labels")}
            logits = model(**inputs, use_cache=False).logits
        shared.close()
        lost = torch.nn.functional.cross_entropy(logits[0], batch["shift_labels"][0], reduction="none").tolist()
        return [sum(lost.pop(0) for _ in range(row.answer)) for row in rows]

    def test_order_does_not_matter(self, model):
        group = text_group(random.Random(11), rows=5, prefix=(8, 8))
        turned = group[::-1]
        assert self.packed_losses(model, turned)[::-1] == pytest.approx(self.packed_losses(model, group), rel=1e-4)

    def test_a_neighbour_does_not_matter(self, model):
        group = text_group(random.Random(12), rows=3, prefix=(8, 8))
        other = Row([*group[1].ids[:8], *words(random.Random(13), 30, 30)], 4)
        before, after = self.packed_losses(model, group), self.packed_losses(model, [group[0], other, group[2]])
        assert (after[0], after[2]) == pytest.approx((before[0], before[2]), rel=1e-4)
        assert after[1] != pytest.approx(before[1], rel=1e-2)


def llava_picture(image_token, per_picture=PER_TILE):
    def picture(seed):
        pixels = torch.randn((1, *TILE), generator=torch.Generator().manual_seed(seed))
        return [image_token] * per_picture, {"pixel_values": pixels}

    return picture


def qwen_picture(model, patch_px):
    start, end = model.config.vision_start_token_id, model.config.vision_end_token_id

    def picture(seed):
        made = torch.Generator().manual_seed(seed)
        height, width = 2 * (1 + seed % 2), 4
        pixels = torch.randn((height * width, 3 * 2 * patch_px**2), generator=made)
        ids = [start, *[model.config.image_token_id] * (height * width // 4), end]
        return ids, {"pixel_values": pixels, "image_grid_thw": torch.tensor([[1, height, width]])}

    return picture


def tiles_picture(image_token, per_tile, tiles=1):
    """SmolVLM: a row of tiles and which of their pixels are real."""

    def picture(seed):
        pixels = torch.randn((1, tiles, *TILE), generator=torch.Generator().manual_seed(seed))
        real = torch.ones((1, tiles, TILE_PX, TILE_PX), dtype=torch.bool)
        return [image_token] * per_tile * tiles, {"pixel_values": pixels, "pixel_attention_mask": real}

    return picture


def next_picture(processor):
    """LLaVA-NeXT: cut into tiles by its processor, more of them for a wide picture."""
    import io

    from PIL import Image

    from tests.architectures.parts import picture as drawn

    def picture(seed):
        image = Image.open(io.BytesIO(drawn(seed, ((40, 40), (80, 32), (30, 70))[seed % 3])))
        inputs = processor(images=image, text="<image>", add_special_tokens=False, return_tensors="pt")
        return inputs["input_ids"][0].tolist(), {name: inputs[name] for name in ("pixel_values", "image_sizes")}

    return picture


def architecture(name, folder):
    """A tiny checkpoint of a kind, what makes its pictures, and the name of its per-token input if it has one."""
    from transformers import AutoModelForImageTextToText, AutoProcessor

    makers = {
        "llava": llava, "llava_next": llava_next, "qwen2_5_vl": qwen2_5_vl, "qwen3_vl": qwen3_vl,
        "gemma3": gemma3, "smolvlm": smolvlm, "internvl": internvl,
    }  # fmt: skip
    makers[name].make(folder)
    made = AutoModelForImageTextToText.from_pretrained(folder)
    token = made.config.image_token_id
    match name:
        case "llava":
            return made, llava_picture(token), None
        case "llava_next":
            return made, next_picture(AutoProcessor.from_pretrained(folder)), None
        case "gemma3":
            around = made.config.boi_token_index, made.config.eoi_token_index
            inner = llava_picture(token)

            def framed(seed):
                ids, inputs = inner(seed)
                return [around[0], *ids, around[1]], inputs

            return made, framed, "token_type_ids"
        case "smolvlm":
            return made, tiles_picture(token, smolvlm.PER_TILE), None
        case "internvl":
            return made, llava_picture(token, internvl.PER_TILE), None
        case _:
            return made, qwen_picture(made, made.config.vision_config.patch_size), "mm_token_type_ids"


KINDS = ["llava", "llava_next", "qwen2_5_vl", "qwen3_vl", "gemma3", "smolvlm", "internvl"]


class TestPictures:
    @pytest.fixture(scope="class", params=KINDS)
    def kind(self, request, tmp_path_factory):
        return architecture(request.param, tmp_path_factory.mktemp(request.param) / "model")

    def group(self, kind, rng, **given):
        made, picture, per_token = kind
        token = made.config.image_token_id
        group = pictured_group(rng, picture, **given)
        if per_token is None:
            return group
        return [
            Row(row.ids, row.answer, row.inputs, {per_token: [int(one == token) for one in row.ids]}) for row in group
        ]

    @pytest.mark.parametrize("where", ["candidate", "prefix"])
    def test_gradients_equal_those_of_separate_rows(self, kind, where):
        rng = random.Random(14)
        groups = [self.group(kind, rng, where=where), self.group(kind, rng, rows=2, where=where)]
        assert_same_gradients(kind[0], groups)

    def test_the_model_is_proven_to_read_so(self, kind):
        shared = SharedPrefix(kind[0], pad_id=PAD)
        assert shared.prove(self.group(kind, random.Random(15)), dtype=torch.float32) < 1e-4
        shared.close()

    def test_the_shared_picture_is_seen_once(self, kind):
        shared = SharedPrefix(kind[0], pad_id=PAD)
        rng = random.Random(16)
        one = shared.batch([self.group(kind, rng, where="prefix")], dtype=torch.float32)
        each = shared.batch([self.group(kind, rng, where="candidate")], dtype=torch.float32)
        shared.close()
        token = kind[0].config.image_token_id
        assert 0 < (one["input_ids"] == token).sum() < (each["input_ids"] == token).sum()
        assert len(one["pixel_values"]) < len(each["pixel_values"])


class TestTrainers:
    """Whole runs: schedules, accumulation over groups of different sizes, clipping and weighting are the trainer's."""

    def trained(self, trainer_class, arguments_class, model, groups, collate, folder, **given):
        from datasets import Dataset

        arguments = arguments_class(
            output_dir=str(folder),
            max_steps=3,
            per_device_train_batch_size=1,
            gradient_accumulation_steps=2,
            optim="sgd",  # in proportion to the gradient, where Adam would make noise of nought
            learning_rate=0.05,
            lr_scheduler_type="constant",
            bf16=False,
            use_cpu=True,
            gradient_checkpointing=False,
            remove_unused_columns=False,
            dataloader_pin_memory=False,
            save_strategy="no",
            logging_steps=1,
            report_to="none",
            disable_tqdm=True,
            **given,
        )
        trainer = trainer_class(
            model=model,
            args=arguments,
            train_dataset=Dataset.from_dict({"group": list(range(len(groups)))}),
            data_collator=lambda picked: collate([groups[one["group"]] for one in picked]),
            processing_class=TOKENIZER,
        )
        trainer.train()
        return [one for one in trainer.state.log_history if "loss" in one]

    def compare(self, trainer_class, arguments_class, make, groups, folder, **given):
        """Train one model on rows apart and its twin on groups together; give both logs."""
        start = {name: one.detach().clone() for name, one in make().named_parameters()}
        apart, together = make(), make()
        assert all(torch.equal(start[name], one) for twin in (apart, together) for name, one in twin.named_parameters())
        shared = SharedPrefix(together, pad_id=PAD)
        logs = [
            self.trained(trainer_class, arguments_class, model, groups, collate, folder, **given)
            for model, collate in (
                (
                    apart,
                    lambda picked: batch_of([row for one in picked for row in one], pad_id=PAD, dtype=torch.float32),
                ),
                (together, lambda picked: shared.batch(picked, dtype=torch.float32)),
            )
        ]
        learned = dict(together.named_parameters())
        moved = {name: one.detach() - start[name] for name, one in apart.named_parameters()}
        most = max(float(one.norm()) for one in moved.values())
        assert most > 1e-3
        for name, expected in moved.items():
            found = learned[name].detach() - start[name]
            # a weight near 1 is rounded at 6e-8 of it, however little it moved
            rounding = 1e-7 * float(start[name].norm()) + 1e-6 * most
            assert float((found - expected).norm()) <= RELATIVE * float(expected.norm()) + rounding, name
        assert [one["loss"] for one in logs[1]] == pytest.approx([one["loss"] for one in logs[0]], rel=RELATIVE)
        return logs

    def groups(self):
        rng = random.Random(21)
        return [text_group(rng, rows=rows, prefix=(30, 30)) for rows in (1, 5, 2, 3, 6, 4)]

    def test_trl_learns_the_same_from_fewer_tokens(self, tmp_path):
        from trl import SFTConfig, SFTTrainer

        given = {"max_length": None, "dataset_kwargs": {"skip_prepare_dataset": True}}
        apart, together = self.compare(SFTTrainer, SFTConfig, llama, self.groups(), tmp_path, **given)
        for name in ("mean_token_accuracy", "entropy"):
            assert [one[name] for one in together] == pytest.approx([one[name] for one in apart], rel=RELATIVE)
        assert together[-1]["num_tokens"] < apart[-1]["num_tokens"] / 2

    def test_trl_learns_the_same_adapter_from_pictures(self, tmp_path):
        from peft import LoraConfig, get_peft_model
        from transformers import AutoModelForImageTextToText
        from trl import SFTConfig, SFTTrainer

        llava.make(tmp_path / "model")

        def make():
            config = LoraConfig(r=2, target_modules=r".*language_model.*[qv]_proj", init_lora_weights=False)
            base = AutoModelForImageTextToText.from_pretrained(tmp_path / "model")
            torch.manual_seed(3)
            return get_peft_model(base, config)

        rng, token = random.Random(22), make().config.image_token_id
        groups = [
            pictured_group(rng, llava_picture(token), rows=rows, where=w)
            for rows in (1, 3)
            for w in ("candidate", "prefix")
        ]
        given = {"max_length": None, "dataset_kwargs": {"skip_prepare_dataset": True}}
        self.compare(SFTTrainer, SFTConfig, make, groups, tmp_path / "run", **given)

    def test_transformers_trainer_learns_the_same(self, tmp_path):
        from transformers import Trainer, TrainingArguments

        self.compare(Trainer, TrainingArguments, llama, self.groups(), tmp_path)


class TestRefusals:
    def refused(self, model):
        with pytest.raises(TrainingRefused) as caught:
            SharedPrefix(model, pad_id=PAD)
        return str(caught.value)

    def test_a_model_without_positions_is_refused(self):
        from transformers import BloomConfig, BloomForCausalLM

        assert "where a token stands" in self.refused(
            BloomForCausalLM(BloomConfig(vocab_size=len(TOKENIZER), hidden_size=16, n_layer=1, n_head=2))
        )

    def test_layers_that_carry_a_state_along_are_refused(self):
        odd = llama()
        odd.config.layer_types = ["linear_attention", "full_attention"]
        assert "linear_attention" in self.refused(odd)

    def test_attention_without_masks_is_refused(self):
        odd = llama()
        odd.config._attn_implementation = "flash_attention_2"
        assert "attn_implementation='sdpa'" in self.refused(odd)

    def test_prompt_tuning_is_refused(self):
        from peft import PromptTuningConfig, get_peft_model

        tuned = get_peft_model(llama(), PromptTuningConfig(task_type="CAUSAL_LM", num_virtual_tokens=2))
        assert "tokens of its own" in self.refused(tuned)

    def test_a_model_that_reads_otherwise_than_it_says_is_refused_by_proof(self, model):
        shared = SharedPrefix(model, pad_id=PAD)
        blind = model.model.register_forward_pre_hook(
            lambda module, args, given: (args, given | {"attention_mask": None}), with_kwargs=True
        )
        with pytest.raises(TrainingRefused, match="differs by"):
            shared.prove(text_group(random.Random(17), rows=3), dtype=torch.float32)
        blind.remove()
        shared.close()

    def test_a_row_without_a_prompt_is_refused(self):
        with pytest.raises(ValueError, match="no prompt"):
            prefix_length([Row([1, 2], 2)], None)

    def test_closing_leaves_the_model_as_it_was(self, model):
        shared = SharedPrefix(model, pad_id=PAD)
        shared.close()
        assert not model.model._forward_pre_hooks
        assert not model.model._forward_hooks


class TestPacking:
    def test_the_prefix_is_read_once(self, model):
        shared = SharedPrefix(model, pad_id=PAD)
        group = text_group(random.Random(18), rows=4, prefix=(50, 50), own=(3, 3), answer=(1, 1))
        batch = shared.batch([group], dtype=torch.float32)
        shared.close()
        assert batch["input_ids"].shape[0] == 1
        assert int(batch["attention_mask"].sum()) <= 50 + 4 * 4

    def test_a_candidate_sees_the_prefix_and_itself_only(self):
        rows = [Row([1, 2, 3, 4], 1), Row([1, 2, 5, 6], 1)]
        [packed] = pack_group(rows, lambda row: torch.arange(len(row.ids))[None], picture_token=None, width=8)
        assert packed.ids == [1, 2, 3, 4, 5, 6]
        assert packed.positions.tolist() == [[0, 1, 2, 3, 2, 3]]
        assert attention([packed])[0, 0].int().tolist() == [
            [1, 0, 0, 0, 0, 0],
            [1, 1, 0, 0, 0, 0],
            [1, 1, 1, 0, 0, 0],
            [1, 1, 1, 1, 0, 0],
            [1, 1, 0, 0, 1, 0],
            [1, 1, 0, 0, 1, 1],
        ]

    def test_a_window_counts_within_the_row_alone(self):
        rows = [Row([1, 2, 3, 4], 1), Row([1, 2, 5, 6], 1)]
        [packed] = pack_group(rows, lambda row: torch.arange(len(row.ids))[None], picture_token=None, width=8)
        assert attention([packed], window=2)[0, 0, 4].int().tolist() == [0, 1, 0, 0, 1, 0]

    def test_every_row_of_a_mask_sees_something(self, model):
        shared = SharedPrefix(model, pad_id=PAD)
        groups = [text_group(random.Random(19), rows=2), text_group(random.Random(20), rows=6, own=(30, 30))]
        assert shared.batch(groups, dtype=torch.float32)[MASK].any(-1).all()
        shared.close()

    def test_short_groups_stay_whole_and_long_ones_are_cut(self):
        assert part_sizes(400, [80] * 8, 512) == [8]
        sizes = part_sizes(400, [80] * 500, 512)
        assert sum(sizes) == 500
        assert len(sizes) > 1
        assert max(sizes) - min(sizes) <= 1
