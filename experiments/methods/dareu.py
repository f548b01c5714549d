"""DareU (Lu et al., ICML 2026): reinforcement learning that lowers the attribution of the model's own answers to the forgotten owner (T22)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from experiments.data.encoding import Encoded, answer_log_probs, encode_ids, token_log_probs
from experiments.data.items import Corpus, Item
from experiments.methods.attribution import Attribution, frozen_attribution
from experiments.methods.base import Batch, Loss, Objective, ReferenceMethod, parts_of, preserve_divergence
from experiments.methods.ppo import clipped_surrogate, discounted, running_rewards, shaped
from experiments.models.decode import decode
from mari_theory.errors import require


@dataclass(frozen=True)
class DareU(ReferenceMethod):
    r"""PPO on forget prompts, in turn with distillation on what stays.

    .. math:: r_t = \tfrac{1}{t+1} \sum_{t'=1}^{t+1} \chi(DA(i, y_{:\lceil t'/\kappa \rceil \kappa})) - \lambda KL(\pi \| \pi_{old})_t,
        \quad L = -E[\min(\rho_t A_t, clip(\rho_t) A_t)] + c_V (R_t - V_t)^2, \quad L_{dis} = \lambda_{dis} KL(\pi_0 \| \pi) \text{ on preserve}

    chi saturates at -1 from an attribution of 0.65 on. Defaults are the paper's (KL 0.1, value 0.2, clip 0.2, temperature 0.8, distillation 2,
    15 slices); gamma and eps are not given there. Ratio and KL are those of the law that was sampled, at the rollouts' temperature. Deviations:
    the classifier is logistic regression (see `experiments.methods.attribution`), and `given` may add the question; the KL also pulls
    directly, by its own gradient, not only through the reward; it is taken to the policy of the rollouts, so it is 0 at the first step of
    every cycle; the value head shares the policy's optimiser and its clip.
    """

    kl: float = 0.1
    """Lambda, at least 0; the KL also pulls directly with this weight."""
    value: float = 0.2
    """c_V, weight of the value head's squared error, at least 0."""
    clip: float = 0.2
    """In (0, 1): rho_t is clipped to 1 -+ this."""
    temperature: float = 0.8
    """Of the rollouts, above 0."""
    distillation: float = 2.0
    """Lambda_dis, weight of the distillation step, at least 0."""
    slices: int = 15
    """Prefixes of a longest answer whose attribution is scored, at least 1: kappa is max_new / slices, rounded up."""
    gamma: float = 1.0
    """Discount of later rewards, in (0, 1]."""
    reuse: int = 2
    """Clipped steps that each rollout serves, at least 1; one distillation step follows them."""
    max_new: int = 32
    """Tokens of the longest rollout, at least 1."""
    given: str = "question-and-answer"
    """What the classifier reads: `answer` (the paper's), or `question-and-answer`."""

    def __post_init__(self) -> None:
        for name in ("kl", "value", "distillation"):
            require(getattr(self, name) >= 0, name, "a number at least 0", getattr(self, name))
        require(0 < self.clip < 1, "clip", "a number in (0, 1)", self.clip)
        require(self.temperature > 0, "temperature", "a number above 0", self.temperature)
        require(0 < self.gamma <= 1, "gamma", "a number in (0, 1]", self.gamma)
        require(
            self.slices >= 1 and self.reuse >= 1 and self.max_new >= 1,
            "slices, reuse, max_new",
            "counts of at least 1",
            self,
        )

    def begin(self, model: Any, tokenizer: Any, corpus: Corpus, seed: int) -> Objective:
        """The objective of one run: the frozen classifier, a value head, and the rollouts in use."""
        return Rollouts(
            self, frozen_attribution(corpus, self.given, seed), tokenizer, int(model.config.hidden_size), seed
        )

    def loss(self, model: Any, batch: Batch, reference: Any = None) -> Loss:
        """The distillation term alone; the policy term needs `begin`, which the loop calls."""
        drift = preserve_divergence(model, batch, reference)
        return self.distillation * drift, parts_of(preserve_kl=drift)


class Rollouts(Objective):
    """The moving parts of one run of `DareU`."""

    def __init__(self, method: DareU, attribution: Attribution, tokenizer: Any, width: int, seed: int) -> None:
        super().__init__()
        self.method, self.attribution, self.tokenizer, self.seed = method, attribution, tokenizer, seed
        self.value = torch.nn.Linear(width, 1)
        torch.nn.init.zeros_(self.value.weight)
        torch.nn.init.zeros_(self.value.bias)
        self.data: Encoded | None = None
        self.scores = self.old = torch.zeros(())

    def memory(self) -> dict[str, Tensor]:
        """The rollouts in use: a cycle cut by a kill goes on with the same ones."""
        if self.data is None:
            return {}
        d = self.data
        own = {"scores": self.scores, "old": self.old, "ids": d.input_ids, "attention": d.attention_mask}
        return own | {"slots": d.slots, "targets": d.targets, "answers": d.answer_mask}

    def recall(self, memory: dict[str, Tensor]) -> None:
        """What `memory` gave."""
        if memory:
            self.scores, self.old = memory["scores"], memory["old"]
            ids, attention, slots, targets, answers = (
                memory[k] for k in ("ids", "attention", "slots", "targets", "answers")
            )
            self.data = Encoded(ids, attention, slots, targets, answers, ("",) * len(ids))

    def loss(self, model: Any, batch: Batch, reference: Any, step: int) -> Loss:
        """One clipped step, or one distillation step at the end of a cycle."""
        place = step % (self.method.reuse + 1)
        if place == self.method.reuse:
            return self.method.loss(model, batch, reference)
        if place == 0 or self.data is None:
            self._sample(model, batch, step - place)
        return self._policy_loss(model)

    def _sample(self, model: Any, batch: Batch, step: int) -> None:
        m = self.method
        prompts = [batch.forget.input_ids[i, : int(s) + 1].tolist() for i, s in enumerate(batch.forget.slots[:, 0])]
        model.eval()
        outputs = decode(model, self.tokenizer, prompts, m.max_new, self.seed * 65537 + step, m.temperature)
        model.train()
        data = encode_ids(list(zip(prompts, outputs, strict=True)), int(self.tokenizer.eos_token_id)).to(
            batch.forget.input_ids.device
        )
        with torch.no_grad():
            self.old = torch.log_softmax(answer_log_probs(model, data) / m.temperature, -1)
        kappa = max(1, math.ceil(m.max_new / m.slices))
        self.scores = self._rewards(batch.forget_items, outputs, kappa, data.answer_mask)
        self.data = data

    def _rewards(self, items: list[Item], outputs: list[list[int]], kappa: int, mask: Tensor) -> Tensor:
        rows, who = [], []
        for i, (item, output) in enumerate(zip(items, outputs, strict=True)):
            for stop in range(kappa, len(output) + kappa, kappa):
                rows.append(self.tokenizer.decode(output[:stop], skip_special_tokens=True))
                who.append((i, item))
        chi = shaped(torch.from_numpy(self.attribution.score([item for _, item in who], rows))).tolist()
        out = torch.zeros(mask.shape, dtype=torch.float32)
        for i, output in enumerate(outputs):
            own = [c for (k, _), c in zip(who, chi, strict=True) if k == i]
            out[i, : len(output)] = torch.tensor(running_rewards(own, len(output), kappa))
        return out.to(mask.device)

    def _policy_loss(self, model: Any) -> Loss:
        m, data = self.method, self.data
        assert data is not None
        states = model(
            input_ids=data.input_ids, attention_mask=data.attention_mask, use_cache=False, output_hidden_states=True
        )
        index = data.slots[..., None]
        logits = torch.gather(states.logits, 1, index.expand(-1, -1, states.logits.shape[-1])).float()
        features = torch.gather(states.hidden_states[-1], 1, index.expand(-1, -1, states.hidden_states[-1].shape[-1]))
        new = torch.log_softmax(logits / m.temperature, -1)  # the law that the rollouts were drawn from
        drift = (new.exp() * (new - self.old)).sum(-1)
        value = self.value(features.detach().float())[..., 0]
        gain = discounted((self.scores - m.kl * drift.detach()) * data.answer_mask, m.gamma)
        advantage = gain - value
        surrogate = clipped_surrogate(
            token_log_probs(new, data), token_log_probs(self.old, data), advantage.detach(), data.answer_mask, m.clip
        )
        fit = ((advantage * data.answer_mask) ** 2).sum() / data.answer_mask.sum()
        reward = (self.scores * data.answer_mask).sum() / data.answer_mask.sum()
        # The KL also pulls directly: its gradient through the policy, not only through the reward.
        pull = (drift * data.answer_mask).sum() / data.answer_mask.sum()
        return surrogate + m.value * fit + m.kl * pull, parts_of(reward=reward, policy_kl=pull, value_error=fit)
