"""What a run knows between two steps comes back from one file: weights, both moments, history, running means, a memory of the method."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from experiments.methods.base import Objective
from experiments.unlearning.checkpoint import LoopResult, Running, State
from experiments.unlearning.reason import Reason


class Remembering(Objective):
    """One tensor that grows."""

    def __init__(self) -> None:
        super().__init__()
        self.seen = torch.zeros(0)

    def memory(self) -> dict[str, torch.Tensor]:
        return {"seen": self.seen}

    def recall(self, memory: dict[str, torch.Tensor]) -> None:
        self.seen = memory["seen"]


def seen_by(state: State) -> torch.Tensor:
    assert isinstance(state.objective, Remembering)
    return state.objective.seen


def fresh(start: float) -> State:
    weights = {"a": torch.nn.Parameter(torch.full((2, 3), start)), "never": torch.nn.Parameter(torch.full((1,), start))}
    optimizer = torch.optim.AdamW(weights.values(), lr=0.1, betas=(0.9, 0.98), weight_decay=0.01)
    return State(weights, optimizer, LoopResult(), Running(), Remembering())


def step(state: State, k: int) -> None:
    """The loss never reaches the weight `never`."""
    state.optimizer.zero_grad(set_to_none=True)
    (state.weights["a"] * torch.arange(6.0).reshape(2, 3)).sin().sum().mul(k + 1).backward()
    state.optimizer.step()
    state.running.add({"loss": float(k), "rare": 1.0} if k == 1 else {"loss": float(k)})
    state.objective.seen = torch.cat([seen_by(state), torch.tensor([float(k)])])
    state.result.steps = k + 1
    state.result.history.append({"step": float(k)})


def test_a_run_goes_on_as_if_it_had_not_been_cut(tmp_path: Path) -> None:
    whole, cut, resumed = fresh(0.5), fresh(0.5), fresh(9.0)
    for k in range(6):
        step(whole, k)
    for k in range(3):
        step(cut, k)
    cut.save(tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == ["checkpoint.safetensors"]
    assert resumed.load(tmp_path) == 3
    kept = cut.optimizer.state[cut.weights["a"]]
    back = resumed.optimizer.state[resumed.weights["a"]]
    assert set(kept) == set(back) == {"step", "exp_avg", "exp_avg_sq"}
    assert all(torch.equal(kept[k], back[k]) for k in kept) and float(back["step"]) == 3.0
    assert resumed.weights["never"] not in resumed.optimizer.state and float(resumed.weights["never"].detach()) == 0.5
    for k in range(3, 6):
        step(resumed, k)
    assert torch.equal(resumed.weights["a"], whole.weights["a"])
    assert torch.equal(seen_by(resumed), seen_by(whole))
    assert resumed.result == whole.result
    assert resumed.running.take() == whole.running.take() == {"batch_loss": 2.5, "batch_rare": 1.0}


def test_without_a_checkpoint_nothing_changes(tmp_path: Path) -> None:
    state = fresh(0.5)
    assert state.load(tmp_path) == 0 and state.result == LoopResult()
    assert bool((state.weights["a"] == 0.5).all()) and not state.optimizer.state


def test_a_write_that_fails_leaves_the_checkpoint_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    state = fresh(0.5)
    step(state, 0)
    state.save(tmp_path)
    before = (tmp_path / "checkpoint.safetensors").read_bytes()

    def torn(tensors: object, path: Path, metadata: object = None) -> None:
        Path(path).write_bytes(before[:100])
        raise OSError("no space left")

    monkeypatch.setattr("experiments.unlearning.checkpoint.save_file", torn)
    step(state, 1)
    with pytest.raises(OSError, match="no space"):
        state.save(tmp_path)
    assert (tmp_path / "checkpoint.safetensors").read_bytes() == before and fresh(0.0).load(tmp_path) == 1


def test_means_are_over_the_steps_that_had_the_part_and_start_again_after_each_look() -> None:
    running = Running()
    assert running.take() == {}
    for value in (1.0, 2.0, 6.0):
        running.add({"x": value})
    assert running.take() == {"batch_x": 3.0} and running.take() == {}


def test_a_result_says_the_step_unless_it_did_them_all() -> None:
    assert str(LoopResult(steps=7)) == "all steps done"
    assert str(LoopResult([], Reason.FORGET_LOSS, 7)) == "forget loss reached the holdout's at step 7"
