"""The objections' numbers."""

from __future__ import annotations

from experiments.studies.objections.stability import batches


def test_the_batch_penalty_reads_too_high_on_small_batches() -> None:
    made = batches(1)
    times = [b["times"] for b in made["batches"]]
    assert times == sorted(times, reverse=True) and times[-1] > 1.0
