"""Everything that can go wrong with a model, sorted by who can act on it."""

from __future__ import annotations


class ModelError(Exception):
    """A model could not answer. `retryable` says whether asking again may help."""

    retryable = False


class ModelTimeout(ModelError):
    """The model was reached and stayed silent too long. Worth one retry."""

    retryable = True

    def __init__(self, model: str, seconds: float) -> None:
        super().__init__(model, seconds)
        self.model, self.seconds = model, seconds

    def __str__(self) -> str:
        return f"{self.model!r} gave no reply in {self.seconds:g} s; raise `timeout_s` or choose a smaller model"


class ModelBusy(ModelError):
    """The provider asked us to slow down, or failed on its side. Worth a retry after a pause."""

    retryable = True

    def __init__(self, model: str, detail: str) -> None:
        super().__init__(model, detail)
        self.model, self.detail = model, detail

    def __str__(self) -> str:
        return f"{self.model!r} is busy or failing ({self.detail}); wait a moment or add a `fallback` to its role"


class ModelUnreachable(ModelError):
    """No connection to the server. The person who runs it must act."""

    retryable = True

    def __init__(self, model: str, where: str) -> None:
        super().__init__(model, where)
        self.model, self.where = model, where

    def __str__(self) -> str:
        return f"{self.model!r} cannot be reached at {self.where}; start the server or correct `api_base`"


class ModelMisconfigured(ModelError):
    """The settings are wrong: a missing key, an unknown model, a capability it does not have."""

    def __init__(self, model: str, detail: str, remedy: str) -> None:
        super().__init__(model, detail, remedy)
        self.model, self.detail, self.remedy = model, detail, remedy

    def __str__(self) -> str:
        return f"{self.model!r}: {self.detail}; {self.remedy}"


class ModelAccountRefused(ModelMisconfigured):
    """The provider does not serve this account: the key is missing or refused, or there is no credit left."""


class ModelRefused(ModelError):
    """The model declined to answer. Another wording or another model may do."""

    def __init__(self, model: str, detail: str) -> None:
        super().__init__(model, detail)
        self.model, self.detail = model, detail

    def __str__(self) -> str:
        return f"{self.model!r} declined to answer ({self.detail}); reword the message or choose another model"


class ModelBadOutput(ModelError):
    """The model answered with nothing, or with something that does not fit what was asked."""

    def __init__(self, model: str, detail: str, output: str = "") -> None:
        super().__init__(model, detail, output)
        self.model, self.detail, self.output = model, detail, output

    def __str__(self) -> str:
        return f"{self.model!r} gave an unusable answer ({self.detail}); try again or choose a stronger model"
