"""Every signal read over complete sets: what it says is no batch effect."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from experiments.config import RunConfig
from experiments.data.encoding import answer_log_probs, batch_size, encode
from experiments.data.items import Corpus, Item
from experiments.methods.signals import BINS, confidence, soft_histogram
from experiments.models.passes import slices
from experiments.studies.blindness.readings import Reading, Readings
from mari_theory import jensen_shannon, marginal_information

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class SetLaws:
    """What every signal needs of one model on one set."""

    sums: Floats
    """Sum over items of the next-token laws at each answer position, shape (positions, vocab)."""
    counts: Floats
    """Items that reach each answer position, shape (positions,)."""
    scores: dict[str, Floats]
    """`likelihood` and `entropy` of the answers (`confidence`) -> one number an item, in [0, 1]."""

    @property
    def pooled(self) -> Floats:
        """One law over all answer tokens."""
        return np.asarray(self.sums.sum(0) / self.counts.sum())


def set_laws(model: Any, tokenizer: Any, items: Sequence[Item], max_answer: int) -> SetLaws:
    """One full pass, float64 sums."""
    data = encode(tokenizer, items, max_answer)
    sums: Any = 0.0
    counts, scores = data.answer_mask.sum(0).double().cpu().numpy(), {"likelihood": [], "entropy": []}  # type: ignore[var-annotated]
    with torch.no_grad():
        for part in slices(data, batch_size(tokenizer) // 2, model):
            table = answer_log_probs(model, part)
            laws = table.double().exp()  # rows sum to 1 within float32 rounding: normalised once more
            sums = sums + (laws / laws.sum(-1, keepdim=True) * part.answer_mask[..., None]).sum(0).cpu().numpy()
            for name, values in scores.items():
                values.append(confidence(table, part, name).double().cpu().numpy())
    return SetLaws(np.asarray(sums), counts, {k: np.concatenate(v) for k, v in scores.items()})


def pooled_reading(a: SetLaws, b: SetLaws, share: float) -> float:
    """Pooled marginal information of b against a."""
    return float(marginal_information(a.pooled, b.pooled, share))


def tokenwise_reading(a: SetLaws, b: SetLaws, share: float) -> float:
    """The same at each answer position, averaged over positions both reach."""
    both = min(len(a.counts), len(b.counts))
    used = (a.counts[:both] > 0) & (b.counts[:both] > 0)
    p, q = (x.sums[:both][used] / x.counts[:both][used][:, None] for x in (a, b))
    return float(np.mean(marginal_information(p, q, share)))


def score_reading(name: str, a: SetLaws, b: SetLaws) -> float:
    """JSD of the histograms (16 bins) of a confidence score."""
    p, q = (soft_histogram(torch.from_numpy(x.scores[name]), BINS).numpy() for x in (a, b))
    return float(jensen_shannon(p, q))


SIGNALS: dict[str, tuple[str, Callable[[SetLaws, SetLaws, float], float]]] = {
    "pooled, diluted, against retain": ("retain", lambda a, b, rho: pooled_reading(a, b, rho)),
    "token-wise, diluted, against retain": ("retain", lambda a, b, rho: tokenwise_reading(a, b, rho)),
    "pooled, direct, against retain": ("retain", lambda a, b, rho: pooled_reading(a, b, 1.0)),
    "token-wise, direct, against retain": ("retain", lambda a, b, rho: tokenwise_reading(a, b, 1.0)),
    "p(truth), against retain": ("retain", lambda a, b, rho: score_reading("likelihood", a, b)),
    "entropy, against retain": ("retain", lambda a, b, rho: score_reading("entropy", a, b)),
    "p(truth), against never-seen": ("holdout", lambda a, b, rho: score_reading("likelihood", a, b)),
    "entropy, against never-seen": ("holdout", lambda a, b, rho: score_reading("entropy", a, b)),
}


def read_signals(model: Any, tokenizer: Any, corpus: Corpus, max_answer: int) -> dict[str, Reading]:
    """Every signal at one model."""
    forget = set_laws(model, tokenizer, corpus.forget, max_answer)
    whole, halves = {}, {}
    for name in ("retain", "holdout"):
        items = corpus.splits()[name]
        owners = list(dict.fromkeys(i.owner for i in items))
        first = set(owners[: len(owners) // 2])
        halves[name] = [
            set_laws(model, tokenizer, [i for i in items if (i.owner in first) is side], max_answer)
            for side in (True, False)
        ]
        whole[name] = set_laws(model, tokenizer, items, max_answer)
    rho = len(corpus.forget) / (len(corpus.forget) + len(corpus.retain))
    return {
        label: Reading(measure(whole[ref], forget, rho), measure(halves[ref][0], halves[ref][1], rho))
        for label, (ref, measure) in SIGNALS.items()
    }


def readings_of(bank: Any, config: RunConfig, names: list[str]) -> Readings:
    """Every signal at every named model."""
    corpus = config.make_corpus()
    return {n: read_signals(bank.use(n), bank.tokenizer, corpus, config.unlearn.max_answer) for n in names}
