"""The options of `palate train`, by what they are about; each class is a panel of its help."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Annotated, Any, ClassVar, Literal

import typer

Split = Literal["leave_last", "time", "user"]
Kind = Literal["uniform", "popularity", "hard"]
Method = Literal["lora", "qlora", "full"]
View = Literal["summary", "picture", "both"]


@dataclass(frozen=True)
class DataOptions:
    """What is learned from and tested on."""

    panel: ClassVar[str] = "Data"
    split: Annotated[Split, typer.Option(help="What is held out.")] = "leave_last"
    held_out: Annotated[float, typer.Option(help="Share, by time or user.")] = 0.1
    cold_items: Annotated[float, typer.Option(help="Share of items kept from training.")] = 0.0
    negatives: Annotated[Kind, typer.Option(help="What the wrong candidates are.")] = "uniform"
    negatives_per_positive: Annotated[int, typer.Option()] = 4
    list_negatives: Annotated[int, typer.Option(help="In each held-out list.")] = 20
    lists: Annotated[int, typer.Option(help="Held-out lists, at most, a part.")] = 300
    targets_per_user: Annotated[int, typer.Option(help="Latest likings, at most.")] = 20
    likings: Annotated[int | None, typer.Option(help="Of all users, at most; drawn. [default: all of these]")] = None
    view: Annotated[View, typer.Option(help="What is seen of a candidate.")] = "both"
    picture_px: Annotated[int, typer.Option(help="Longest side of a picture the model is given.")] = 512
    text_only: Annotated[bool, typer.Option("--text-only", help="A base without eyes.")] = False
    too_long: Annotated[Literal["refuse", "leave_out"], typer.Option(help="What becomes of long examples.")] = "refuse"
    max_tokens: Annotated[int | None, typer.Option(help="[default: the model's]")] = None
    broken_pictures: Annotated[Literal["refuse", "words"], typer.Option(help="Refuse, or go by the item's words.")] = (
        "refuse"
    )
    keep_data: Annotated[bool, typer.Option("--keep-data", help="Keep the examples.")] = False


@dataclass(frozen=True)
class TrainingOptions:
    """How it is learned."""

    panel: ClassVar[str] = "Training"
    method: Annotated[Method, typer.Option(help="Which weights are trained.")] = "lora"
    rank: Annotated[int, typer.Option()] = 16
    alpha: Annotated[int, typer.Option()] = 32
    dropout: Annotated[float, typer.Option()] = 0.05
    learning_rate: Annotated[float, typer.Option()] = 1e-4
    epochs: Annotated[float, typer.Option()] = 2.0
    steps: Annotated[int | None, typer.Option(help="In place of epochs.")] = None
    groups: Annotated[int, typer.Option(help="Users' lists a step and device.")] = 1
    accumulation: Annotated[int, typer.Option(help="Steps before each update.")] = 8
    warmup: Annotated[float, typer.Option(help="Share of all steps.")] = 0.03
    evaluate_every: Annotated[int | None, typer.Option(help="Steps. [default: 8 times]")] = None
    patience: Annotated[int, typer.Option(help="Validations without a better AUC.")] = 3
    minutes: Annotated[
        float | None,
        typer.Option(help="For training and the last judgement, at most. [default: no limit]"),
    ] = None
    seed: Annotated[int, typer.Option()] = 0


@dataclass(frozen=True)
class MachineOptions:
    """What it runs on."""

    panel: ClassVar[str] = "Machine"
    dtype: Annotated[Literal["auto", "float32", "bfloat16"], typer.Option()] = "auto"
    device: Annotated[str, typer.Option(help="auto, cpu or cuda.")] = "auto"
    gradient_checkpointing: Annotated[bool, typer.Option("--gradient-checkpointing")] = False
    shared_prefix: Annotated[
        Literal["auto", "always", "never"],
        typer.Option(help="Read once what the candidates of a person share."),
    ] = "auto"


@dataclass(frozen=True)
class SecondStageOptions:
    """Learning to turn hard negatives down, after the first stage."""

    panel: ClassVar[str] = "Second stage"
    dpo: Annotated[bool, typer.Option("--dpo", help="Learn to turn hard negatives down.")] = False
    dpo_pool: Annotated[int, typer.Option(help="Items judged beside each liking.")] = 16
    dpo_hardest: Annotated[int, typer.Option(help="Of these, learned from.")] = 2
    dpo_likings: Annotated[int, typer.Option(help="Likings, at most.")] = 1000
    dpo_beta: Annotated[float, typer.Option(help="How near to the first stage.")] = 0.1
    dpo_learning_rate: Annotated[float, typer.Option()] = 1e-5
    dpo_epochs: Annotated[float, typer.Option()] = 1.0
    dpo_steps: Annotated[int | None, typer.Option(help="In place of epochs.")] = None

    def told(self) -> dict[str, Any] | None:
        """The settings of the second stage; None where there is none."""
        own = {name.removeprefix("dpo_"): value for name, value in asdict(self).items() if name != "dpo"}
        return own if self.dpo else None
