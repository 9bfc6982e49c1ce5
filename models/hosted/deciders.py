"""Decisions by a remote model: the best kind it declares, and the next one where that is not to be had."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING

from models.decisions import Decider, DecisionKind, DecisionRequest, Decisions
from models.errors import ModelAccountRefused, ModelMisconfigured
from models.hosted.chat import HostedChatModel
from models.hosted.client import check_reachable_by_settings
from models.spec import ModelSpec

if TYPE_CHECKING:
    from models.loading import PictureSource

log = logging.getLogger(__name__)


class LadderDecider:
    """Answers a whole request by one kind: the best declared, or the next where the server does not offer that.

    One request never mixes kinds; `Decisions.kind` tells which one answered.
    """

    def __init__(self, spec: ModelSpec, rungs: Sequence[tuple[DecisionKind, Decider]]) -> None:
        self._spec, self._rungs = spec, tuple(rungs)

    async def decide(self, request: DecisionRequest) -> Decisions:
        """Answer every question, in order. Raises ModelError: that of the last kind where none can answer."""
        if not request.questions:
            return Decisions((), self._spec.label, self._rungs[0][0])
        for kind, decider in self._rungs[:-1]:
            try:
                return await decider.decide(request)
            except ModelAccountRefused:
                raise  # no other kind of question changes that
            except ModelMisconfigured as error:
                log.warning("%s cannot decide by %s (%s); the next kind answers", self._spec.label, kind, error.detail)
        return await self._rungs[-1][1].decide(request)


def load_hosted_decider(spec: ModelSpec, pictures: PictureSource) -> Decider:
    """Give the decider of a served or hosted spec; nothing is sent. Raises ModelMisconfigured."""
    check_reachable_by_settings(spec)
    return LadderDecider(spec, [(kind, _make(kind, spec, pictures)) for kind in spec.decide])


def _make(kind: DecisionKind, spec: ModelSpec, pictures: PictureSource) -> Decider:
    from models.hosted.graded import GradedDecider
    from models.hosted.logprobs import LogprobsDecider
    from models.hosted.systemone import SystemOneDecider

    match kind:
        case "systemone":
            return SystemOneDecider(spec, pictures)
        case "logprobs":
            return LogprobsDecider(spec, pictures, HostedChatModel(spec=spec))
        case "graded":
            return GradedDecider(spec, pictures, HostedChatModel(spec=spec))
    raise ModelMisconfigured(spec.label, f"a remote model cannot decide by {kind}", "correct `decide`")
