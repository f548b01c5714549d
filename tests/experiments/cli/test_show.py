"""How commands print: JSON that every reader takes, short lines, failures on stderr."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest

from experiments.cli.show import COLUMNS, plain, print_failure, print_json, print_wrapped


def test_json_has_only_what_json_has(capsys: pytest.CaptureFixture[str]) -> None:
    value = {
        "row": (np.float32(0.5), np.int64(3), np.bool_(True)),
        "table": np.array([[1.0, math.inf], [math.nan, -0.0]]),
        "deep": [{"x": -math.inf, "text": "nan"}],
    }
    print_json(value)
    out, err = capsys.readouterr()
    assert err == "" and out.count("\n") == 1
    made = json.loads(out, parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))
    assert made == {"row": [0.5, 3, True], "table": [[1.0, None], [None, 0.0]], "deep": [{"x": None, "text": "nan"}]}
    assert type(plain(np.float64(2.0))) is float and type(plain(np.int8(2))) is int


def test_paragraphs_fit_and_lose_no_word(capsys: pytest.CaptureFixture[str]) -> None:
    text = " ".join(f"word{k}" for k in range(60))
    print_wrapped(text, first="  ", rest="    ")
    first, *rest = capsys.readouterr().out.splitlines()
    assert first.startswith("  word0") and all(line.startswith("    word") for line in rest)
    assert max(map(len, (first, *rest))) <= COLUMNS and " ".join((first, *rest)).split() == text.split()


def test_a_failure_is_one_line_on_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    print_failure("audit", ValueError("no good"))
    assert capsys.readouterr() == ("", "mari audit: FAILED: no good\n")
