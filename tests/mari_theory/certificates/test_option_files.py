"""Option files: finite laws, certified exactly; whatever is in the rest may tell the arms apart."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mari_theory import ArgumentError, jensen_shannon, total_variation
from mari_theory.certificates.files import read_options, write_options
from tests.mari_theory.certificates.build import certified, option_columns, option_file


def laws(columns: dict[str, list[Any]]) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """By prompt, recomputed in plain NumPy: softmax in a model, mean over models."""
    out = {}
    for prompt in dict.fromkeys(columns["prompt_id"]):
        arms = []
        for arm in (0, 1):
            rows = [i for i, p in enumerate(columns["prompt_id"]) if p == prompt and columns["arm"][i] == arm]
            by_model = {}
            for i in rows:
                by_model.setdefault(columns["model"][i], []).append(math.exp(columns["log_weight"][i]))
            arms.append(np.mean([np.array(v) / sum(v) for v in by_model.values()], axis=0))
        out[prompt] = (arms[0], arms[1])
    return out


def test_the_claim_is_the_mean_over_prompts_and_owners_are_means_of_theirs(tmp_path: Path) -> None:
    made = certified(option_file(tmp_path / "o.parquet"), margin=0.01)
    by_prompt = {k: float(jensen_shannon(p, q)) for k, (p, q) in laws(option_columns()).items()}
    assert made.claim.lower <= np.mean(list(by_prompt.values())) <= made.claim.upper
    assert made.direct.total_variation is not None and made.owners is not None and made.prompts is not None
    tv = np.mean([float(total_variation(p, q)) for p, q in laws(option_columns()).values()])
    assert made.direct.total_variation.lower <= tv <= made.direct.total_variation.upper
    owners = [np.mean([by_prompt["p0"], by_prompt["p1"]]), np.mean([by_prompt["p2"], by_prompt["p3"]])]
    assert made.owners.worst_upper == pytest.approx(max(owners), abs=1e-9)
    assert made.prompts.worst_upper == pytest.approx(max(by_prompt.values()), abs=1e-9)


def test_the_rest_goes_on_top(tmp_path: Path) -> None:
    plain, open_end = (certified(option_file(tmp_path / f"{k}.parquet", rest=k), margin=0.01) for k in ("x", "w1"))
    rest = np.mean([(p[1] + q[1]) / 2 * math.log(2) for p, q in laws(option_columns()).values()])
    assert plain.claim.upper < open_end.claim.upper <= plain.claim.upper + rest + 1e-9
    assert open_end.claim.lower == pytest.approx(plain.claim.lower, abs=1e-9)


def _change(key: str, row: int, value: Any) -> Any:
    def change(columns: dict[str, list[Any]]) -> None:
        columns[key][row] = value

    return change


FAULTS = {
    "NaN": (_change("log_weight", 0, math.nan), "below"),
    "plus infinity": (_change("log_weight", 0, math.inf), "below"),
    "arm 2": (_change("arm", 0, 2), "only 0"),
    "an option twice": (_change("option", 1, "w0"), "once"),
    "two owners": (_change("cluster_id", 0, "other"), "one owner"),
    "a model missing": (lambda c: [v.__delitem__(slice(0, 5)) for v in c.values()], "model"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_broken_option_files_are_refused_in_one_line(tmp_path: Path, fault: str) -> None:
    change, words = FAULTS[fault]
    columns = option_columns()
    change(columns)
    write_options(tmp_path / "o.parquet", columns, {"pair": "oracle", "access": "first-token"})
    with pytest.raises(ArgumentError, match=words) as error:
        read_options(tmp_path / "o.parquet")
    assert "\n" not in str(error.value)


def test_an_option_file_says_what_the_detector_sees(tmp_path: Path) -> None:
    path = tmp_path / "o.parquet"
    write_options(path, option_columns(), {"pair": "oracle"})
    with pytest.raises(ArgumentError, match="access"):
        certified(path)
