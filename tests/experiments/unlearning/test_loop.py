from __future__ import annotations

import copy
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from safetensors.torch import load_file

from experiments.config import LoopSettings
from experiments.data.encoding import answer_log_probs, encode
from experiments.methods import make_method
from experiments.methods.base import Method
from experiments.models.passes import full_pass
from experiments.models.tiny import tiny_model
from experiments.unlearning.batches import pick
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

# A process for each run, imported once: a killed one leaves nothing behind but its files.
for argument in sys.argv[1:]:
    folder, kill = argument.rsplit(":", 1)
    child = os.fork()
    if child == 0:
        train(Path(folder), int(kill))
        os._exit(0)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""


def test_killed_and_resumed_runs_end_bit_identical(tmp_path: Path) -> None:
    kills = {tmp_path / f"killed-{kill}": kill for kill in (1, 4, 7, 11)}
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


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("mari-pooled", {"bank": 3}),
        ("mari-tokenwise", {"bank": 2, "debiased": True}),
        ("dareu", {"max_new": 3, "reuse": 2}),
    ],
)
def test_methods_with_a_memory_resume_bit_identical(tmp_path: Path, corpus, tokenizer, name: str, changes) -> None:
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


def test_the_log_has_the_means_of_the_parts_since_the_last_look(corpus, tokenizer) -> None:
    model, seen = tiny_model(len(tokenizer), 8, 1, 1, seed=0), []
    method = make_method("mari-pooled")
    real = type(method).loss

    class Spy(Method):
        def loss(self, *args: object):
            loss, parts = real(method, *args)
            seen.append(parts)
            return loss, parts

    settings = LoopSettings(steps=5, batch_retain=4, batch_forget=3, batch_background=2, evaluate_every=3)
    history = run_loop(Task(model, tokenizer, corpus, corpus.retain, Spy()), settings).history
    assert [h["step"] for h in history] == [0.0, 3.0, 5.0] and "batch_floor" not in history[0]
    for row, part in ((history[1], seen[:3]), (history[2], seen[3:])):
        for k in ("floor", "marginal_information", "preserve_loss"):
            assert row[f"batch_{k}"] == pytest.approx(sum(p[k] for p in part) / len(part))


def test_a_full_disk_is_refused_before_the_first_step(tmp_path: Path, corpus, tokenizer, monkeypatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=1000))
    model = tiny_model(len(tokenizer), 8, 1, 1, seed=0)
    method = make_method("retain-only")
    with pytest.raises(ArgumentError, match="GiB free for checkpoints"):
        run_loop(Task(model, tokenizer, corpus, corpus.retain, method), LoopSettings(steps=1), Watch(tmp_path))
    assert not list(tmp_path.iterdir())


def test_pairing_is_a_pure_function_and_covers_every_item_each_epoch() -> None:
    assert pick(0, 1, 5, 3, 7) == pick(0, 1, 5, 3, 7)
    assert pick(0, 1, 5, 3, 7) != pick(1, 1, 5, 3, 7)
    seen = [i for step in range(7) for i in pick(0, 1, step, 3, 7)]
    assert all(sorted(seen[e : e + 7]) == list(range(7)) for e in range(0, 21, 7))


def test_a_diverging_run_stops_before_it_spoils_the_weights(corpus, tokenizer, monkeypatch: pytest.MonkeyPatch) -> None:
    model = tiny_model(len(tokenizer), 8, 1, 1, seed=0)
    method = make_method("retain-only")
    real, calls = type(method).loss, []

    def loss(self, *a: object) -> tuple[torch.Tensor, dict[str, float]]:
        calls.append(1)
        value, parts = real(self, *a)
        return (value * float("nan") if len(calls) == 3 else value), parts

    monkeypatch.setattr(type(method), "loss", loss)
    settings = LoopSettings(steps=6, batch_retain=2, batch_forget=2, batch_background=2)
    result = run_loop(Task(model, tokenizer, corpus, corpus.retain, method), settings, Watch(evaluate=False))
    assert result.steps == 2 and result.stopped is Reason.LOSS_NOT_FINITE
    assert all(bool(torch.isfinite(p).all()) for p in model.parameters())


def test_stopping_when_forget_answers_are_as_surprising_as_unseen_ones(corpus, tokenizer) -> None:
    model = tiny_model(len(tokenizer), 8, 1, 1, seed=0)
    settings = LoopSettings(
        steps=200, lr=0.05, batch_retain=2, batch_forget=12, batch_background=2, evaluate_every=2, stop_at_holdout=True
    )
    result = run_loop(Task(model, tokenizer, corpus, corpus.retain, make_method("gradient-ascent")), settings)
    assert result.steps < 200 and result.stopped is Reason.FORGET_LOSS
    assert result.history[-1]["forget_loss"] >= result.history[-1]["holdout_loss"]


def test_accuracy_is_the_share_of_answer_tokens_that_come_first(corpus, tokenizer, schooled) -> None:
    data = encode(tokenizer, corpus.holdout)
    with torch.no_grad():
        guessed = answer_log_probs(schooled, data).argmax(-1)
    right = [bool(g == t) for row in zip(guessed, data.targets, data.answer_mask) for g, t, on in zip(*row) if on]  # noqa: B905
    made = full_pass(schooled, data, size=5)
    assert made.accuracy == pytest.approx(sum(right) / len(right)) and 0.3 < made.accuracy < 1.0


@pytest.mark.parametrize("start", [None, 1.0])
def test_stopping_when_accuracy_on_never_seen_answers_has_fallen(corpus, tokenizer, schooled, start) -> None:
    model = copy.deepcopy(schooled)
    settings = LoopSettings(
        steps=200,
        lr=0.02,
        batch_retain=2,
        batch_forget=12,
        batch_background=2,
        evaluate_every=2,
        stop_accuracy_drop=0.03,
        accuracy_start=start,
    )
    result = run_loop(Task(model, tokenizer, corpus, corpus.retain, make_method("gradient-ascent")), settings)
    seen = [row["holdout_accuracy"] for row in result.history]
    first = seen[0] if start is None else start
    assert result.stopped is Reason.HOLDOUT_ACCURACY and seen[-1] < 0.97 * first
    assert all(x >= 0.97 * first for x in seen[:-1])
    assert (result.steps == 0) == (start is not None)
