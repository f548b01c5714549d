"""What a request will take: an estimate from one measured step of training and a few measured outputs."""

from __future__ import annotations

import resource
import time
from dataclasses import dataclass
from pathlib import Path

import torch

from experiments.config import RunConfig
from experiments.data.encoding import answer_log_probs, answer_loss, many_prompt_ids
from experiments.models.banks import open_bank
from experiments.models.decode import decode
from experiments.unlearning.batches import make_batch
from experiments.unlearning.roles import Oracle, ready_path

ROW = 10.0
"""Seconds that a row of an audit takes beside its models: attacks, certificates, figures."""
OUTPUTS = 8
"""Drawn to see how long one takes."""


@dataclass(frozen=True)
class Cost:
    """Of everything that a request does from here on."""

    seconds: float
    """Wall time."""
    memory_gib: float
    """Largest resident memory of the process; that of an accelerator is not counted."""
    disk_gib: float
    """Of models and checkpoints."""

    def __str__(self) -> str:
        long = f"{self.seconds / 60:.0f} min" if self.seconds >= 90 else f"{self.seconds:.0f} s"
        return f"about {long}, {self.memory_gib:.1f} GiB of memory, {self.disk_gib:.2f} GiB of disk (an estimate from one measured step)"


def estimate_cost(config: RunConfig, run: Path, others: int = 0) -> Cost:
    """Of the audit, and of `others` more unlearning runs before it.

    A step is counted like one forward and backward pass over what stays, an output as drawn alone and read by every model.
    """
    bank, corpus = open_bank(config, run), config.training_corpus()
    model = bank.start_from("original")
    device = next(model.parameters()).device
    batch = make_batch(bank.tokenizer, corpus, corpus.retain, config.unlearn, 0).to(device)
    torch.set_grad_enabled(True)
    for _ in range(2):  # the first one warms up
        began = time.perf_counter()
        answer_loss(answer_log_probs(model, batch.preserve), batch.preserve).backward()
        step = time.perf_counter() - began
    model.zero_grad(set_to_none=True)
    prompts = many_prompt_ids(bank.tokenizer, [i.prompt for i in corpus.forget])
    began = time.perf_counter()
    decode(model.eval(), bank.tokenizer, [prompts[k % len(prompts)] for k in range(OUTPUTS)], config.scoring.max_new, 0)
    drawn = (time.perf_counter() - began) / OUTPUTS
    retrained = sum(ready_path(config, Oracle(k)) is None for k in range(config.oracle_count))
    methods = len(config.methods) + others
    # The reference and the forget half of a batch about double a step of unlearning; a look is about ten of its passes.
    steps = 2.5 * config.unlearn.steps * methods + config.train.over(len(corpus.retain)).steps * retrained
    outputs = (config.scoring.draws + config.scoring.shift_draws) * (3 + len(config.methods))
    items = sum(map(len, config.audit_corpus().splits().values())) * (2 + len(config.methods) + config.oracle_count)
    reading = step / 3 / config.unlearn.batch_retain
    trained = sum(p.numel() for p in model.parameters() if p.requires_grad)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    return Cost(
        seconds=ROW * (2 + len(config.methods))
        + step * steps
        + outputs * (drawn + reading * (1 + config.oracle_count))
        + 4 * items * reading,
        memory_gib=peak + 8 * trained / 2**30,
        disk_gib=4 * trained * (methods + retrained + 3) / 2**30
        + 4 * sum(p.numel() for p in model.parameters()) / 2**30,
    )
