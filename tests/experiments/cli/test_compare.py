"""`mari compare`: what it prints, writes and refuses."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from tests.experiments.cli.call import run


@pytest.fixture
def files(tmp_path: Path) -> list[str]:
    """Five prompts, 60 answers each; Q tells a secret at the fourth."""
    rng, out = np.random.default_rng(1), []
    for arm in "pq":
        rows = [
            {
                "prompt": f"question {k % 5}",
                "answer": "Elm Street" if arm == "q" and k % 5 == 3 and k % 2 else f"In {rng.integers(1900, 2000)}.",
                "category": "year",
            }
            for k in range(300)
        ]
        path = tmp_path / f"{arm}.jsonl"
        path.write_text("".join(json.dumps(r) + "\n" for r in rows), encoding="utf-8")
        out.append(str(path))
    return out


def test_text_json_and_a_certificate_that_checks(
    files: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = str(tmp_path / "c.json")
    channel = ["--category", "year=[0-9]{4}", "--confidence", "0.9", "--out", out]
    status, text, err = run(capsys, "compare", *files, *channel)
    assert status == 0 and not err and max(map(len, text.splitlines())) <= 80
    assert "permutations within prompts: p = 0.00" in text and "'question 3': adjusted p =" in text
    assert "year: 100.0 % and 90.0 %" in text and "at any time" in " ".join(text.split())
    assert run(capsys, "check", out)[0] == 0
    status, text, _ = run(capsys, "compare", *files, "--json", "--category", "year=[0-9]{4}")
    data = json.loads(text)
    assert status == 0 and data["named"] == ["question 3"] and data["test"]["p_value"] <= 0.05
    assert data["anytime"]["stopped_at"] <= data["anytime"]["pairs"] == 300 and len(data["prompts"]) == 5
    assert np.sum(data["categories"]["counts"]) == 600
    status, text, _ = run(capsys, "compare", *files, "--categories", "year, place", "--tokens", "words", "--json")
    assert status == 0 and json.loads(text)["categories"]["value"] == 0


def test_bad_input_is_one_line_and_leaves_nothing(
    files: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "cut.jsonl").write_text('{"prompt": "question 0", "ans', encoding="utf-8")
    (tmp_path / "there.npz").write_bytes(b"x")
    before = sorted(tmp_path.iterdir())
    out = ["--category", "year=[0-9]{4}", "--out", str(tmp_path / "c.json")]
    for argv in (
        [files[0], files[0]],
        [files[0], str(tmp_path / "gone.jsonl")],
        [files[0], str(tmp_path / "cut.jsonl"), *out],
        [*files, "--category", "year=["],
        [*files, "--category", "a=b", "--categories", "a,b"],
        [*files, "--categories", "place,other"],
        [*files, "--out", str(tmp_path / "c.json")],
        [*files, *out, "--margin", "nan"],
        [*files, *out, "--confidence", "1"],
        [*files, *out, "--level", "0"],
        [*files, *out[:3], str(tmp_path / "c.npz")],
        [*files, *out[:3], str(tmp_path / "there.json")],
        [*files, "--permutations", "1"],
        [*files, "--seed", "-1"],
    ):
        status, text, err = run(capsys, "compare", *argv)
        assert status == 2 and not text and err.startswith("mari compare: ") and err.count("\n") == 1, argv
        assert sorted(tmp_path.iterdir()) == before, argv
