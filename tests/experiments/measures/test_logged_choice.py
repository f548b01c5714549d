"""Options from logs: the divergence of a softmax of minus mean losses, exactly; logs that do not belong together."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from experiments.interop.open_unlearning import parse_open_unlearning
from experiments.measures.logged_choice import certify_choices, line_up
from experiments.measures.model_log import ModelLog
from mari_theory import ArgumentError, jensen_shannon
from mari_theory.certificates.format1 import check_file
from tests.experiments.interop.logs import NEEDS_LOGS, losses, metrics, sample


def log(name: str, table: np.ndarray, answers: tuple[str, ...] | None = None) -> ModelLog:
    return ModelLog(parse_open_unlearning(metrics(table, answers=answers)).tasks, name, name.ljust(64, "0"))


def test_a_certificate_is_the_divergence_of_the_softmax(tmp_path: Path) -> None:
    """On average and for the worst owner: item 20 begins the second author; `mari check` finds the same."""
    logs = [log("u", losses(1, 40, 0.5)), log("r", losses(2, 40)), log("s", losses(3, 40))]
    choices = line_up(logs, [False] * 3)
    laws = [np.exp(choices.log_laws(k)) for k in range(3)]
    assert np.allclose(laws[0], np.exp(-choices.losses[0]) / np.exp(-choices.losses[0]).sum(axis=1, keepdims=True))
    own = certify_choices(choices, ([1, 2], [0]), logs, tmp_path / "u.parquet", 0.01)
    each = np.asarray(jensen_shannon((laws[1] + laws[2]) / 2, laws[0]))
    assert own.claim.lower <= each.mean() <= own.claim.upper <= own.claim.lower + 1e-9
    assert own.owners is not None and own.owners.count == 2
    assert own.owners.worst_upper == pytest.approx(max(each[:20].mean(), each[20:].mean()), abs=1e-9)
    assert all(n.ok for n in check_file(tmp_path / "u.json", [tmp_path / "u.parquet"]))
    words = " ".join(own.explain())
    assert "float32 means per token" in words and "lengths of the options are not seen" in words
    assert own.metadata["arm_p"] == {"r": logs[1].sha256, "s": logs[2].sha256}


def test_a_larger_log_is_cut_to_the_items_by_their_text() -> None:
    table = losses(2, 6)
    larger = log("r", table[[5, 4, 0, 1, 2, 3]], ("x", "y", "a", "b", "c", "d"))
    first = log("u", losses(1, 4), ("a", "b", "c", "d"))
    assert np.array_equal(line_up([first, larger], [False, True]).losses[1], table[:4])
    with pytest.raises(ArgumentError, match="the 4 forget items of u"):
        line_up([first, larger], [False, False])


def test_logs_that_do_not_belong_together_are_refused() -> None:
    table, abcd = losses(1, 4), ("a", "b", "c", "d")
    first = log("u", table, abcd)
    for other, words in (
        (log("r", losses(2, 3), abcd[:3]), "the 4 forget items of u"),
        (log("r", losses(2, 4), ("a", "b", "c", "e")), "none with the answer 'd'"),
        (log("r", losses(2, 4), ("a", "b", "d", "c")), "in the order of u"),
        (log("r", losses(2, 4), ("a", "b", "c", "c")), "twice 'c'"),
        (log("r", losses(2, 4)[:, :4], abcd), "6 options an item"),
        (log("r", table, abcd), "the same losses in u and r"),
    ):
        with pytest.raises(ArgumentError, match=words) as e:
            line_up([first, other], [False, False], [(0, 1)])
        assert "\n" not in str(e.value)


def test_what_one_log_leaves_out_is_left_out_of_all() -> None:
    """Items keep their numbers, so that owners stay who they are."""
    gap = losses(2, 40)
    gap[[0, 3], 0] = np.nan
    text = metrics(np.nan_to_num(gap))
    for k in ("0", "3"):
        text["forget_Q_A_Prob"]["value_by_index"][k] = {"avg_loss": None}
    logs = [log("u", losses(1, 40)), ModelLog(parse_open_unlearning(text).tasks, "r")]
    choices = line_up(logs, [False, False])
    assert choices.left_out == 2 and choices.items.tolist() == [k for k in range(40) if k not in (0, 3)]
    assert choices.owners.count("author-00") == 18 and choices.owners.count("author-01") == 20


@NEEDS_LOGS
@pytest.mark.parametrize(("size", "far", "near"), [("1B", 0.1296, 0.0010), ("3B", 0.1336, 0.0013)])
def test_a_model_that_knows_is_a_hundred_times_farther_than_a_retraining(
    size: str, far: float, near: float, tmp_path: Path
) -> None:
    logs = [sample(size, name) for name in ("full/evals_forget05", "retain95", "retain90")]
    choices = line_up(logs, [False, False, True])
    assert choices.asked_alike and len(choices.items) == 200 and len(set(choices.owners)) == 10
    laws = [np.exp(choices.log_laws(k)) for k in range(3)]
    for k, mean in ((0, far), (2, near)):
        assert float(np.mean(jensen_shannon(laws[1], laws[k]))) == pytest.approx(mean, abs=5e-5)
