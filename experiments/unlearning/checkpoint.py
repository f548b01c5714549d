"""What a training run knows between two steps, saved and loaded as one file."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from experiments.methods.base import Objective
from experiments.unlearning.reason import Reason
from mari_theory.certificates.files import atomic


@dataclass
class LoopResult:
    """What happened in a run of the loop."""

    history: list[dict[str, float]] = field(default_factory=list)
    """One row a look: losses, accuracies and marginal information by name, with the step."""
    stopped: Reason = Reason.ALL_STEPS
    """Why it ended."""
    steps: int = 0
    """Steps done."""

    def __str__(self) -> str:
        return f"{self.stopped}" if self.stopped is Reason.ALL_STEPS else f"{self.stopped} at step {self.steps}"


class Running:
    """Means of the loss's parts since the last look, each over the steps that had it; part of a checkpoint."""

    def __init__(self, sums: dict[str, float] | None = None, counts: dict[str, int] | None = None) -> None:
        self.sums, self.counts = dict(sums or {}), dict(counts or {})

    def add(self, parts: dict[str, float]) -> None:
        """One step's parts."""
        for k, v in parts.items():
            self.sums[k] = self.sums.get(k, 0.0) + v
            self.counts[k] = self.counts.get(k, 0) + 1

    def take(self) -> dict[str, float]:
        """`batch_<part>` -> mean, and start again."""
        out = {f"batch_{k}": v / self.counts[k] for k, v in self.sums.items()}
        self.sums, self.counts = {}, {}
        return out


@dataclass
class State:
    """What a checkpoint keeps, and what a resumed run puts it back into."""

    weights: dict[str, torch.nn.Parameter]
    """Trained tensors by name, the objective's own (`objective.`) included."""
    optimizer: torch.optim.Optimizer
    """AdamW over these weights; both its moments are kept."""
    result: LoopResult
    """Steps and history so far."""
    running: Running
    """Means since the last look."""
    objective: Objective
    """The method's, whose memory is kept."""

    def save(self, folder: Path) -> None:
        """Write `checkpoint.safetensors`, whole or not at all."""
        tensors = {f"weight.{n}": p.detach().contiguous() for n, p in self.weights.items()}
        for n, p in self.weights.items():
            for key, value in self.optimizer.state[p].items():
                tensors[f"adam.{key}.{n}"] = value.detach().contiguous()
        tensors |= {f"objective.{n}": t.contiguous() for n, t in self.objective.memory().items()}
        means = [self.running.sums, self.running.counts]
        note = json.dumps({"steps": self.result.steps, "history": self.result.history, "means": means})
        with atomic(folder / "checkpoint.safetensors") as temporary:
            save_file(tensors, temporary, metadata={"mari": note})

    def load(self, folder: Path) -> int:
        """Put back what `save` wrote; returns the number of steps done, 0 without a checkpoint."""
        path = folder / "checkpoint.safetensors"
        if not path.is_file():
            return 0
        with safe_open(path, "pt") as f:
            note = json.loads(f.metadata()["mari"])
        tensors = load_file(path)
        with torch.no_grad():
            for n, p in self.weights.items():
                p.copy_(tensors[f"weight.{n}"])
                if f"adam.step.{n}" in tensors:  # a weight the loss never reached has no moments
                    moments = {k: tensors[f"adam.{k}.{n}"].to(p.device) for k in ("exp_avg", "exp_avg_sq")}
                    self.optimizer.state[p] = {"step": tensors[f"adam.step.{n}"], **moments}
        device = next(iter(self.weights.values())).device
        own = {n.removeprefix("objective."): t.to(device) for n, t in tensors.items() if n.startswith("objective.")}
        self.objective.recall(own)
        self.result.steps, self.result.history = note["steps"], note["history"]
        self.running.sums, self.running.counts = note.get("means", ({}, {}))
        return self.result.steps
