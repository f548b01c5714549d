"""Results as others take them up: what is in them survives, in JSON, in a frame and in a notebook, and text cannot become markup."""

from __future__ import annotations

import json
from dataclasses import dataclass, fields

import numpy as np
import pandas as pd
import pytest

from estimators import (
    Certified,
    DetectorBound,
    Estimate,
    Interval,
    LikelihoodRatioResult,
    audit_counts,
    certify_counts_jsd,
    certify_likelihood_ratio,
)
from mari_theory.shown import Shown, flat
from mari_theory.units import Floats

RNG = np.random.default_rng(0)
RESULTS: dict[str, Shown] = {
    "interval": Interval(0.1, 0.2, 0.95, method="<b>"),
    "estimate": Estimate("mutual information", 0.25, n=100, method="ksg1"),
    "counts": certify_counts_jsd([5, 9, 3], [4, 9, 2]),
    "likelihoods": certify_likelihood_ratio(-RNG.exponential(size=40), -RNG.exponential(size=40), np.arange(40) % 2),
    "detector": audit_counts(30, 40, 5, 40),
}


@pytest.mark.parametrize("name", RESULTS)
def test_every_field_survives_json_and_a_frame(name: str) -> None:
    result = RESULTS[name]
    data = result.as_dict()
    assert set(data) == {f.name for f in fields(result)}  # type: ignore[arg-type]
    assert json.loads(json.dumps(data, allow_nan=False)) == data
    frame = result.to_frame()
    assert len(frame) == 1 and list(frame.columns) == list(flat(data))


def test_ends_are_where_a_reader_looks_for_them() -> None:
    result = RESULTS["counts"]
    assert isinstance(result, Certified)
    assert result.as_dict()["interval"]["upper"] == result.interval.upper
    assert result.to_frame()["interval.upper"].item() == result.interval.upper
    both = RESULTS["likelihoods"]
    assert isinstance(both, LikelihoodRatioResult)
    assert both.as_dict()["jsd"]["interval"]["lower"] == both.jsd.interval.lower


@pytest.mark.parametrize("name", RESULTS)
def test_a_notebook_shows_the_sentence_and_no_markup_of_ours(name: str) -> None:
    text = RESULTS[name]._repr_html_()
    assert text.startswith("<p>") and "<table>" in text
    assert "<b>" not in text


def test_what_json_lacks_becomes_what_it_has() -> None:
    @dataclass(frozen=True)
    class Odd(Shown):
        numbers: Floats
        endless: float = float("inf")
        inner: tuple[Interval, ...] = (Interval(0.0, 1.0, 0.9),)
        table: pd.DataFrame | None = None

    data = Odd(np.array([[1.0, np.nan]])).as_dict()
    assert data["endless"] is None and data["numbers"] == [[1.0, None]]
    assert data["inner"][0]["upper"] == 1.0 and data["table"] is None


def test_detectors_are_results_too() -> None:
    assert isinstance(RESULTS["detector"], DetectorBound)
