"""Losses on whole next-token laws: JensUn (towards a refusal, in JSD) and UNDIAL (towards the original with the answer turned down)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import one_hot

from experiments.data.encoding import answer_log_probs, encode, token_log_probs
from experiments.data.items import Corpus, Item
from experiments.methods.base import Batch, Loss, Objective, ReferenceMethod, frozen_log_probs, parts_of, preserve_loss
from mari_theory import jensen_shannon


@dataclass(frozen=True)
class JensUn(ReferenceMethod):
    r"""`L = gamma JSD(model, refusal tokens) + alpha JSD(model, original on preserve)` (arXiv 2509.02820), a token at a time.

    As released: the model reads prompt and true answer, and at every place of that answer is pulled to a token of the refusal, over and over
    from its start. The first term is ln 2 + (q ln q - (1+q) ln(1+q))/2 at that token's probability q: bounded by ln 2. Deviation: word-level
    corpora have a refusal of their own.
    """

    gamma: float = 1.0
    """Weight of the pull towards refusals."""
    alpha: float = 1.0
    """Weight of the pull towards the original on what stays."""
    refusal: str = "No Idea"
    """What is repeated; a corpus with refusals of its own takes its first instead."""

    def begin(self, model: Any, tokenizer: Any, corpus: Corpus, seed: int) -> Objective:
        """With the refusal's tokens."""
        text = next(iter(corpus.refusals()), self.refusal)
        return Refusing(self, encode(tokenizer, [Item("", text, "")]).targets[0, :-1])

    def loss(self, model: Any, batch: Batch, reference: Any = None) -> Loss:
        """The pull towards the original alone; the refusal needs `begin`, which the loop calls."""
        mask = batch.preserve.answer_mask
        old, new = frozen_log_probs(reference, batch.preserve)[mask], answer_log_probs(model, batch.preserve)[mask]
        preserve: Tensor = jensen_shannon(new, old, log=True, check=False).mean()
        return self.alpha * preserve, parts_of(preserve_jsd=preserve)


class Refusing(Objective):
    """One run of `JensUn`: it knows the tokens of the refusal."""

    def __init__(self, method: JensUn, refusal: Tensor) -> None:
        super().__init__()
        self.method, self.refusal = method, refusal

    def loss(self, model: Any, batch: Batch, reference: Any, step: int) -> Loss:
        """Both divergences."""
        keep, parts = self.method.loss(model, batch, reference)
        data = batch.forget
        places = torch.arange(data.targets.shape[1], device=data.targets.device) % len(self.refusal)
        towards = replace(data, targets=self.refusal.to(places.device)[places].expand_as(data.targets))
        tokens = token_log_probs(answer_log_probs(model, towards), towards)
        refuse = one_hot_jsd(tokens.exp())[data.answer_mask].mean()
        return self.method.gamma * refuse + keep, parts_of(refusal_jsd=refuse) | parts


@dataclass(frozen=True)
class UNDIAL(ReferenceMethod):
    """`L = CE(preserve) + gamma CE(target, model)` on forget tokens, target = softmax(original logits - beta at the answer) (Dong et al. 2024).

    Deviation: only answer positions count, and the answer's logit alone is lowered (the released code indexes the vocabulary with the
    padding label -100).
    """

    beta: float = 10.0
    """Nats taken off the original's logit of the answer token; 0 distils the original itself."""
    gamma: float = 1.0
    """Weight of the forget term; 0 leaves plain training on what stays."""

    def loss(self, model: Any, batch: Batch, reference: Any = None) -> Loss:
        """CE on what stays plus gamma times self-distillation."""
        preserve = preserve_loss(model, batch)
        data = batch.forget
        old = frozen_log_probs(reference, data)
        target = torch.softmax(old - self.beta * one_hot(data.targets, old.shape[-1]), dim=-1)
        per_token = -(target * answer_log_probs(model, data)).sum(-1)
        distil = (per_token * data.answer_mask).sum() / data.answer_mask.sum()
        return preserve + self.gamma * distil, parts_of(preserve_loss=preserve, distillation=distil)


def one_hot_jsd(q: Tensor) -> Tensor:
    """JSD between a law and a sure token of probability q under it: ln 2 + (q ln q - (1+q) ln(1+q))/2, in [0, ln 2].

    >>> float(one_hot_jsd(torch.tensor(1.0, dtype=torch.float64))) < 1e-15
    True
    """
    safe = q.clamp(min=torch.finfo(q.dtype).tiny)
    return torch.log(torch.tensor(2.0, dtype=q.dtype)) + 0.5 * (safe * safe.log() - (1 + q) * torch.log1p(q))
