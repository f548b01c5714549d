"""Losses by hand and by finite differences in float64."""

from __future__ import annotations

import math
import re
import sys
from dataclasses import replace

import numpy as np
import pytest
import torch

from experiments.config import LoopSettings
from experiments.data.encoding import Encoded, answer_log_probs, encode, token_log_probs
from experiments.data.items import Item
from experiments.methods import METHODS, SHORTHANDS, MarI, make_method
from experiments.methods.base import Batch, Reference
from experiments.methods.distillation import one_hot_jsd
from experiments.methods.flat import flat_objective
from experiments.methods.preference import npo_loss
from experiments.methods.signals import bent_square, confidence, pool, position_means, remember, soft_histogram
from experiments.models.tiny import tiny_model
from experiments.unlearning.batches import make_batch
from experiments.unlearning.loop import Task, run_loop
from mari_theory import ArgumentError, jensen_shannon
from mari_theory.fenchel import FENCHEL


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


CASES: list[tuple[str, dict[str, object]]] = [
    *((name, {}) for name in [*METHODS, *SHORTHANDS]),
    *(("flat", {"divergence": d, "mode": m}) for d in FENCHEL for m in ("paper", "official")),
    ("mari", {"keep": "kl", "weight": "batch"}),
    ("mari", {"debiased": True}),
    ("mari", {"bank": 2}),
    ("mari-matched", {"match_loss": 1.0, "match_mean": 1.0}),
    ("mari-tokenwise", {"share": 1.0}),
    ("mari-matched", {"source": "base"}),
]


@pytest.mark.parametrize(("name", "changes"), CASES)
def test_gradients_match_finite_differences(corpus, tokenizer, settings, name: str, changes) -> None:
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


@pytest.mark.parametrize("name", METHODS)
def test_every_method_says_what_it_needs_and_cites_its_source(name: str, corpus, tokenizer, settings) -> None:
    method = make_method(name)
    assert "=" in (type(method).__doc__ or "") or "theta" in (type(method).__doc__ or "")
    if method.reference is not Reference.NONE:
        model = tiny_model(len(tokenizer), 8, 1, 1, seed=0)
        with pytest.raises(ArgumentError, match="reference"):
            method.loss(model, make_batch(tokenizer, corpus, corpus.retain, settings, 0), None)


FLAT_TABLE = {
    "total-variation": (0.0, -0.380797, 0.380797, 0.0),
    "kl": (0.367879, -0.632121, 1.0, 0.0),
    "jensen-shannon": (0.0, -0.379885, 0.620115, 0.240229),
    "pearson": (0.0, -1.0, 1.25, 0.25),
}


@pytest.mark.parametrize("divergence", FLAT_TABLE)
def test_flat_has_the_values_of_its_table(divergence: str) -> None:
    for (e, u), wanted in zip(((0, 0), (1, 0), (0, 1), (1, 1)), FLAT_TABLE[divergence], strict=True):
        found = flat_objective(*(torch.tensor(float(x), dtype=torch.float64) for x in (e, u)), divergence)
        assert float(found) == pytest.approx(wanted, abs=1e-6)


@pytest.mark.parametrize("divergence", FENCHEL)
def test_flat_wants_the_template_likelier_and_the_forget_answer_unlikelier(divergence: str) -> None:
    e, u = (torch.tensor(x, dtype=torch.float64, requires_grad=True) for x in (0.3, 0.6))
    flat_objective(e, u, divergence).backward()
    assert float(e.grad) < 0 < float(u.grad)


def test_flat_probabilities_by_hand(tokenizer) -> None:
    """Two answer tokens at probability 1/4 each: the paper averages them, the official code divides by the padded length less one."""
    table = torch.full((len(tokenizer), len(tokenizer)), 0.0, dtype=torch.float64)
    model = Fixed(table)
    data = encode(tokenizer, [Item("x", "oslo", "a"), Item("x : x", "oslo", "b")])
    uniform = 1 / len(tokenizer)
    paper = make_method("flat").probability(model, data)
    assert paper.tolist() == pytest.approx([uniform, uniform])
    official = make_method("flat", mode="official").probability(model, data)
    width = data.input_ids.shape[1] - 1
    assert float(official.detach()) == pytest.approx(4 * uniform / (2 * width))


def test_npo_simnpo_and_dpo_by_hand(corpus, tokenizer, settings) -> None:
    model = tiny_model(len(tokenizer), 8, 1, 1, seed=0).double()
    batch = make_batch(tokenizer, corpus, corpus.retain, settings, 0)
    # At the reference every log-ratio is 0: NPO = (2/beta) ln 2, DPO the same.
    for name, part in (("npo", "npo"), ("idk-dpo", "dpo")):
        _, parts = make_method(name, beta=0.5).loss(model, batch, model)
        assert parts[part] == pytest.approx(4 * math.log(2), rel=1e-9)
    x = torch.tensor([-2.0, 1.0], dtype=torch.float64)
    assert float(npo_loss(x, 0.5)) == pytest.approx(4 * np.mean(np.log1p(np.exp([-1.0, 0.5]))), rel=1e-9)
    with torch.no_grad():
        table = answer_log_probs(model, batch.forget)
        mean = (token_log_probs(table, batch.forget).sum(1) / batch.forget.answer_mask.sum(1)).numpy()
    _, parts = make_method("simnpo", beta=2.0, delta=0.1).loss(model, batch)
    assert parts["simnpo"] == pytest.approx(np.mean(np.log1p(np.exp(2 * mean + 0.1))), rel=1e-9)


def test_npo_tends_to_gradient_ascent(corpus, tokenizer, settings) -> None:
    """T23: as beta -> 0 the gradient is that of the answers' log-likelihood."""
    model, reference = (tiny_model(len(tokenizer), 8, 1, 1, seed=s).double() for s in (0, 1))
    batch = make_batch(tokenizer, corpus, corpus.retain, settings, 0)
    likelihood = token_log_probs(answer_log_probs(model, batch.forget), batch.forget).sum(1).mean()
    (wanted,) = torch.autograd.grad(likelihood, [model.lm_head.weight])
    new = token_log_probs(answer_log_probs(model, batch.forget), batch.forget).sum(1)
    old = token_log_probs(answer_log_probs(reference, batch.forget), batch.forget).sum(1).detach()
    (found,) = torch.autograd.grad(npo_loss(new - old, 1e-6), [model.lm_head.weight])
    assert torch.allclose(found, wanted, rtol=1e-4, atol=1e-10)


def test_one_hot_jsd_is_the_divergence(tokenizer) -> None:
    q = torch.tensor([0.0, 1e-6, 0.3, 1.0], dtype=torch.float64)
    law = torch.stack([q, 1 - q], dim=1)
    sure = torch.tensor([[1.0, 0.0]], dtype=torch.float64).expand(4, 2)
    assert torch.allclose(one_hot_jsd(q), jensen_shannon(law, sure), atol=1e-12)


def test_weighted_ascent_without_weights_is_grad_diff(corpus, tokenizer, settings) -> None:
    model = tiny_model(len(tokenizer), 8, 1, 1, seed=0).double()
    batch = make_batch(tokenizer, corpus, corpus.retain, settings, 0)
    weighted, difference = (
        float(m.loss(model, batch)[0].detach())
        for m in (make_method("weighted-gradient-ascent", alpha=0.0, gamma=0.3), make_method("grad-diff", gamma=0.3))
    )
    assert weighted == pytest.approx(difference, rel=1e-12)


def test_undial_and_kl_ascent_at_the_original(corpus, tokenizer, settings) -> None:
    model = tiny_model(len(tokenizer), 8, 1, 1, seed=0).double()
    batch = make_batch(tokenizer, corpus, corpus.retain, settings, 0)
    _, parts = make_method("kl-gradient-ascent").loss(model, batch, model)
    assert parts["preserve_kl"] == pytest.approx(0.0, abs=1e-12)
    # beta = 0 distils the original into itself: cross-entropy is its own entropy.
    _, parts = make_method("undial", beta=0.0).loss(model, batch, model)
    with torch.no_grad():
        table = answer_log_probs(model, batch.forget)
        entropy = -(table.exp() * table).sum(-1)[batch.forget.answer_mask].mean()
    assert parts["distillation"] == pytest.approx(float(entropy), rel=1e-9)


def test_a_task_vector_steps_back() -> None:
    after, before = {"w": torch.tensor([3.0, 1.0])}, {"w": torch.tensor([1.0, 1.0])}
    make_method("task-vector", scale=0.5).finish(after, before)
    assert after["w"].tolist() == [0.0, 1.0]


def test_rmu_steers_and_holds(corpus, tokenizer, settings) -> None:
    model = tiny_model(len(tokenizer), 8, 2, 1, seed=0).double()
    batch = make_batch(tokenizer, corpus, corpus.retain, settings, 0)
    method = make_method("rmu", coefficient=2.0)
    loss, parts = method.loss(model, batch, model)
    assert parts["drift"] == 0.0 and float(loss.detach()) == pytest.approx(parts["steer"])
    with pytest.raises(ArgumentError, match="layer"):
        make_method("rmu", layer=9).loss(model, batch, model)


def test_soft_histograms_and_scalar_signals(tokenizer) -> None:
    values = torch.tensor([0.0, 1.0, 0.5], dtype=torch.float64)
    assert soft_histogram(values, 3).tolist() == pytest.approx([1 / 3, 1 / 3, 1 / 3])
    uniform = Fixed(torch.zeros(len(tokenizer), len(tokenizer), dtype=torch.float64))
    data = encode(tokenizer, [Item("x", "oslo", "r")])
    table = answer_log_probs(uniform, data)
    assert float(confidence(table, data, "entropy")[0].detach()) == pytest.approx(1.0)
    assert float(confidence(table, data, "likelihood")[0].detach()) == pytest.approx(1 / len(tokenizer))


def test_batch_weight_is_the_share_of_rows_on_the_mixed_side(corpus, tokenizer) -> None:
    """64 retain and 16 forget rows: the mixed side has 80 of 144."""
    laws = [(torch.tensor([x], dtype=torch.float64), torch.ones(1)) for x in ([0.9, 0.1], [0.2, 0.8])]
    found = MarI(weight="batch").information(laws[0], laws[1], 0.2)
    p, f = (law[0][0] for law in laws)
    assert float(found) == pytest.approx(float(jensen_shannon(p, 0.8 * p + 0.2 * f, 80 / 144)), rel=1e-12)


@pytest.mark.parametrize("signal", ["pooled", "tokenwise", "likelihood"])
def test_a_bank_reads_what_one_large_batch_would(corpus, tokenizer, settings, signal: str) -> None:
    """With weights that stand still, three batches in the bank and one more are one batch of four times the size."""
    model = tiny_model(len(tokenizer), 8, 1, 1, seed=0).double()
    method = MarI(signal=signal, past_batches=3)
    bank = method.begin(model, tokenizer, corpus, 0)
    assert bank is not None
    batches = [make_batch(tokenizer, corpus, corpus.retain, settings, k) for k in range(4)]
    for batch in batches:
        _, parts = bank.loss(model, batch, None, 0)

    def joined(part: str) -> Encoded:
        pieces = [getattr(b, part) for b in batches]
        columns = ("input_ids", "attention_mask", "slots", "targets", "answer_mask")
        made = [torch.cat([getattr(x, c) for x in pieces]) for c in columns]
        return Encoded(*made, tuple(k for x in pieces for k in x.kinds))

    # The floor is between the first halves of all batches and the second ones: order retain so that a plain loss sees the same.
    size = settings.batch_retain
    order = [
        i for start in (0, size // 2) for k in range(4) for i in range(k * size + start, k * size + start + size // 2)
    ]
    retain = joined("retain")._map(lambda t: t[order], joined("retain").kinds)
    large = Batch(lambda: batches[0].preserve, lambda: retain, lambda: joined("forget"), lambda: retain, lambda: retain)
    _, wanted = MarI(signal=signal).loss(model, large)
    assert parts["marginal_information"] == pytest.approx(wanted["marginal_information"], rel=1e-9)
    assert parts["floor"] == pytest.approx(wanted["floor"], rel=1e-9)


def test_the_newest_batch_stands_for_the_bank_in_the_gradient() -> None:
    now = torch.tensor([[0.5, 0.5]], requires_grad=True)
    past = (torch.tensor([[0.9, 0.1], [0.2, 0.8]]), torch.tensor([3, 1]))
    means, counts = remember((now, torch.tensor([1])), [past])
    assert means.tolist()[0] == pytest.approx([0.8, 0.2]) and counts.tolist() == [4, 1]
    (gradient,) = torch.autograd.grad(means[0, 0], now)
    assert gradient.tolist() == [[1.0, 0.0]]


def test_matched_losses_by_hand(tokenizer) -> None:
    """Three pairs whose log-probabilities differ by d, -d and d, over two tokens each: d^2 for each pair, their mean's
    square bent at 0.05."""
    items = [Item(x, "oslo", "r") for x in ("lima", "kyoto")]
    own, twins = encode(tokenizer, [items[k] for k in (0, 1, 0)]), encode(tokenizer, [items[k] for k in (1, 0, 1)])
    rows = torch.randn(len(tokenizer), len(tokenizer), dtype=torch.float64, generator=torch.Generator().manual_seed(3))
    batch = Batch(lambda: own, lambda: own, lambda: own, lambda: twins, lambda: own)
    value, parts = make_method("mari-matched", penalty=0.0, match_loss=2.0, match_mean=5.0).loss(Fixed(rows), batch)
    logs = torch.log_softmax(rows, -1)
    word = tokenizer.convert_tokens_to_ids("oslo")
    first, second = (int(i) for i in own.input_ids[:2, 0])
    gap = 0.5 * float(logs[first, word] - logs[second, word])
    assert parts["matched_loss"] == pytest.approx(gap**2)
    assert abs(gap / 3) > 0.05
    shift = 0.05 * (2 * abs(gap / 3) - 0.05)
    assert parts["matched_mean"] == pytest.approx(shift)
    assert float(value.detach()) == pytest.approx(parts["preserve_loss"] + 2.0 * gap**2 + 5.0 * shift)


def test_the_bent_square_is_a_square_and_its_tangent() -> None:
    at = torch.tensor([-0.2, -0.05, 0.0, 0.03, 0.05, 0.2], dtype=torch.float64, requires_grad=True)
    value = bent_square(at)
    assert value.tolist() == pytest.approx([0.0175, 0.0025, 0.0, 0.0009, 0.0025, 0.0175])
    (slope,) = torch.autograd.grad(value.sum(), at)
    assert slope.tolist() == pytest.approx([-0.1, -0.1, 0.0, 0.06, 0.1, 0.1])


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


def test_sources_of_the_matched_reference(tokenizer, corpus, settings) -> None:
    model, base = (tiny_model(len(tokenizer), 8, 1, 1, seed=s) for s in (0, 1))
    batch = make_batch(tokenizer, corpus, corpus.retain, settings, 0)
    own = make_method("mari-matched", source="base").loss(model, batch, model)[1]["marginal_information"]
    other = make_method("mari-matched", source="base").loss(model, batch, base)[1]["marginal_information"]
    assert own == pytest.approx(0.0, abs=1e-9) and other > 1e-5
    items = make_batch(tokenizer, corpus, corpus.retain, settings, 0, source="holdout")
    rng = np.random.default_rng(0)
    asked = [corpus.never_seen(i, rng) for i in corpus.forget]
    assert all(a in corpus.holdout and a.kind == i.kind for a, i in zip(asked, corpus.forget, strict=True))
    made = make_method("mari-matched", source="holdout", per="kind").loss(model, items)[1]["marginal_information"]
    assert 0 <= made < math.log(2)


def test_matching_needs_something_to_match_with(tokenizer, corpus) -> None:
    model = tiny_model(len(tokenizer), 8, 1, 1, seed=0)
    unnamed = tuple(replace(i, prompt=f"{i.kind} ?") for i in corpus.forget)
    with pytest.raises(ArgumentError, match="name their owner"):
        task = Task(model, tokenizer, replace(corpus, forget=unnamed), corpus.retain, make_method("mari-matched"))
        run_loop(task, LoopSettings())
    with pytest.raises(ArgumentError, match="never-seen items"):
        method = make_method("mari-matched", source="holdout")
        run_loop(Task(model, tokenizer, replace(corpus, holdout=()), corpus.retain, method), LoopSettings())


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
