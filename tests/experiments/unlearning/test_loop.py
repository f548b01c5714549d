"""The loop: killed and cut runs end where whole ones do, nothing broken is stepped on."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from experiments.config import LoopSettings
from experiments.data.items import Corpus
from experiments.methods import make_method
from experiments.methods.base import Batch, Loss, Method
from experiments.models.tiny import tiny_model
from experiments.unlearning.loop import Task, Watch, run_loop
from experiments.unlearning.reason import Reason
from mari_theory import ArgumentError

PROGRAM = """
import os, signal, sys
import torch
torch.set_num_threads(1)
from pathlib import Path
from safetensors.torch import save_file
from experiments.data.generated import generate
from experiments.methods import make_method
from experiments.models.tiny import tiny_model, tiny_tokenizer
from experiments.models.load import quiet
from experiments.config import LoopSettings
from experiments.unlearning.loop import Task, Watch, run_loop
quiet()

def train(out, kill):
    corpus = generate(2, 4, 6, seed=3)
    tokenizer = tiny_tokenizer(corpus)
    model = tiny_model(len(tokenizer), 16, 1, 2, 0)
    def after(step):
        if step == kill:
            os.kill(os.getpid(), signal.SIGKILL)
    settings = LoopSettings(steps=12, batch_retain=4, batch_forget=3, batch_background=4, checkpoint_every=4, evaluate_every=5)
    result = run_loop(Task(model, tokenizer, corpus, corpus.retain, make_method("mari-pooled")), settings, Watch(out, after_step=after))
    save_file({k: v.contiguous() for k, v in model.state_dict().items()}, out / "final.safetensors")
    (out / "last.txt").write_text(str(result.history[-1]))

# A process for each run, imported once, the libraries' late imports too: a killed one leaves nothing behind but its files.
tiny_model(8, 8, 1, 1, 0)
for argument in sys.argv[1:]:
    folder, kill = argument.rsplit(":", 1)
    child = os.fork()
    if child == 0:
        train(Path(folder), int(kill))
        os._exit(0)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""


def test_killed_and_resumed_runs_end_bit_identical(tmp_path: Path) -> None:
    kills = {tmp_path / f"killed-{kill}": kill for kill in (1, 4, 7)}
    for folder in (tmp_path / "whole", *kills):
        folder.mkdir()
    runs = [f"{tmp_path / 'whole'}:0", *(f"{f}:{k}" for f, k in kills.items()), *(f"{f}:0" for f in kills)]
    command = [sys.executable, "-c", PROGRAM, *runs]
    done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "TQDM_DISABLE": "1"}, check=True)
    assert [int(x) for x in done.stdout.split()] == [0, *[-signal.SIGKILL] * len(kills), *[0] * len(kills)], done.stderr
    expected = load_file(tmp_path / "whole" / "final.safetensors")
    for folder in kills:
        made = load_file(folder / "final.safetensors")
        assert all(torch.equal(made[k], expected[k]) for k in expected)
        assert (folder / "last.txt").read_text() == (tmp_path / "whole" / "last.txt").read_text()


class Cut(Exception):
    pass


@pytest.mark.usefixtures("few_features")
@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("mari-pooled", {"bank": 3}),
        ("mari-tokenwise", {"bank": 2, "debiased": True}),
        ("dareu", {"max_new": 3, "reuse": 2}),
    ],
)
def test_methods_with_a_memory_resume_bit_identical(
    tmp_path: Path, corpus: Corpus, tokenizer: Any, name: str, changes: dict[str, Any]
) -> None:
    """Cut after step 6, in the middle of a cycle: what the objective remembers comes back with the weights."""
    settings = LoopSettings(
        steps=9, batch_retain=4, batch_forget=3, batch_background=2, checkpoint_every=4, evaluate_every=3
    )

    def cut(step: int) -> None:
        if step == 6:
            raise Cut

    made, histories = [], []
    for folder, after in (("whole", [None]), ("cut", [cut, None])):
        for hook in after:
            model, original = (tiny_model(len(tokenizer), 16, 1, 2, 0) for _ in range(2))
            task = Task(model, tokenizer, corpus, corpus.retain, make_method(name, **changes), original)
            try:
                result = run_loop(task, settings, Watch(tmp_path / folder, after_step=hook))
            except Cut:
                continue
        made.append(model.state_dict())
        histories.append(result.history)
    assert all(torch.equal(made[0][k], made[1][k]) for k in made[0])
    assert histories[0] == histories[1]


@pytest.mark.parametrize(("items", "steps"), [(5, 5), (9, 9), (12, 12), (13, 13)])
def test_epochs_are_passes_over_what_is_repeated(corpus: Corpus, tokenizer: Any, items: int, steps: int) -> None:
    settings = LoopSettings(epochs=3, batch_retain=3, batch_forget=1, batch_background=0)
    model = tiny_model(len(tokenizer), 8, 1, 1, seed=0)
    task = Task(model, tokenizer, corpus, corpus.retain[:items], make_method("retain-only"))
    assert run_loop(task, settings, Watch(evaluate=False)).steps == steps


def test_a_full_disk_is_refused_before_the_first_step(
    tmp_path: Path, corpus: Corpus, tokenizer: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=1000))
    model = tiny_model(len(tokenizer), 8, 1, 1, seed=0)
    method = make_method("retain-only")
    with pytest.raises(ArgumentError, match="GiB free for checkpoints"):
        run_loop(Task(model, tokenizer, corpus, corpus.retain, method), LoopSettings(steps=1), Watch(tmp_path))
    assert not list(tmp_path.iterdir())


def test_a_diverging_run_stops_before_it_spoils_the_weights(
    corpus: Corpus, tokenizer: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = tiny_model(len(tokenizer), 8, 1, 1, seed=0)
    method = make_method("retain-only")
    real, calls = type(method).loss, []

    def loss(self: Method, model: Any, batch: Batch, reference: Any = None) -> Loss:
        calls.append(1)
        value, parts = real(self, model, batch, reference)
        return (value * float("nan") if len(calls) == 3 else value), parts

    monkeypatch.setattr(type(method), "loss", loss)
    settings = LoopSettings(steps=6, batch_retain=2, batch_forget=2, batch_background=2)
    result = run_loop(Task(model, tokenizer, corpus, corpus.retain, method), settings, Watch(evaluate=False))
    assert result.steps == 2 and result.stopped is Reason.LOSS_NOT_FINITE
    assert all(bool(torch.isfinite(p).all()) for p in model.parameters())
