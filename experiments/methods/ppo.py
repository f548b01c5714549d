"""Clipped policy optimisation (Schulman et al. 2017) in the few pure functions DareU needs, and a finite problem with a known answer.

trl's trainer expects its own rollouts, a reward model with a tokenizer of its own and one reward a sequence; DareU's reward is a running mean
every kappa tokens and alternates with distillation, so the loop stays here, where a test can hold it against T22.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from mari_theory.errors import require

SATURATION = 1.05
LATE = 0.1
"""Share of a run's whole rise in reward that its end may still add where it has levelled off."""


def shaped(attribution: Tensor, eps: float = 1e-6) -> Tensor:
    """chi(b) = clip(ln(1 - clip(b, eps, 1-eps))/1.05, -1, 0): 0 for no attribution, -1 from b = 1 - e^-1.05 = 0.650 on.

    >>> float(shaped(torch.tensor(0.0))) > -1e-5, float(shaped(torch.tensor(0.7)))
    (True, -1.0)
    """
    score = torch.log1p(-attribution.clamp(eps, 1 - eps)) / SATURATION
    return score.clamp(-1.0, 0.0)


def running_rewards(slices: Sequence[float], length: int, kappa: int) -> list[float]:
    """Token rewards r_t = mean over t' = 1..t+1 of slices[ceil(t'/kappa) - 1]: the classifier is called once a kappa tokens.

    >>> running_rewards([0.0, -1.0], 4, 2)
    [0.0, 0.0, -0.3333333333333333, -0.5]
    """
    require(kappa >= 1, "kappa", "a number at least 1", kappa)
    require(len(slices) >= math.ceil(length / kappa), "slices", "one score every kappa tokens", len(slices))
    out, total = [], 0.0
    for t in range(length):
        total += slices[t // kappa]
        out.append(total / (t + 1))
    return out


def discounted(rewards: Tensor, gamma: float) -> Tensor:
    """Returns R_t = sum_j gamma^j r_{t+j} along the last axis.

    >>> discounted(torch.tensor([[1.0, 1.0]]), 0.5).tolist()
    [[1.5, 1.0]]
    """
    out = torch.zeros_like(rewards)
    following = torch.zeros_like(rewards[..., 0])
    for t in range(rewards.shape[-1] - 1, -1, -1):
        following = rewards[..., t] + gamma * following
        out[..., t] = following
    return out


def clipped_surrogate(new: Tensor, old: Tensor, advantage: Tensor, mask: Tensor, clip: float) -> Tensor:
    """-mean over real tokens of min(ratio A, clip(ratio, 1-clip, 1+clip) A), ratio = exp(new - old).

    >>> one = torch.ones(1, 1)
    >>> float(clipped_surrogate(torch.log(2 * one), torch.log(one), one, one.bool(), 0.2))
    -1.2000000476837158
    """
    ratio = torch.exp(new - old)
    value = torch.minimum(ratio * advantage, ratio.clamp(1 - clip, 1 + clip) * advantage)
    return -(value * mask).sum() / mask.sum()


def rewards_of(history: Sequence[Mapping[str, float | None]]) -> list[float]:
    """Mean rewards of the batches between a run's looks; none of a method that is not paid.

    >>> rewards_of([{"step": 0.0}, {"step": 5.0, "batch_reward": -0.5}])
    [-0.5]
    """
    return [reward for look in history if (reward := look.get("batch_reward")) is not None]


def levelled_off(rewards: Sequence[float]) -> bool:
    """Has a run's reward stopped rising? `rewards`: its means between looks, in order.

    Yes where there are eight or more, the last quarter of them lies above the first one, and the quarter before was at most a tenth of that
    rise lower. Under a falling learning rate this says that the run is over, not that a longer one would end no higher.

    >>> levelled_off([-0.9, -0.5, -0.3, -0.2, -0.15, -0.1, -0.1, -0.1]), levelled_off([-0.8, -0.7, -0.6, -0.5, -0.4, -0.3, -0.2, -0.1])
    (True, False)
    """
    quarter = len(rewards) // 4
    if quarter < 2:
        return False
    last, before = (sum(part) / quarter for part in (rewards[-quarter:], rewards[-2 * quarter : -quarter]))
    rise = last - rewards[0]
    return rise > 0 and last - before <= LATE * rise


def solve_finite(
    reference: Tensor, reward: Tensor, beta: float, steps: int = 400, rollouts: int = 4096, seed: int = 0
) -> Tensor:
    """The policy that the loop finds on a finite problem: prompts x answers, reward less beta KL to the reference (T22).

    `reference` and `reward` have shape (prompts, answers). The answer is softmax(ln reference + reward/beta), approached to sampling noise.
    Raises `ArgumentError` on a non-positive beta or mismatched shapes.

    >>> even = torch.full((1, 2), 0.5)
    >>> policy = solve_finite(even, torch.tensor([[0.0, -1.0]]), 1.0, steps=200)
    >>> abs(float(policy[0, 0]) - 0.731) < 0.02
    True
    """
    require(beta > 0, "beta", "a number above 0", beta)
    require(
        reference.shape == reward.shape and reference.ndim == 2, "reward", "the reference's shape", tuple(reward.shape)
    )
    generator = torch.Generator().manual_seed(seed)
    logits = reference.log().clone().requires_grad_(True)
    values = torch.zeros(reference.shape[0], requires_grad=True)
    optimizer = torch.optim.Adam([logits, values], lr=0.05)
    schedule = torch.optim.lr_scheduler.LinearLR(optimizer, 1.0, 0.05, steps)
    tail = torch.zeros_like(reference)
    for step in range(steps):
        with torch.no_grad():
            old = torch.log_softmax(logits, -1)
            actions = torch.multinomial(old.exp(), rollouts, replacement=True, generator=generator)
            penalty = beta * (old - reference.log())
            gain = torch.gather(reward - penalty, 1, actions)
        for _ in range(2):
            new = torch.gather(torch.log_softmax(logits, -1), 1, actions)
            advantage = gain - values[:, None]
            policy = clipped_surrogate(
                new, torch.gather(old, 1, actions), advantage.detach(), torch.ones_like(gain, dtype=torch.bool), 0.2
            )
            optimizer.zero_grad()
            (policy + 0.5 * (advantage**2).mean()).backward()
            optimizer.step()
        schedule.step()
        # The average of the last quarter of policies smooths the sampling noise.
        if step >= 3 * steps // 4:
            tail += torch.softmax(logits.detach(), -1)
    return tail / tail.sum(-1, keepdim=True)
