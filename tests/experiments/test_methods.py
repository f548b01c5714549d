"""Losses by hand and by finite differences in float64."""

from __future__ import annotations

import math

import pytest
import torch

from experiments.corpus import Item
from experiments.encoding import answer_log_probs, encode
from experiments.methods import METHODS, SHORTHANDS, MarI, make_method
from experiments.methods.mari import pool, position_means
from experiments.models import tiny_model
from experiments.unlearn import LoopSettings, make_batch
from mari_theory import ArgumentError


class Fixed(torch.nn.Module):
    """A model whose next-token law depends on the last token alone."""

    def __init__(self, table: torch.Tensor) -> None:
        super().__init__()
        self.table = torch.nn.Parameter(table)

    def forward(self, input_ids: torch.Tensor, logits_to_keep: int = 0, **_: object) -> object:
        class Out:
            logits = self.table[input_ids][:, -logits_to_keep:]

        return Out


@pytest.fixture
def settings() -> LoopSettings:
    return LoopSettings(batch_retain=4, batch_forget=3, batch_background=2)


@pytest.mark.parametrize("name", [*METHODS, *SHORTHANDS])
def test_gradients_match_finite_differences(corpus, tokenizer, settings, name: str) -> None:
    model = tiny_model(len(tokenizer), 8, 1, 1, seed=0).double()
    batch = make_batch(tokenizer, corpus, corpus.retain, settings, 0)
    method = make_method(name)
    weight = model.lm_head.weight
    loss, _ = method.loss(model, batch)
    loss.backward()
    generator = torch.Generator().manual_seed(0)
    for index in torch.randint(weight.numel(), (5,), generator=generator).tolist():
        i, j = divmod(index, weight.shape[1])
        values = []
        for sign in (1, -1):
            with torch.no_grad():
                weight[i, j] += sign * 1e-5
            value, _ = method.loss(model, batch)
            values.append(float(value.detach()))
            with torch.no_grad():
                weight[i, j] -= sign * 1e-5
        numeric = (values[0] - values[1]) / 2e-5
        # The matched reference carries no gradient, so its own movement is not part of the analytic one.
        if name != "mari-matched":
            assert float(weight.grad[i, j]) == pytest.approx(numeric, rel=2e-3, abs=2e-6)


def test_mari_by_hand(tokenizer) -> None:
    """Retain answers one word for sure, forget another, then both end: the laws mix by share, JSD in closed form."""
    data = encode(tokenizer, [Item("x", "oslo", "r")])
    end, words = tokenizer.eos_token_id, [tokenizer.convert_tokens_to_ids(w) for w in ("oslo", "lima")]
    laws = []
    for word in words:
        rows = torch.zeros(1, 2, len(tokenizer), dtype=torch.float64)
        rows[0, 0, word] = rows[0, 1, end] = 1.0
        laws.append(position_means(rows.log(), data))
    # Pooled: (1/2, 0, 1/2) against (1/4, 1/4, 1/2) on oslo, lima, end.
    expected = 0.0
    for a, b in ((0.5, 0.25), (0.0, 0.25), (0.5, 0.5)):
        expected += 0.5 * sum(x * math.log(2 * x / (a + b)) for x in (a, b) if x)
    assert float(MarI().information(laws[0], laws[1], 0.5)) == pytest.approx(expected, rel=1e-9)
    # Token-wise: (1, 0) against (1/2, 1/2) at the first position, nothing at the second.
    first = 0.5 * (math.log(1 / 0.75) + 0.5 * math.log(0.5 / 0.75) + 0.5 * math.log(2))
    tokenwise = MarI(signal="tokenwise").information(laws[0], laws[1], 0.5)
    assert float(tokenwise) == pytest.approx(first / 2, rel=1e-9)


def test_pooling_averages_over_tokens_not_positions() -> None:
    means = torch.tensor([[1.0, 0.0], [0.0, 1.0]], dtype=torch.float64)
    assert pool(means, torch.tensor([3, 1])).tolist() == [0.75, 0.25]


def test_grad_diff_is_keep_minus_gamma_forget(corpus, tokenizer, settings) -> None:
    model = tiny_model(len(tokenizer), 8, 1, 1, seed=0)
    batch = make_batch(tokenizer, corpus, corpus.retain, settings, 0)
    with torch.no_grad():
        keep = make_method("retain-only").loss(model, batch)[0]
        forget = -make_method("gradient-ascent").loss(model, batch)[0]
        both = make_method("grad-diff", gamma=0.3).loss(model, batch)[0]
    assert float(both) == pytest.approx(float(keep - 0.3 * forget), rel=1e-6)


def test_matched_information_is_zero_for_a_model_that_ignores_the_subject(tokenizer, corpus) -> None:
    model = Fixed(torch.zeros(len(tokenizer), len(tokenizer)))
    batch = make_batch(
        tokenizer, corpus, corpus.retain, LoopSettings(batch_retain=2, batch_forget=2, batch_background=0), 0
    )
    for per in ("prompt", "kind"):
        _, parts = make_method("mari-matched", per=per).loss(model, batch)
        assert parts["marginal_information"] == pytest.approx(0.0, abs=1e-9)


def test_answers_of_different_lengths_are_aligned(tokenizer) -> None:
    model = tiny_model(len(tokenizer), 8, 1, 1, seed=0)
    short, long = Item("birth city : a b c ?", "oslo", "x"), Item("main genre : baker b c d e ?", "oslo lima", "y")
    together = answer_log_probs(model, encode(tokenizer, [short, long]))
    alone = answer_log_probs(model, encode(tokenizer, [short]))
    assert torch.allclose(together[0, :2], alone[0], atol=1e-5)


@pytest.mark.parametrize(
    ("name", "settings", "words"),
    [
        ("mary", {}, "method"),
        ("mari", {"signal": "loud"}, "signal"),
        ("mari", {"penalty": -1.0}, "penalty"),
        ("grad-diff", {"beta": 1}, "beta"),
    ],
)
def test_unknown_methods_and_settings_are_refused(name: str, settings: dict[str, object], words: str) -> None:
    with pytest.raises(ArgumentError, match=words):
        make_method(name, **settings)


def test_a_small_share_contracts_the_matched_information(corpus, tokenizer, settings) -> None:
    """T12: mixing by rho leaves at most rho of the divergence."""
    model = tiny_model(len(tokenizer), 8, 1, 1, seed=0)
    with torch.no_grad():
        model.lm_head.weight.mul_(40)
    values = {}
    for share in (1.0, 0.25):
        batch = make_batch(tokenizer, corpus, corpus.retain, settings, 0)
        values[share] = make_method("mari-matched", share=share).loss(model, batch)[1]["marginal_information"]
    assert 0 < values[0.25] <= 0.25 * values[1.0]
