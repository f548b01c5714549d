"""Critics: what they estimate, what they do not bound, and what they certify."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("torch")

import torch

from estimators import VARIATIONAL, DonskerVaradhan, Hoeffding, Training, certify_critic_jsd, certify_critic_mi
from mari_theory import ArgumentError
from mari_theory.families import BMI_TASKS, GaussianPair

SHORT = Training(steps=300, check_every=50, patience=4)


@pytest.mark.parametrize("name", [n for n in VARIATIONAL if n != "club"])
def test_learns_a_bivariate_normal(name: str, rng: np.random.Generator) -> None:
    joint = BMI_TASKS["1v1-normal-0.75"]
    # InfoNCE scores all pairs of 64 rows: one such block a step teaches as much as four.
    training = replace(SHORT, batch=64) if name == "infonce" else SHORT
    made = VARIATIONAL[name](training).estimate(*joint.sample(4000, rng))
    assert made.value == pytest.approx(joint.mutual_information(), abs=0.12)
    assert made.interval is None and made.direction in ("lower bound", "none")


def test_club_is_above(rng: np.random.Generator) -> None:
    joint = BMI_TASKS["1v1-normal-0.75"]
    made = VARIATIONAL["club"](SHORT).estimate(*joint.sample(4000, rng))
    assert made.value == pytest.approx(0.75**2 / (1 - 0.75**2), abs=0.35)


@pytest.mark.long
@pytest.mark.parametrize("name", [n for n in VARIATIONAL if n != "club"])
@pytest.mark.parametrize(
    "task",
    ["1v1-normal-0.75", "multinormal-dense-2-2-0.5", "multinormal-sparse-5-5-2-2.0", "multinormal-dense-25-25-0.5"],
)
def test_within_a_tenth_on_gaussian_tasks(name: str, task: str) -> None:
    joint = BMI_TASKS[task]
    made = VARIATIONAL[name]().estimate(*joint.sample(10_000, np.random.default_rng(1)))
    assert abs(made.value / joint.mutual_information() - 1) < 0.1


def test_same_seed_same_number_and_the_callers_generator_is_left_alone(rng: np.random.Generator) -> None:
    x, y = BMI_TASKS["1v1-normal-0.75"].sample(400, rng)
    quick = Training(steps=60, check_every=20)
    torch.manual_seed(7)
    before = torch.random.get_rng_state()
    values = [DonskerVaradhan(quick).estimate(x, y).value for _ in range(2)]
    assert values[0] == values[1]
    assert torch.equal(before, torch.random.get_rng_state())


def test_a_persons_own_critic(rng: np.random.Generator) -> None:
    class Product(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.scale = torch.nn.Parameter(torch.zeros(()))

        def forward(self, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
            return self.scale * (x * y).sum(-1)

    x, y = BMI_TASKS["1v1-normal-0.75"].sample(2000, rng)
    made = DonskerVaradhan(Training(critic=lambda a, b: Product(), steps=400)).estimate(x, y)
    assert 0.1 < made.value < 0.45


def test_donsker_varadhan_is_not_a_bound_on_a_sample(rng: np.random.Generator) -> None:
    """No information at all, and yet a quarter of the samples of 100 put the value at 0.09 or more."""
    values = []
    for _ in range(2000):
        t = [math.log(10_000) * (rng.random(100) < 0.01) for _ in range(2)]
        values.append(float(t[0].mean()) - math.log(float(np.exp(t[1]).mean())))
    above = np.mean(np.array(values) > 0.09)
    assert 0.18 < above < 0.29
    # The certified version of the same critic never claims anything.
    assert certify_critic_mi(t[0], t[1], math.log(10_000)).interval.lower == 0.0


def test_certified_critics_stay_below_the_truth(rng: np.random.Generator) -> None:
    pair, misses, close = GaussianPair(0.0, 1.0, 1.0, 1.0), 0, []
    for _ in range(100):
        of_p, of_q = (1 / (1 + np.exp(-(pair.sample(arm, 500, rng) - 0.5))) for arm in (0, 1))
        made = certify_critic_jsd(of_p, of_q)
        misses += made.interval.lower > pair.jsd()
        close.append(made.interval.lower)
    assert misses <= 20 and np.mean(close) > 0.3 * pair.jsd()
    joint = BMI_TASKS["1v1-normal-0.75"]
    misses, close = 0, []
    for _ in range(100):
        x, y = joint.sample(3000, rng)
        t = np.clip(joint.pointwise_information(x[:1000], y[:1000]), -3, 3)
        r = np.clip(joint.pointwise_information(x[1000:2000], y[2000:]), -3, 3)
        made = certify_critic_mi(t, r, 3.0)
        misses += made.interval.lower > joint.mutual_information()
        close.append(made.interval.lower)
    assert misses <= 20 and np.mean(close) > 0.3 * joint.mutual_information()
    assert certify_critic_jsd(of_p, of_q, interval=Hoeffding()).interval.method == "critic-hoeffding"


@pytest.mark.parametrize(
    ("x", "y", "words"),
    [
        ([0.0] * 10, [0.0] * 10, "at least 40"),
        ([0.0] * 50, [0.0] * 51, "one length"),
        ([math.nan] * 50, [0.0] * 50, "finite"),
    ],
)
def test_bad_samples_are_refused(x: list[float], y: list[float], words: str) -> None:
    with pytest.raises(ArgumentError, match=words):
        DonskerVaradhan().estimate(x, y)
    with pytest.raises(ArgumentError, match="probabilities"):
        certify_critic_jsd(np.array([1.5]), np.array([0.5]))
    with pytest.raises(ArgumentError, match="bound"):
        certify_critic_mi(np.array([1.5]), np.array([0.5]), math.inf)
