"""What a fine-tuning run is told: read once, checked, and kept beside its result."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from training.finetune.negatives import NegativeKind
from training.finetune.splits import SplitKind

Method = Literal["lora", "qlora", "full"]
ExampleRole = Literal["recommender", "item_summarizer", "preference_memory", "understanding", "responder"]
Weight = Annotated[float, Field(gt=0, le=100)]
SETTINGS_FILE = "settings.json"


class DpoSettings(BaseModel):
    """The second stage: what the model of the first still takes for a liking is turned down.

    pool: how many items they had not met are judged beside each liking; hardest: how many of these, the ones of highest
    p(yes), are learned from. likings: how many are drawn in all. beta: the higher, the nearer to the first stage the
    model stays. steps: None trains for `epochs`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    pool: int = Field(default=16, ge=1, le=256)
    hardest: int = Field(default=2, ge=1, le=64)
    likings: int = Field(default=1000, ge=1)
    beta: float = Field(default=0.1, gt=0)
    learning_rate: float = Field(default=1e-5, gt=0)
    epochs: float = Field(default=1.0, gt=0)
    steps: int | None = Field(default=None, ge=1)

    @model_validator(mode="after")
    def _refuse_impossible(self) -> Self:
        if self.hardest > self.pool:
            raise ValueError(f"of a pool of {self.pool} items the hardest {self.hardest} cannot be taken")
        return self


class TrainSettings(BaseModel):
    """One run.

    base: a folder or a hub id; revision: of a hub id. profile, assignments: which stores are read, as on the
    command line. roles: what is learned, each with how many times its examples are seen an epoch; a list names
    roles, each once or as `responder=0.5`. Data: how it is split (`splits`), what the wrong candidates are
    (`negatives`), how many held-out lists are judged at most; targets_per_user: at most how many latest likings of
    a user are learned from; likings: of all users together, drawn among these, None for all. view: what is seen of
    a candidate; a profile that serves the result says the same in `recommend.candidate_view`. picture_px: longest
    side of the pictures that the model is given, in pixels; what serves the result says the same. too_long: what
    becomes of an example longer than max_tokens or the model: the run is refused, or the example is left out and
    counted; nothing is ever cut. broken_pictures: likewise, the run is refused, or the item goes by its words.
    steps: None trains for `epochs`. groups: of candidates, or texts, a step and device. shared_prefix: whether what
    the candidates of a person share is read once: where the first examples prove that nothing changes by it, always
    (or the run is refused), or never. evaluate_every: steps between validations, None for eight in all. patience:
    validations without a better AUC until it stops. minutes: how long training and its last judgement may take each
    time they are started. dpo: the second stage, None for a run of one. text_only: whether a base without a picture
    tower will do. keep_data: whether the files made of what users did stay after a run that ended well.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    base: str = Field(min_length=1)
    revision: str | None = None
    catalogue: str = Field(min_length=1)
    profile: str | None = None
    assignments: tuple[str, ...] = ()
    roles: dict[ExampleRole, Weight] = Field(default={"recommender": 1.0}, min_length=1)
    split: SplitKind = "leave_last"
    held_out: float = Field(default=0.1, gt=0, lt=0.5)
    cold_items: float = Field(default=0.0, ge=0, lt=1)
    negatives: NegativeKind = "uniform"
    negatives_per_positive: int = Field(default=4, ge=1, le=64)
    list_negatives: int = Field(default=20, ge=1, le=500)
    lists: int = Field(default=300, ge=1)
    view: Literal["summary", "picture", "both"] = "both"
    picture_px: int = Field(default=512, ge=32, le=4096)
    targets_per_user: int = Field(default=20, ge=1)
    likings: int | None = Field(default=None, ge=1)
    too_long: Literal["refuse", "leave_out"] = "refuse"
    broken_pictures: Literal["refuse", "words"] = "refuse"
    max_tokens: int | None = Field(default=None, ge=16)
    method: Method = "lora"
    rank: int = Field(default=16, ge=1)
    alpha: int = Field(default=32, ge=1)
    dropout: float = Field(default=0.05, ge=0, lt=1)
    learning_rate: float = Field(default=1e-4, gt=0)
    epochs: float = Field(default=2.0, gt=0)
    steps: int | None = Field(default=None, ge=1)
    groups: int = Field(default=1, ge=1)
    accumulation: int = Field(default=8, ge=1)
    warmup: float = Field(default=0.03, ge=0, lt=1)
    dtype: Literal["auto", "float32", "bfloat16"] = "auto"
    device: str = "auto"
    gradient_checkpointing: bool = False
    shared_prefix: Literal["auto", "always", "never"] = "auto"
    evaluate_every: int | None = Field(default=None, ge=1)
    patience: int = Field(default=3, ge=1)
    dpo: DpoSettings | None = None
    text_only: bool = False
    minutes: float | None = Field(default=None, gt=0)
    keep_data: bool = False
    seed: int = 0

    @field_validator("roles", mode="before")
    @classmethod
    def _weighted(cls, roles: Any) -> Any:
        if not isinstance(roles, list | tuple):
            return roles
        parted = [str(one).partition("=") for one in roles]
        return {name: weight if equals else 1.0 for name, equals, weight in parted}

    @model_validator(mode="after")
    def _refuse_impossible(self) -> Self:
        if "recommender" not in self.roles:
            raise ValueError("`roles` needs `recommender`: validation judges it, and the best checkpoint goes by that")
        if self.text_only and (self.view != "summary" or "item_summarizer" in self.roles):
            raise ValueError("a base without eyes can only be trained with `view: summary`, and to no summaries")
        if self.dpo and self.method == "full":
            raise ValueError(
                "`dpo` trains adapters and holds them against those of the first stage: not `method: full`"
            )
        return self

    @classmethod
    def read(cls, run: Path) -> TrainSettings:
        """The settings of a run's folder."""
        return cls.model_validate_json((run / SETTINGS_FILE).read_text(encoding="utf-8"))

    def write(self, run: Path) -> None:
        """Keep them in the run's folder."""
        (run / SETTINGS_FILE).write_text(self.model_dump_json(indent=2) + "\n", encoding="utf-8")
