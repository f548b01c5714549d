"""MarI by hand: laws mixed by share, weights by rows, past batches as one large one."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch

from experiments.config import LoopSettings
from experiments.data.encoding import Encoded, encode
from experiments.data.items import Corpus, Item
from experiments.methods import make_method
from experiments.methods.base import Batch, preserve_divergence
from experiments.methods.mari import MarI
from experiments.methods.signals import position_means
from experiments.models.tiny import tiny_model
from experiments.unlearning.batches import make_batch
from mari_theory import jensen_shannon


def test_batch_weight_is_the_share_of_rows_on_the_mixed_side(corpus: Corpus, tokenizer: Any) -> None:
    """64 retain and 16 forget rows: the mixed side has 80 of 144."""
    laws = [(torch.tensor([x], dtype=torch.float64), torch.ones(1)) for x in ([0.9, 0.1], [0.2, 0.8])]
    found = MarI(weight="batch").information(laws[0], laws[1], 0.2)
    p, f = (law[0][0] for law in laws)
    assert float(found) == pytest.approx(float(jensen_shannon(p, 0.8 * p + 0.2 * f, 80 / 144)), rel=1e-12)


def test_the_papers_objective_is_its_two_terms(corpus: Corpus, tokenizer: Any, settings: LoopSettings) -> None:
    """(1 - gamma) KL(model || original) + gamma I(X; Z), gamma = 1/2, the weight of rows."""
    model, original = (tiny_model(len(tokenizer), 8, 1, 1, seed=k).double() for k in range(2))
    batch = make_batch(tokenizer, corpus, corpus.retain, settings, 0)
    with torch.no_grad():
        paper = float(make_method("mari-paper").loss(model, batch, original)[0])
        kl = float(preserve_divergence(model, batch, original, from_model=True))
        parts = make_method("mari-pooled", weight="batch").loss(model, batch)[1]
    assert paper == pytest.approx(0.5 * kl + 0.5 * parts["marginal_information"], rel=1e-9)


def test_positions_may_weigh_by_the_answers_that_reach_them() -> None:
    """Two positions, the first reached by three answers of each side, the second by one: weights 3/4 and 1/4."""
    p = torch.tensor([[0.9, 0.1], [0.5, 0.5]], dtype=torch.float64)
    q = torch.tensor([[0.1, 0.9], [0.5, 0.5]], dtype=torch.float64)
    counts = torch.tensor([3, 1])
    alike, weighted = (
        float(MarI(signal="tokenwise", count_weighted=w).information((p, counts), (q, counts), 1.0))
        for w in (False, True)
    )
    one = float(jensen_shannon(p[0], q[0]))
    assert alike == pytest.approx(one / 2) and weighted == pytest.approx(0.75 * one)


@pytest.mark.parametrize("signal", ["pooled", "tokenwise", "likelihood"])
def test_a_bank_reads_what_one_large_batch_would(
    corpus: Corpus, tokenizer: Any, settings: LoopSettings, signal: str
) -> None:
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
        made = {c: torch.cat([getattr(x, c) for x in pieces]) for c in columns}
        return Encoded(**made, kinds=tuple(k for x in pieces for k in x.kinds))

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


def test_mari_by_hand(tokenizer: Any) -> None:
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
