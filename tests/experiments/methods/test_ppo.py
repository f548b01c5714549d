"""DareU's pieces by hand, and its finite problem against T22."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from experiments.methods.ppo import clipped_surrogate, discounted, levelled_off, running_rewards, shaped, solve_finite
from mari_theory import ArgumentError, total_variation


def test_chi_saturates_where_the_paper_says() -> None:
    b = torch.tensor([0.0, 0.3, 1 - math.exp(-1.05), 0.9, 1.0], dtype=torch.float64)
    wanted = [0.0, math.log(0.7) / 1.05, -1.0, -1.0, -1.0]
    assert shaped(b).tolist() == pytest.approx(wanted, abs=2e-6)


def test_token_rewards_are_running_means_of_slices() -> None:
    # kappa = 2, three slices, five tokens: tokens 1-2 read slice 1, 3-4 slice 2, 5 slice 3.
    assert running_rewards([-1.0, -0.5, 0.0], 5, 2) == pytest.approx([-1, -1, -2.5 / 3, -0.75, -0.6])
    with pytest.raises(ArgumentError, match="slices"):
        running_rewards([0.0], 5, 2)


def test_returns_and_the_clipped_objective_by_hand() -> None:
    assert discounted(torch.tensor([[1.0, 2.0, 4.0]]), 0.5).tolist() == [[3.0, 4.0, 4.0]]
    new, old = torch.log(torch.tensor([[1.5, 0.5]])), torch.zeros(1, 2)
    mask = torch.ones(1, 2, dtype=torch.bool)
    # Advantage 1: min(1.5, 1.2) = 1.2; advantage -1: min(-0.5, -0.8) = -0.8.
    found = clipped_surrogate(new, old, torch.tensor([[1.0, -1.0]]), mask, 0.2)
    assert float(found) == pytest.approx(-(1.2 - 0.8) / 2)


@pytest.mark.parametrize("beta", [0.3, 1.0])
def test_the_finite_problem_converges_to_the_tilted_policy(beta: float) -> None:
    rng = np.random.default_rng(0)
    reference = torch.from_numpy(rng.dirichlet(np.ones(6), size=4)).float()
    reward = shaped(torch.from_numpy(rng.random((4, 6))).float())
    wanted = torch.softmax(reference.log() + reward / beta, -1)
    found = solve_finite(reference, reward, beta)
    assert float(np.max(total_variation(found.double().numpy(), wanted.double().numpy()))) < 0.02
    with pytest.raises(ArgumentError, match="beta"):
        solve_finite(reference, reward, 0.0)


@pytest.mark.parametrize("looks", [8, 11, 30])
def test_a_reward_has_levelled_off_where_its_end_adds_little_to_its_rise(looks: int) -> None:
    k = np.arange(looks) / (looks - 1)
    settled, straight, never = -np.exp(-8 * k), k - 1, np.zeros(looks)
    for scale, shift in ((1.0, 0.0), (0.1, -3.0)):
        assert levelled_off((scale * settled + shift).tolist())
        assert not levelled_off((scale * straight + shift).tolist())
        assert not levelled_off((shift - scale * straight).tolist())
    assert not levelled_off(never.tolist()) and not levelled_off(settled[:7].tolist())
