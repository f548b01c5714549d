"""The table of methods: every row differentiable, documented, and refused in one line when set wrongly."""

from __future__ import annotations

import math
import re
import sys
from typing import Any

import pytest
import torch

from experiments.config import LoopSettings
from experiments.data.items import Corpus
from experiments.methods import METHODS, SHORTHANDS, make_method
from experiments.models.tiny import tiny_model
from experiments.unlearning.batches import make_batch
from mari_theory import ArgumentError
from mari_theory.fenchel import FENCHEL

CASES: list[tuple[str, dict[str, Any]]] = [
    *((name, {}) for name in [*METHODS, *SHORTHANDS]),
    *(("flat", {"divergence": d, "mode": m}) for d in FENCHEL for m in ("paper", "official")),
    ("mari", {"keep": "kl", "weight": "batch"}),
    ("mari", {"debiased": True}),
    ("mari-tokenwise", {"count_weighted": True}),
    ("mari", {"bank": 2}),
    ("mari-matched", {"match_loss": 1.0, "match_mean": 1.0}),
    ("mari-tokenwise", {"share": 1.0}),
    ("mari-matched", {"source": "base"}),
]


@pytest.mark.parametrize(("name", "changes"), CASES)
def test_gradients_match_finite_differences(
    corpus: Corpus, tokenizer: Any, settings: LoopSettings, name: str, changes: dict[str, Any]
) -> None:
    # RMU reads the state between two blocks; the final norm works in float32 whatever comes in.
    depth = 2 if name == "rmu" else 1
    model, reference = (tiny_model(len(tokenizer), 8, depth, 1, seed=s).double() for s in (0, 1))
    batch = make_batch(tokenizer, corpus, corpus.retain, settings, 0)
    method = make_method(name, **changes)
    weight = dict(model.named_parameters())[
        "model.layers.0.mlp.down_proj.weight" if name == "rmu" else "lm_head.weight"
    ]
    loss, parts = method.loss(model, batch, reference)
    loss.backward()
    assert all(math.isfinite(v) for v in parts.values())
    generator = torch.Generator().manual_seed(0)
    for index in torch.randint(weight.numel(), (5,), generator=generator).tolist():
        i, j = divmod(index, weight.shape[1])
        values = []
        for sign in (1, -1):
            with torch.no_grad():
                weight[i, j] += sign * 1e-5
            value, _ = method.loss(model, batch, reference)
            values.append(float(value.detach()))
            with torch.no_grad():
                weight[i, j] -= sign * 1e-5
        numeric = (values[0] - values[1]) / 2e-5
        # The matched reference and WGA's weights carry no gradient, so their own movement is not part of the analytic one.
        if name not in ("mari-matched", "weighted-gradient-ascent"):
            assert float(weight.grad[i, j]) == pytest.approx(numeric, rel=2e-3, abs=2e-6)


@pytest.mark.parametrize(
    ("name", "settings", "words"),
    [
        ("mary", {}, "method"),
        ("mari", {"signal": "loud"}, "signal"),
        ("mari", {"penalty": -1.0}, "penalty"),
        ("grad-diff", {"beta": 1}, "beta"),
        ("npu", {}, "did you mean npo"),
        ("mari", {"penlaty": 2.0}, "did you mean penalty"),
        ("mari", {"weight": 1.5}, "weight"),
        ("mari", {"preserve": "both"}, "preserve"),
        ("flat", {"divergence": "renyi"}, "divergence"),
        ("flat", {"mode": "theirs"}, "mode"),
        ("npo", {"beta": 0.0}, "beta"),
        ("rmu", {"coefficient": -1.0}, "coefficient"),
    ],
)
def test_unknown_methods_and_settings_are_refused(name: str, settings: dict[str, object], words: str) -> None:
    with pytest.raises(ArgumentError, match=words):
        make_method(name, **settings)


@pytest.mark.parametrize(("name", "changes"), CASES)
def test_a_method_says_whether_its_loss_holds_what_stays(
    corpus: Corpus, tokenizer: Any, settings: LoopSettings, name: str, changes: dict[str, Any]
) -> None:
    """ "NPO" without a word more is read as the loss without a retain term."""
    model, reference = (tiny_model(len(tokenizer), 8, 2 if name == "rmu" else 1, 1, seed=s) for s in (0, 1))
    batch, read = make_batch(tokenizer, corpus, corpus.retain, settings, 0), []
    encode = batch._encode["preserve"]
    batch._encode["preserve"] = lambda: read.append(1) or encode()  # type: ignore[func-returns-value]
    method = make_method(name, **changes)
    method.loss(model, batch, reference)
    assert bool(read) == method.retain_term


@pytest.mark.parametrize("name", METHODS)
def test_every_method_names_its_paper_and_its_deviations(name: str) -> None:
    module = sys.modules[METHODS[name].__module__]
    said = f"{module.__doc__} {METHODS[name].__doc__}"
    assert re.search(r"\b20[12]\d\b|arXiv \d{4}\.\d{5}", said), "no year of a paper"
    assert re.search(r"[Dd]eviation|Ours, after", said), "no word on deviations"


def test_the_settings_of_the_last_release_still_work_and_say_their_new_names() -> None:
    with pytest.warns(DeprecationWarning, match="retain_weight"):
        assert make_method("flat", keep=0.5) == make_method("flat", retain_weight=0.5)
    with pytest.warns(DeprecationWarning, match="past_batches"):
        assert make_method("mari", bank=3, keep="kl") == make_method("mari", past_batches=3, preserve="kl")
