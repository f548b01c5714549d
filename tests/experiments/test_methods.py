"""Losses by hand and by finite differences in float64."""

from __future__ import annotations

import math

import pytest
import torch

from experiments.corpus import Item
from experiments.encoding import answer_log_probs, encode
from experiments.methods import METHODS, SHORTHANDS, Batch, MarI, make_method
from experiments.methods.mari import pool, position_means
from experiments.models import tiny_model
from experiments.unlearn import LoopSettings, make_batch
from mari_theory import ArgumentError

LN2 = math.log(2)


class Fixed(torch.nn.Module):
    """A 'model' whose logits at every position are the logits of the last token seen there: easy hand computation."""

    def __init__(self, table: torch.Tensor) -> None:
        super().__init__()
        self.table = torch.nn.Parameter(table)

    def forward(self, input_ids: torch.Tensor, logits_to_keep: int = 0, **_: object) -> object:
        class Out:
            logits = self.table[input_ids][:, -logits_to_keep:]

        return Out


def batch_of(tokenizer, keep: list[Item], retain: list[Item], forget: list[Item], matched: list[Item]) -> Batch:
    return Batch(*((lambda x=x: encode(tokenizer, x)) for x in (keep, retain, forget, matched)))


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


def test_mari_pooled_by_hand(tokenizer) -> None:
    """Retain answers one token for sure, forget another: pooled law mixes by share, JSD in closed form."""
    retain, forget = Item("x", "oslo", "r"), Item("y", "lima", "f")
    size = len(tokenizer)
    end = tokenizer.eos_token_id
    names = {w: tokenizer.convert_tokens_to_ids(w) for w in ("oslo", "lima")}
    table = torch.full((size, size), -60.0, dtype=torch.float64)
    model = Fixed(table)
    data = {k: encode(tokenizer, [v]) for k, v in (("r", retain), ("f", forget))}
    with torch.no_grad():
        for key, word in (("r", "oslo"), ("f", "lima")):
            first = int(data[key].input_ids[0, int(data[key].slots[0, 0])])
            table[first] = -60.0
            table[first, names[word]] = 0.0
            table[names[word]] = -60.0
            table[names[word], end] = 0.0
    # Unknown words share one token, so give the two prompts different last tokens.
    assert int(data["r"].input_ids[0, 0]) == int(data["f"].input_ids[0, 0])
    share = 0.5
    p = {"oslo": 0.5, "end": 0.5}
    q = {"oslo": 0.25, "lima": 0.25, "end": 0.5}
    expected = 0.0
    for word in ("oslo", "lima", "end"):
        a, b = p.get(word, 0.0), q.get(word, 0.0)
        m = (a + b) / 2
        expected += 0.5 * sum(x * math.log(x / m) for x in (a, b) if x)
    laws = []
    for word in ("oslo", "lima"):
        rows = torch.zeros(1, 2, size, dtype=torch.float64)
        rows[0, 0, names[word]] = 1.0
        rows[0, 1, end] = 1.0
        laws.append(position_means(rows.log(), data["r"]))
    value = MarI(share=share).information(laws[0], laws[1], share)
    assert float(value) == pytest.approx(expected, rel=1e-9)
    tokenwise = MarI(signal="tokenwise").information(laws[0], laws[1], share)
    one_position = 0.5 * (1.0 * math.log(1 / 0.75) + 0.5 * math.log(0.5 / 0.75) + 0.5 * math.log(2))
    assert float(tokenwise) == pytest.approx(one_position / 2, rel=1e-9)
    assert model.table.shape == table.shape


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
