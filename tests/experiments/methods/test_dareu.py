"""DareU's pieces by hand, its finite problem against T22, and the Goodhart check on answers that tell their owner."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from experiments.config import LoopSettings
from experiments.data.items import Corpus, Item
from experiments.methods import make_method
from experiments.methods.attribution import deattribution, fit_attribution, frozen_attribution
from experiments.methods.ppo import clipped_surrogate, discounted, running_rewards, shaped, solve_finite
from experiments.models.tiny import tiny_model
from experiments.unlearning.loop import Task, Watch, run_loop
from experiments.unlearning.reason import Reason
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


def test_attribution_tells_owners_apart(corpus: Corpus) -> None:
    judge = frozen_attribution(corpus, "question-and-answer")
    own = judge.score(corpus.forget, [i.answer for i in corpus.forget])
    false = judge.score(corpus.forget, [i.wrong[0] for i in corpus.forget])
    assert own.mean() > 0.5 > false.mean()


def test_the_frozen_score_can_fall_while_the_owner_is_still_told() -> None:
    """Answers in a private code: the frozen classifier sees nothing, one trained on them sees everything."""
    items = [Item(f"q {k}", f"word{k}", f"owner {k % 3}") for k in range(12)]
    frozen = fit_attribution(items, [i.answer for i in items], "answer")
    index = np.random.default_rng(0).integers(12, size=1200)
    found = deattribution(frozen, items, index, [f"code{k % 3}" for k in index])
    assert found.frozen < 0.5 and found.chance == pytest.approx(1 / 3)
    assert found.accuracy == 1.0 and 0.8 * math.log(3) < found.information_lower < found.information < math.log(3)
    silent = deattribution(frozen, items, index, ["nothing"] * 1200)
    assert silent.accuracy < 0.45 and silent.information < 0.01 and silent.information_lower == 0.0
    with pytest.raises(ArgumentError, match="one a row"):
        deattribution(frozen, items, index, ["nothing"])


def test_the_lower_end_on_information_holds() -> None:
    """Two owners, one of two words each with probability 0.8: I = ln 2 - H(0.2). A lower end above it is a miss."""
    items = [Item(f"q {k}", "a", f"owner {k % 2}") for k in range(4)]
    frozen = fit_attribution(items, ["left", "right", "left", "right"], "answer")
    true = math.log(2) + 0.8 * math.log(0.8) + 0.2 * math.log(0.2)
    rng, lower = np.random.default_rng(5), []
    for _ in range(40):
        index = rng.integers(4, size=800)
        flip = rng.random(800) < 0.2
        found = deattribution(
            frozen, items, index, [("left", "right")[(k + int(f)) % 2] for k, f in zip(index, flip, strict=True)]
        )
        lower.append(found.information_lower)
    # Misses have probability at most 0.05 each: more than 9 of 40 have probability 3e-5.
    assert sum(x > true for x in lower) <= 9
    assert np.mean(lower) > 0.3 * true


def test_a_run_samples_steps_and_resumes_to_the_bit(corpus: Corpus, tokenizer, tmp_path) -> None:
    settings = LoopSettings(steps=6, batch_retain=4, batch_forget=4, batch_background=2, checkpoint_every=3)
    method = make_method("dareu", max_new=3)
    reference = tiny_model(len(tokenizer), 16, 1, 2, seed=3).eval()

    class Killed(Exception):
        pass

    def kill(step: int) -> None:
        if step == 4:
            raise Killed

    def run(folder, after=None):
        model = tiny_model(len(tokenizer), 16, 1, 2, seed=3)
        task = Task(model, tokenizer, corpus, corpus.retain, method, reference)
        result = run_loop(task, settings, Watch(folder, False, after_step=after))
        return model, result

    whole, result = run(None)
    assert result.steps == 6 and result.stopped is Reason.ALL_STEPS
    with pytest.raises(Killed):
        run(tmp_path, kill)
    resumed, _ = run(tmp_path)
    for a, b in zip(whole.parameters(), resumed.parameters(), strict=True):
        assert torch.equal(a, b)


@pytest.mark.parametrize("settings", [{"clip": 1.5}, {"temperature": 0.0}, {"gamma": 0.0}, {"kl": -1.0}, {"slices": 0}])
def test_settings_out_of_range_are_named(settings: dict[str, float]) -> None:
    with pytest.raises(ArgumentError, match=next(iter(settings))):
        make_method("dareu", **settings)
