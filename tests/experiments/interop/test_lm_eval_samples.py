"""Samples of lm-evaluation-harness: in memory's form and in files', to a certificate; spoiled lines are named."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from experiments.interop.evaluation_logs import read_log
from experiments.interop.lm_eval_samples import parse_samples
from experiments.measures.ingest import ingest
from experiments.measures.model_log import FORGET
from mari_theory import ArgumentError, jensen_shannon


def sample(number: int, likelihoods: list[float], target: int, in_file: bool = True) -> dict[str, Any]:
    """A line as the harness writes it: numbers are text in files, arguments a mapping."""
    options = [(f"Question {number}", f" option {k}") for k in range(len(likelihoods))]
    if not in_file:
        responses: list[Any] = [(x, False) for x in likelihoods]
        return {"doc_id": number, "target": target, "filtered_resps": responses, "arguments": options, "acc": 1.0}
    named = {f"gen_args_{k}": {"arg_0": a, "arg_1": b} for k, (a, b) in enumerate(options)}
    text = [[str(x), "False"] for x in likelihoods]
    return {"doc_id": number, "target": str(target), "filtered_resps": text, "arguments": named, "acc": 1.0}


def write(path: Path, table: Any, in_file: bool = True) -> Path:
    rows = [sample(k, list(row), k % len(row), in_file) for k, row in enumerate(table)]
    path.write_text("\n".join(json.dumps(r) for r in reversed(rows)) + "\n")
    return path


@pytest.mark.parametrize("in_file", [True, False])
def test_the_right_option_comes_first_and_lines_may_stand_in_any_order(tmp_path: Path, in_file: bool) -> None:
    path = write(tmp_path / "samples_mine_2026.jsonl", [[-1.0, -2.0, -3.0], [-4.0, -5.0, -6.0]], in_file)
    task = read_log(path).task(FORGET)
    assert task.true.tolist() == [1.0, 5.0] and task.wrong.tolist() == [[2.0, 3.0], [4.0, 6.0]]
    assert task.whole_options and task.asked == ("Question 0", "Question 1")
    assert task.answers == (" option 0| option 1| option 2", " option 1| option 0| option 2")


def test_samples_become_a_certificate_of_the_law_over_options(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    tables = [-3.0 * rng.random((12, 4)) - 1e-3 for _ in range(2)]
    own, retrained = (write(tmp_path / f"{name}.jsonl", t.tolist()) for name, t in zip("uv", tables, strict=True))
    found = ingest(own, [retrained], tmp_path / "out")
    assert found.certificates is not None and found.numbers == {}
    laws = [np.exp(t) / np.exp(t).sum(1, keepdims=True) for t in tables]
    mean = np.mean([float(jensen_shannon(p, q)) for p, q in zip(*laws, strict=True)])
    claim = found.certificates["unlearned"].claim
    assert claim.lower <= mean <= claim.upper and claim.upper - claim.lower < 1e-9
    assert "log-likelihoods of the true option and 3 false ones" in found.certificates["unlearned"].metadata["channel"]


GOOD = sample(0, [-1.0, -2.0], 0)


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ([], "samples: expected at least one line"),
        (["{"], "line 1: expected a JSON object a line"),
        (["[]"], "line 1: expected the keys"),
        ([json.dumps(GOOD), json.dumps(GOOD)], "samples: expected every doc_id once"),
        ([json.dumps(GOOD), json.dumps(sample(1, [-1.0, -2.0, -3.0], 0))], "samples: expected as many options"),
        ([json.dumps(sample(0, [-1.0], 0))], "line 1: expected two options or more"),
        ([json.dumps(sample(0, [-1.0, -2.0], 2))], "line 1: expected two options or more"),
        ([json.dumps(sample(0, [-1.0, float("nan")], 0))], "line 1: expected finite log-likelihoods"),
        ([json.dumps(sample(0, [-1.0, 0.5], 0))], "line 1: expected finite log-likelihoods"),
        ([json.dumps(GOOD | {"filtered_resps": ["free text"]})], "line 1: expected the log-likelihoods of options"),
        ([json.dumps(GOOD | {"target": "Paris"})], "line 1: expected the log-likelihoods of options"),
    ],
    ids=str,
)
def test_a_spoiled_file_is_refused_by_line(lines: list[str], words: str) -> None:
    with pytest.raises(ArgumentError) as error:
        parse_samples(lines)
    assert words in str(error.value) and "\n" not in str(error.value)
