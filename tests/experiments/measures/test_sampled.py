"""Two arms of a run: a certificate that is refuted, denied or missed stops the audit."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from experiments.measures import context, sampled
from experiments.measures.result import AuditFailure
from experiments.measures.sampling import Draws, draw
from experiments.models.banks import ModelBank
from mari_theory import Certificate, check
from tests.experiments.audit.small import measure_again

pytestmark = pytest.mark.usefixtures("drawn")


def test_a_false_likelihood_refutes_the_run(finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Scores that claim the arms nearly the same, while the texts differ: a detector's lower bound must stop the run."""

    def marked(
        bank: ModelBank, arm: Sequence[str], prompts: Sequence[list[int]], n: int, max_new: int, seed: int
    ) -> Draws:
        draws = draw(bank, arm, prompts, n, max_new, seed)
        token = 5 if arm[0].startswith("oracle") else 6
        return Draws(draws.prompt_index, [[token] for _ in draws.outputs])

    monkeypatch.setattr(context, "draw", marked)

    def nearly(bank: ModelBank, arm: Sequence[str], prompts: Sequence[list[int]], draws: Draws) -> np.ndarray:
        return -1.0 - 1e-3 * np.random.default_rng(zlib.crc32(arm[0].encode())).random(len(draws.outputs))

    monkeypatch.setattr(context, "log_likelihoods", nearly)
    with pytest.raises(AuditFailure, match="refuted by"):
        measure_again(finished, tmp_path / "run", enumerate_exactly=False)
    refuted = [Certificate.load(p) for p in (tmp_path / "run" / "certificates").glob("*-oracle.json")]
    assert any(c.verdict == "refuted" and c.refuted_by for c in refuted)
    # The refutation stands in the evidence: a certificate that leaves it out is not what the evidence supports.
    false = next(c for c in refuted if c.verdict == "refuted")
    evidence = tmp_path / "run" / "scores" / false.evidence[0].file
    assert all(x.ok for x in check(false, [evidence]))
    clean = false.model_copy(update={"verdict": "inconclusive", "refuted_by": None})
    assert not all(x.ok for x in check(clean, [evidence]))


def test_likelihoods_that_deny_the_texts_stop_the_run(
    finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One model scored as both arms: evidence that says nothing is not certified."""
    monkeypatch.setattr(context, "log_likelihoods", lambda bank, arm, prompts, draws: np.full(len(draws.outputs), -1.0))
    with pytest.raises(AuditFailure, match="one model scored as both arms"):
        measure_again(finished, tmp_path / "run", enumerate_exactly=False)


def test_an_interval_that_misses_the_enumeration_fails_the_audit(
    finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sampled, "enumerate_divergence", lambda *a: (0.6, 0.61))
    with pytest.raises(AuditFailure, match="misses the enumerated"):
        measure_again(finished, tmp_path / "run")
