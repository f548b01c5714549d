"""Why a run ended, as records keep it: read back as what it was, with advice where something is to be done."""

from __future__ import annotations

import json

import pytest

from experiments.unlearning.reason import Reason


@pytest.mark.parametrize("reason", list(Reason))
def test_a_reason_survives_json_and_reads_as_a_sentence(reason: Reason) -> None:
    assert Reason(json.loads(json.dumps(reason))) is reason
    assert f"{reason}" == reason.value and "\n" not in reason.value


def test_advice_where_a_run_broke_or_did_damage() -> None:
    assert {r for r in Reason if r.failed} == {Reason.LOSS_NOT_FINITE, Reason.GRADIENT_NOT_FINITE}
    assert {r for r in Reason if not r.advice} == {Reason.ALL_STEPS, Reason.FORGET_LOSS}
    assert all("smaller learning rate" in r.advice for r in Reason if r.failed or r is Reason.HOLDOUT_ACCURACY)
