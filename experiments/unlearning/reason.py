"""Why a run of the loop ended."""

from __future__ import annotations

from enum import StrEnum


class Reason(StrEnum):
    """The reason as records store it; `advice` is what to do about it.

    >>> Reason("all steps done").failed, Reason.LOSS_NOT_FINITE.failed
    (False, True)
    """

    ALL_STEPS = "all steps done"
    FORGET_LOSS = "forget loss reached the holdout's"
    HOLDOUT_ACCURACY = "held-out accuracy fell"
    LOSS_NOT_FINITE = "non-finite loss"
    GRADIENT_NOT_FINITE = "non-finite gradient"

    @property
    def failed(self) -> bool:
        """Did the run break rather than end?"""
        return self in (Reason.LOSS_NOT_FINITE, Reason.GRADIENT_NOT_FINITE)

    @property
    def advice(self) -> str:
        """What to do next, in a few words; empty where nothing is to be done."""
        return _ADVICE[self]


_ADVICE = {
    Reason.ALL_STEPS: "",
    Reason.FORGET_LOSS: "",
    Reason.HOLDOUT_ACCURACY: "a smaller learning rate, or fewer steps, damages less",
    Reason.LOSS_NOT_FINITE: "a smaller learning rate, or clip, keeps the loss finite",
    Reason.GRADIENT_NOT_FINITE: "a smaller learning rate, or clip, keeps the gradient finite",
}
