"""Every way in which the guarantee once broke between evidence and certificate, each as the sentence that must hold now.

False alarms: every statistical test here fails on correct code with probability below 1e-6; the seeds are fixed.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from scipy.stats import binom

from estimators.certify import certify_files
from experiments.cli.main import main
from mari_theory import ArgumentError, Certificate, check
from mari_theory.certificates.certificate import parse
from mari_theory.detectability import max_accuracy
from tests.mari_theory.certificates.build import (
    certified,
    coin_jsd,
    coin_rows,
    coins,
    failures,
    option_file,
    pool,
    write_rows,
)

LN2 = math.log(2.0)


BUDGET = 1e-6


FAR = (0.2, 0.7)


"""Two coins at 0.13 nats; a pair of equal coins is at 0."""


def misses_allowed(runs: int, delta: float = 0.05) -> int:
    """More misses than this have probability below the budget if each has probability `delta`."""
    return int(binom.isf(BUDGET, runs, delta))


def grouped(
    path: Path,
    prompts: int,
    draws: int,
    order: str,
    seed: int,
    design: str | None,
    per_arm: tuple[int, int] | None = None,
) -> tuple[Path, float]:
    """Prompt after prompt, half of them at 0 and half far apart: first the one half, in random order, or rows shuffled. Returns the truth."""
    rng = np.random.default_rng(seed)
    far = np.arange(prompts) >= prompts // 2
    sequence = np.arange(prompts) if order == "sorted" else rng.permutation(prompts)
    counts = per_arm or (draws, draws)
    prompt = np.concatenate([np.repeat(sequence, n) for n in counts])
    arm = np.repeat([0, 1], [prompts * n for n in counts])
    if order == "shuffled":
        shuffle = rng.permutation(arm.size)
        prompt, arm = prompt[shuffle], arm[shuffle]
    p, q = np.full(arm.size, FAR[0]), np.where(far[prompt], FAR[1], FAR[0])
    write_rows(path, arm, *coin_rows(p, q, arm, rng), prompt, design=design)
    return path, float(coin_jsd(*FAR)) * far.mean()


LAYOUTS = [(100, 10, "sorted"), (40, 50, "random"), (20, 200, "random"), (200, 5, "random"), (100, 10, "shuffled")]


def layout_misses(
    folder: Path, runs: int, layout: tuple[int, int, str], design: str | None, interval: str | None = None
) -> int:
    missed = 0
    for seed in range(runs):
        path, truth = grouped(folder / f"{seed}.parquet", *layout, seed, design)
        claim = certify_files([path], interval=interval).claim
        missed += not claim.lower <= truth <= claim.upper
    return missed


@pytest.mark.parametrize("design", [None, "independent", "iid"])
@pytest.mark.parametrize("layout", LAYOUTS, ids=str)
def test_rows_in_any_layout_are_covered_by_the_interval_a_file_gets_unless_asked(
    tmp_path: Path, layout: tuple[int, int, str], design: str | None
) -> None:
    # At one in a million a side of 2e-6: a single run fails on correct code with that probability.
    path, truth = grouped(tmp_path / "s.parquet", *layout, 0, design)
    claim = certify_files([path], confidence=1 - 2e-6).claim
    assert claim.method == "order-free" and claim.lower <= truth <= claim.upper


@pytest.mark.long
@pytest.mark.parametrize("design", [None, "iid"])
@pytest.mark.parametrize("layout", LAYOUTS, ids=str)
def test_rows_in_any_layout_are_covered_in_many_runs(
    tmp_path: Path, layout: tuple[int, int, str], design: str | None
) -> None:
    assert layout_misses(tmp_path, 40, layout, design) <= misses_allowed(40)


@pytest.mark.parametrize("interval", ["betting", "betting-anytime", "maurer-pontil"])
def test_rows_in_random_order_may_be_certified_by_methods_that_need_it(tmp_path: Path, interval: str) -> None:
    path, truth = grouped(tmp_path / "s.parquet", 100, 10, "shuffled", 0, "iid")
    claim = certify_files([path], confidence=1 - 2e-6, interval=interval).claim
    assert claim.method == interval and claim.lower <= truth <= claim.upper


@pytest.mark.long
def test_rows_in_random_order_are_covered_by_betting_in_many_runs(tmp_path: Path) -> None:
    assert layout_misses(tmp_path, 40, LAYOUTS[-1], "iid", "betting") <= misses_allowed(40)


def test_a_file_with_a_prompt_a_row_sorted_by_outcome_is_refused_as_its_ends_cross(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    arm = np.tile([0, 1], 1000)
    q = np.where(np.arange(2000) >= 1000, 0.999, 0.5)
    log_p, log_q = coin_rows(1 - q, q, arm, rng)
    path = write_rows(tmp_path / "s.parquet", arm, log_p, log_q, np.arange(2000))
    with pytest.raises(ArgumentError, match=r"cross|outside its own interval"):
        certify_files([path], interval="betting")


@pytest.mark.parametrize("interval", ["order-free", "betting", "betting-anytime", "hoeffding", "maurer-pontil"])
def test_an_estimate_lies_inside_its_own_interval_and_no_statistical_error_is_negative(
    tmp_path: Path, interval: str
) -> None:
    for n in (3, 60):
        made = certify_files([coins(tmp_path / f"{n}.parquet", n, m=2)], interval=interval)
        assert made.claim.lower <= made.claim.estimate <= made.claim.upper
        assert made.errors["statistical"] >= 0


def sequences(path: Path, change: str, n: int = 2000, length: int = 40, p: float = 0.3, q: float = 0.7) -> Path:
    """Outputs of `length` coins each; the likelihoods as the change says."""
    rng = np.random.default_rng(7)
    arm = np.repeat([0, 1], n)
    heads = rng.binomial(length, np.where(arm == 0, p, q))

    def likelihood(x: float, temperature: float = 1.0) -> Any:
        up = x ** (1 / temperature) / (x ** (1 / temperature) + (1 - x) ** (1 / temperature))
        return heads * math.log(up) + (length - heads) * math.log(1 - up)

    changes: dict[str, Callable[[], tuple[Any, Any]]] = {
        "correct": lambda: (likelihood(p), likelihood(q)),
        "mean": lambda: (likelihood(p) / length, likelihood(q) / length),
        "temperature": lambda: (likelihood(p, 5.0), likelihood(q, 5.0)),
        "halved": lambda: (likelihood(p) / 2, likelihood(q) / 2),
        "a fifth": lambda: (likelihood(p) / 5, likelihood(q) / 5),
        "swapped": lambda: (likelihood(q), likelihood(p)),
        "offset": lambda: (likelihood(p) - 0.7, likelihood(q)),
        "offset 0.2": lambda: (likelihood(p) - 0.2, likelihood(q)),
        "offset 0.5": lambda: (likelihood(p) - 0.5, likelihood(q)),
        "twice": lambda: (likelihood(p), likelihood(p)),
    }
    return write_rows(path, arm, *changes[change](), tokens=length)


WRONG: list[tuple[str, dict[str, Any], str]] = [
    ("mean", {}, "per-token means where sums over the whole output belong"),
    ("temperature", {}, "times too small, as if they were per-token means or of another temperature"),
    ("swapped", {}, "the arms or the columns were swapped"),
    ("halved", {"length": 1, "q": 0.6}, "2 times too small, as if halved"),
    ("a fifth", {"length": 1, "q": 0.6}, "times too small"),
    ("swapped", {"length": 1, "q": 0.6}, "the arms or the columns were swapped"),
    ("offset", {"length": 1, "q": 0.6}, "as if a token or a normalisation were missing"),
    ("offset 0.2", {"length": 1, "p": 0.02, "q": 0.4, "n": 20_000}, "off by 0.2"),
    ("offset 0.5", {"length": 1, "p": 0.02, "q": 0.4, "n": 20_000}, "off by 0.5"),
    ("offset 0.2", {"length": 1, "p": 0.001, "q": 0.2, "n": 20_000}, "off by 0.2"),
    ("twice", {}, "one model scored as both arms"),
]


@pytest.mark.parametrize(("change", "law", "words"), WRONG, ids=[f"{c}-{i}" for i, (c, _, _) in enumerate(WRONG)])
def test_likelihoods_of_another_law_are_refused_with_the_likely_mistake(
    tmp_path: Path, change: str, law: dict[str, Any], words: str
) -> None:
    path = sequences(tmp_path / "s.parquet", change, **law)
    with pytest.raises(ArgumentError, match=r"^[^\n]*$") as error:
        certify_files([path])
    assert words in str(error.value)


@pytest.mark.parametrize("law", [{}, *(w[1] for w in WRONG[3:10:3])], ids=str)
def test_the_likelihoods_of_the_law_itself_are_accepted(tmp_path: Path, law: dict[str, Any]) -> None:
    made = certify_files([sequences(tmp_path / "s.parquet", "correct", **law)])
    assert made.direct.auc is not None and made.direct.auc.lower <= made.implies.max_auc


@pytest.mark.parametrize("times", [2, 4, 20])
def test_a_file_listed_many_times_is_refused_by_certify(tmp_path: Path, times: int) -> None:
    path = coins(tmp_path / "s.parquet", 100)
    with pytest.raises(ArgumentError, match="each file once"):
        certify_files([path] * times)


@pytest.mark.parametrize("times", [2, 4, 20])
def test_a_file_listed_many_times_is_refused_by_check(tmp_path: Path, times: int) -> None:
    path = coins(tmp_path / "s.parquet", 100)
    data = certify_files([path]).data()
    data["evidence"] *= times
    data["claim"]["n"] *= times
    found = failures(parse(data), [path] * times)
    assert any("each file once" in line for line in found)


@pytest.mark.parametrize("times", [2, 20])
def test_copies_under_other_names_are_refused(tmp_path: Path, times: int) -> None:
    path = coins(tmp_path / "0.parquet", 100)
    files = [path] + [tmp_path / f"{k}.parquet" for k in range(1, times)]
    for f in files[1:]:
        f.write_bytes(path.read_bytes())
    with pytest.raises(ArgumentError, match="a copy of"):
        certify_files(files)


@pytest.mark.parametrize("times", [2, 20])
def test_one_file_that_holds_its_rows_many_times_is_refused(tmp_path: Path, times: int) -> None:
    path = coins(tmp_path / "s.parquet", 100, m=5)
    pq.write_table(pa.concat_tables([pq.read_table(path)] * times), path)
    with pytest.raises(ArgumentError, match="rows repeated"):
        certify_files([path])


def test_files_of_two_designs_or_of_two_models_are_never_one_sample(tmp_path: Path) -> None:
    a = coins(tmp_path / "a.parquet", seed=0, arm_p="A")
    others: tuple[dict[str, Any], ...] = (
        {"design": "independent", "arm_p": "A"},
        {"arm_p": "C"},
        {"arm_p": "A", "pair": "marginal"},
    )
    for k, said in enumerate(others):
        with pytest.raises(ArgumentError, match="^files, " + list(said)[-1 if k else 0]):
            certify_files([a, coins(tmp_path / "b.parquet", seed=1, **said)])


def test_streams_refuse_copies_and_pairs_that_differ(tmp_path: Path) -> None:
    from estimators.streaming import summarise_files, summarise_pools

    a = coins(tmp_path / "a.parquet")
    (tmp_path / "b.parquet").write_bytes(a.read_bytes())
    with pytest.raises(ArgumentError, match="once"):
        summarise_files([a, tmp_path / "b.parquet"])
    with pytest.raises(ArgumentError, match="pair"):
        summarise_files([a, coins(tmp_path / "c.parquet", seed=1, pair="marginal")])
    with pytest.raises(ArgumentError, match="pair"):
        summarise_pools([pool(tmp_path / "a.npz"), pool(tmp_path / "b.npz", seed=2, pair="oracle")])


@pytest.mark.parametrize("interval", ["order-free", "hoeffding"])
def test_unequal_numbers_of_draws_are_covered_and_no_row_is_dropped(tmp_path: Path, interval: str) -> None:
    path, truth = grouped(tmp_path / "s.parquet", 100, 0, "sorted", 0, "independent", (40, 20))
    claim = certify_files([path], confidence=1 - 1e-6, interval=interval).claim
    assert claim.n == 6000 and abs(claim.estimate - truth) < 0.02
    assert claim.lower <= truth <= claim.upper


def test_betting_over_rows_without_a_design_is_rejected_by_check(tmp_path: Path) -> None:
    path = coins(tmp_path / "s.parquet", design=None)
    data = certified(path).data()
    for part in ("request", "claim"):
        data[part]["method"] = "betting"
    assert "design: iid" in rejected(data, [path])


SCORE: dict[str, Any] = {"m": 4, "owners": 2, "arm_p": "A", "arm_q": "B"}


def put(data: Any, where: str, value: Any) -> None:
    *path, last = where.split("/")
    for key in path:
        data = data[int(key) if isinstance(data, list) else key]
    if isinstance(value, type(...)):
        del data[last]
    else:
        data[int(last) if isinstance(data, list) else last] = value(data[last]) if callable(value) else value


MEANING: dict[str, dict[str, Any]] = {
    "any access": {"claim/access": "full access to the weights, any number of queries"},
    "another access": {"claim/access": "first-token"},
    "no assumptions": {"assumptions": []},
    "an assumption less": {"assumptions": lambda a: a[:-1]},
    "no metadata": {"metadata": {}},
    "other models": {"metadata/arm_p": "C"},
    "another design": {"metadata/design": "independent"},
    "another quantity": {"claim/quantity": "total-variation"},
    "bits": {"claim/unit": "bits"},
    "another theorem": {"claim/theorem": "T18"},
    "another population": {"claim/population": "prompts-like-these"},
    "asked of another population": {"request/population": "prompts-like-these"},
    "another method": {"request/method": "betting", "claim/method": "betting"},
    "a pair nobody knows": {"claim/pair": "anything I like"},
    "another pair": {"claim/pair": "shift"},
    "another pair asked for": {"claim/pair": "shift", "request/pair": "shift"},
    "refuted by nothing": {"refuted_by": "an attack", "verdict": "refuted"},
    "an unknown field": {"signature": "x"},
    "an unknown claim": {"claim/forever": True},
    "an unknown implication": {"implies/max_accuracy_of_weights_access": 0.5},
    "an unknown bound": {"direct/kl": {"estimate": 0.0, "lower": 0.0, "upper": 0.0}},
    "margin -1": {"request/margin": -1.0},
    "margin true": {"request/margin": True},
    "margin text": {"request/margin": "0.3"},
    "margin null": {"request/margin": None},
    "delta 0": {"implies/delta_at_epsilon_1": 0.0},
    "delta 1e-9 lower": {"implies/delta_at_epsilon_1": lambda d: d - 1.1e-9},
    "auc lower by 0.9e-7": {"direct/auc/upper": lambda u: u - 0.9e-7},
    "accuracy lower by 1e-8": {"implies/max_accuracy": lambda a: a - 1e-8},
    "errors empty": {"errors": {}},
    "rounding of nothing": {"errors": {"rounding": 1e-12}},
    "no statistical error": {"errors/statistical": 0.0},
    "evidence of another kind": {"evidence/0/kind": "pool"},
    "evidence of another size": {"evidence/0/bytes": lambda b: b + 1},
    "evidence with another hash": {"evidence/0/sha256": "0" * 64},
    "evidence with other rows": {"evidence/0/rows_digest": "0" * 64},
    "other versions": {"versions": {"mari": "0.0.9"}},
    "n": {"claim/n": lambda n: n + 10_000},
    "confidence 0.99": {"claim/confidence": 0.99},
    "confidence 0.99 asked for": {"request/confidence": 0.99, "claim/confidence": 0.99},
    "upper end inside": {"claim/upper": lambda u: u * (1 - 1e-4)},
    "upper end inside by a hair": {"claim/upper": lambda u: u - 1e-9},
    "lower end inside": {"claim/lower": lambda x: x + 1e-5},
    "lower end negative": {"claim/lower": -1e-9},
    "total variation inside": {"direct/total_variation/upper": lambda u: u - 1e-5},
    "curve inside": {"direct/roc/tpr_high": lambda v: [x - 1e-6 for x in v]},
    "curve empty": {"direct/roc": {"fpr": [], "tpr": [], "tpr_low": [], "tpr_high": []}},
    "curve short": {"direct/roc/fpr": lambda v: v[:-1]},
    "no curve": {"direct/roc": None},
    "no total variation": {"direct/total_variation": None},
    "no owners": {"owners": None},
    "worst owner better": {"owners/worst_upper": lambda u: u - 1e-4},
    "worst owner another": {"owners/worst_upper_at": "nobody"},
    "an owner within": {"owners/within_margin": lambda k: k + 1},
    "fewer owners": {"owners/count": 1},
    "an owner named": {"owners/above_margin": ["o1"], "verdict": "detectable"},
    "room for fewer": {"room/at_0_1": lambda k: k - 1},
    "no room": {"room": None},
    "another level": {"levels/together": 0.05},
    "at once for nothing": {"request/simultaneous": True},
    "no trust needed": {"rests_on/lower": "no-trust"},
    "trust none asked for": {"request/trust": "none"},
    "another verdict": {"verdict": "equivalent within margin"},
    "a verdict withheld": {"verdict": None, "no_verdict": "marginal-pair"},
    "a source of its own": {"implies/sources/max_accuracy": "roc-band"},
    "no source": {"implies/sources": {}},
}


MALFORMED: dict[str, dict[str, Any]] = {  # each of these once ended in a traceback
    "implies missing": {"implies": ...},
    "implies empty": {"implies": {}},
    "implies of text": {"implies/max_accuracy": "low"},
    "unknown method": {"claim/method": "order-bound", "request/method": "order-bound"},
    "direct empty": {"direct": {}},
    "direct without a curve": {"direct/roc": ...},
    "upper end text": {"claim/upper": "0.01"},
    "lower end null": {"claim/lower": None},
    "confidence 1": {"claim/confidence": 1.0, "request/confidence": 1.0},
    "confidence 2": {"claim/confidence": 2.0, "request/confidence": 2.0},
    "confidence text": {"request/confidence": "x"},
    "evidence text": {"evidence": "x"},
    "no evidence": {"evidence": []},
    "evidence of nothing": {"evidence": [{}]},
    "metadata 3": {"metadata": 3},
    "claim a list": {"claim": []},
    "format 3": {"format": "mari-certificate/3"},
}


@pytest.fixture(scope="module")
def honest(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    path = coins(tmp_path_factory.mktemp("s5") / "s.parquet", 200, **SCORE)
    return path, certified(path).data()


def rejected(data: dict[str, Any], files: list[Path]) -> str:
    """Why a certificate is not what its evidence supports: one line."""
    try:
        found = failures(parse(data), files)
    except ArgumentError as error:
        found = [str(error)]
    assert found and all("\n" not in x for x in found)
    return found[0]


@pytest.mark.parametrize("fault", [*MEANING, *MALFORMED])
def test_a_certificate_that_says_more_than_its_evidence_is_rejected_in_one_line(
    honest: tuple[Path, dict[str, Any]], fault: str
) -> None:
    path, data = honest
    data = json.loads(json.dumps(data))
    for where, value in {**MEANING, **MALFORMED}[fault].items():
        put(data, where, value)
    assert rejected(data, [path])


@pytest.mark.parametrize("fault", MALFORMED)
def test_a_malformed_certificate_is_bad_input_and_no_traceback(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, honest: tuple[Path, dict[str, Any]], fault: str
) -> None:
    path, data = honest
    data = json.loads(json.dumps(data))
    for where, value in MALFORMED[fault].items():
        put(data, where, value)
    (tmp_path / "c.json").write_text(json.dumps(data))
    assert main(["check", str(tmp_path / "c.json"), "--evidence", str(path)]) == 2
    out, err = capsys.readouterr()
    assert out == "" and err.count("\n") == 1 and "expected" in err


@pytest.mark.parametrize("text", ["NaN", "Infinity", "-Infinity", "1e999", "-0.0e", "01"])
@pytest.mark.parametrize("field", ["upper", "lower", "estimate"])
def test_numbers_that_are_none_are_refused_when_a_certificate_is_read(
    tmp_path: Path, honest: tuple[Path, dict[str, Any]], field: str, text: str
) -> None:
    data = json.loads(json.dumps(honest[1]))
    data["claim"][field] = "HERE"
    (tmp_path / "c.json").write_text(json.dumps(data).replace('"HERE"', text))
    with pytest.raises(ArgumentError):
        Certificate.load(tmp_path / "c.json")


def test_a_certificate_with_a_key_twice_is_refused(tmp_path: Path, honest: tuple[Path, dict[str, Any]]) -> None:
    text = json.dumps(honest[1])
    (tmp_path / "c.json").write_text(text[:-1] + ', "verdict": "equivalent within margin"}')
    with pytest.raises(ArgumentError, match="each key once"):
        Certificate.load(tmp_path / "c.json")


def test_a_refutation_in_the_evidence_cannot_be_left_out_of_the_certificate(tmp_path: Path) -> None:
    path = coins(tmp_path / "s.parquet", refuted_by="an audited lower bound of 0.2 nats")
    made = certified(path, margin=0.2)
    assert made.verdict == "refuted"
    data = made.data() | {"refuted_by": None, "verdict": "equivalent within margin"}
    assert "refuted_by" in rejected(data, [path])


def test_the_signers_pair_counts_only_where_the_file_names_none(tmp_path: Path) -> None:
    path = coins(tmp_path / "s.parquet")
    pq.write_table(pq.read_table(path).replace_schema_metadata({}), path)
    made = certified(path, pair="shift")
    assert made.claim.pair == made.request.pair == "shift"
    data = made.data()
    data["claim"]["pair"] = "oracle"
    assert "claim pair" in rejected(data, [path])


@pytest.mark.parametrize("fault", ["positive", "arm 2", "nan", "impossible", "repeated"])
def test_evidence_that_certify_refuses_is_refused_by_check_too(tmp_path: Path, fault: str) -> None:
    from mari_theory.certificates.files import sha256

    path = coins(tmp_path / "s.parquet")
    made = certify_files([path])
    table = pq.read_table(path).to_pandas()
    if fault == "positive":
        table[["log_p", "log_q"]] += 5
    elif fault == "arm 2":
        table.loc[::2, "arm"] = 2
    elif fault == "nan":
        table.loc[3, "log_p"] = math.nan
    elif fault == "impossible":
        table.loc[table["arm"] == 0, "log_p"] = -math.inf
    columns = {k: list(table[k]) * (2 if fault == "repeated" else 1) for k in table}
    said = json.loads(pq.read_schema(path).metadata[b"mari"])
    out = (
        pa.table(columns)
        .cast(pq.read_schema(path).remove_metadata())
        .replace_schema_metadata({"mari": json.dumps(said)})
    )
    pq.write_table(out, path)
    data = made.data()
    data["evidence"][0] |= {"sha256": sha256(path), "bytes": path.stat().st_size}
    assert rejected(data, [path])


def test_a_certificate_over_float32_evidence_can_be_checked(tmp_path: Path) -> None:
    path = coins(tmp_path / "s.parquet")
    table = pq.read_table(path)
    for name in ("log_p", "log_q"):
        table = table.set_column(table.column_names.index(name), name, table[name].cast(pa.float32()))
    pq.write_table(table, path)
    certified(path)


def test_direct_bounds_that_the_evidence_does_not_give_are_rejected(tmp_path: Path) -> None:
    """An option file has no ROC band; one of its own making would lower the AUC's ceiling."""
    path = option_file(tmp_path / "o.parquet")
    data = certified(path).data()
    data["direct"]["auc"] = {"estimate": 0.5, "lower": 0.5, "upper": 0.5}
    data["implies"] |= {"max_auc": 0.5, "sources": data["implies"]["sources"] | {"max_auc": "roc-band"}}
    assert "auc is given" in rejected(data, [path])


def test_a_margin_far_below_every_float_is_checked_all_the_same(tmp_path: Path) -> None:
    for margin in (0.0, 5e-324, 1e-320, 1e308):
        certified(coins(tmp_path / "s.parquet"), margin=margin)


def test_true_is_not_one_in_metadata(tmp_path: Path) -> None:
    path = coins(tmp_path / "s.parquet", greedy=True, epochs=1)
    honest = certified(path)
    for said in ({"greedy": 1}, {"epochs": 1.0}, {"epochs": True}):
        data = honest.data()
        data["metadata"] |= said
        assert "metadata" in rejected(data, [path])


def owners_file(path: Path, seed: int, same_items: bool, owners: int = 20, draws: int = 50) -> Path:
    """Owners at 0 or far apart by the toss of a coin; their prompts are alike, or the very same item."""
    rng = np.random.default_rng(seed)
    far = rng.random(owners) < 0.5
    owner = np.tile(np.repeat(np.arange(owners), draws), 2)
    arm = np.repeat([0, 1], owners * draws)
    item = np.zeros(owner.size, dtype=int) if same_items else np.tile(np.arange(draws) % 5, 2 * owners)
    shuffle = rng.permutation(arm.size)
    owner, arm, item = owner[shuffle], arm[shuffle], item[shuffle]
    rows = coin_rows(np.full(arm.size, FAR[0]), np.where(far[owner], FAR[1], FAR[0]), arm, rng)
    return write_rows(path, arm, *rows, owner * 10 + item, owner, design="independent")


def cluster_misses(folder: Path, runs: int, same_items: bool) -> tuple[int, int]:
    truth, missed, alone = float(coin_jsd(*FAR)) / 2, 0, 0
    for seed in range(runs):
        path = owners_file(folder / "s.parquet", seed, same_items)
        c, these = certify_files([path], population="prompts-like-these").claim, certify_files([path]).claim
        missed += not c.lower <= truth <= c.upper
        alone += not these.lower <= truth <= these.upper
    return missed, alone


@pytest.mark.parametrize("same_items", [False, True], ids=["prompts", "identical items"])
def test_prompts_like_these_are_covered_with_the_owner_as_unit(tmp_path: Path, same_items: bool) -> None:
    missed, alone = cluster_misses(tmp_path, 3, same_items)
    assert missed <= misses_allowed(3)
    assert alone >= 1  # the interval for these prompts is no interval for others


@pytest.mark.long
@pytest.mark.parametrize("same_items", [False, True], ids=["prompts", "identical items"])
def test_prompts_like_these_are_covered_in_many_runs(tmp_path: Path, same_items: bool) -> None:
    missed, alone = cluster_misses(tmp_path, 60, same_items)
    assert missed <= misses_allowed(60)
    assert alone >= 30


def test_a_certificate_says_which_population_it_is_about(tmp_path: Path) -> None:
    path = owners_file(tmp_path / "s.parquet", 0, False)
    these, like = certified(path), certified(path, population="prompts-like-these")
    assert "the prompts of the evidence, each equally likely" in str(these)
    assert "owners drawn like these" in str(like) and "% of owners like these lie beyond the margin" in str(like)
    assert {"owners-drawn", "clusters-iid"} <= set(like.assumptions)
    assert like.claim.upper - like.claim.lower > these.claim.upper - these.claim.lower


def test_a_pool_that_does_not_say_that_its_arms_are_independent_counts_half_its_samples(tmp_path: Path) -> None:
    said, silent = certified(pool(tmp_path / "a.npz")), certified(pool(tmp_path / "b.npz", arms="same prompts"))
    assert "arms-independent" in said.assumptions and "arms-dependent" in silent.assumptions
    assert silent.claim.upper > said.claim.upper
    with pytest.raises(ArgumentError, match="arms: independent"):
        certify_files([tmp_path / "b.npz"], interval="pooled-bounded-differences")


def test_a_method_for_a_fixed_number_of_rows_says_so_and_refuses_rows_looked_at_as_they_came(tmp_path: Path) -> None:
    for interval in ("order-free", "betting", "hoeffding"):
        assert "fixed-size" in certify_files([coins(tmp_path / "a.parquet")], interval=interval).assumptions
        with pytest.raises(ArgumentError, match="betting-anytime"):
            certify_files([coins(tmp_path / "b.parquet", stopping="anytime")], interval=interval)
    looked = certified(tmp_path / "b.parquet", interval="betting-anytime")
    assert "fixed-size" not in looked.assumptions and looked.owners is None


def test_a_certificate_says_the_level_of_each_number_and_of_all_together(tmp_path: Path) -> None:
    path = coins(tmp_path / "s.parquet", m=4)
    alone, at_once = certified(path), certified(path, simultaneous=True)
    assert alone.levels.divergence == pytest.approx(0.05) and alone.levels.together == pytest.approx(0.25)
    assert at_once.levels.together == pytest.approx(0.05) and at_once.claim.upper >= alone.claim.upper
    assert any("all together 0.75" in line for line in alone.explain())


def test_complete_sets_leave_room_for_the_rounding_of_their_means(tmp_path: Path) -> None:
    made = certified(pool(tmp_path / "p.npz", True))
    assert 0 < made.errors["rounding"] < 1e-4


def plant(path: Path, prompts: int, secret: float, per_owner: int | None, seed: int, n: int = 4000) -> Path:
    """`prompts` prompts with the same answers in both arms, but for one on which Q says a secret with probability `secret`."""
    rng = np.random.default_rng(seed)
    arm, prompt = np.repeat([0, 1], n), rng.integers(0, prompts, 2 * n)
    planted = prompt == 0
    told = planted & (arm == 1) & (rng.random(2 * n) < secret)
    common = np.log(rng.dirichlet(np.ones(4)))[rng.integers(0, 4, 2 * n)]
    with np.errstate(divide="ignore"):
        log_p = np.where(told, -np.inf, common)
        log_q = np.where(
            told, np.log(secret), common + np.where(planted, np.log1p(-secret) if secret < 1 else -np.inf, 0.0)
        )
    owner = prompt // per_owner if per_owner else np.zeros(2 * n, dtype=int)
    return write_rows(path, arm, log_p, log_q, prompt, owner)


PLANTS = [(40, 1.0, None), (40, 1.0, 5), (25, 0.5, None), (25, 0.5, 5)]


def verdicts(folder: Path, plant_of: tuple[int, float, int | None], runs: int) -> dict[str | None, int]:
    found: dict[str | None, int] = {}
    for seed in range(runs):
        said = certify_files([plant(folder / "s.parquet", *plant_of, seed)], margin=0.02).verdict
        found[said] = found.get(said, 0) + 1
    return found


@pytest.mark.parametrize("plant_of", PLANTS, ids=str)
def test_one_prompt_known_by_heart_is_detectable_and_never_equivalent(
    tmp_path: Path, plant_of: tuple[int, float, int | None]
) -> None:
    found = verdicts(tmp_path, plant_of, 2)
    assert found.get("equivalent within margin", 0) == 0  # many runs below
    assert found.get("detectable", 0) >= 1


@pytest.mark.long
@pytest.mark.parametrize("plant_of", PLANTS, ids=str)
def test_one_prompt_known_by_heart_is_detectable_in_nearly_every_run(
    tmp_path: Path, plant_of: tuple[int, float, int | None]
) -> None:
    found = verdicts(tmp_path, plant_of, 100)
    assert found.get("equivalent within margin", 0) <= misses_allowed(100)
    assert binom.cdf(found.get("detectable", 0), 100, 0.95) >= BUDGET


def test_the_average_says_how_many_prompts_it_leaves_room_for(tmp_path: Path) -> None:
    made = certify_files([plant(tmp_path / "s.parquet", 40, 1.0, None, 0)], margin=0.02)
    assert made.room is not None and made.room.at_ln2 >= 1 and made.claim.upper < 0.03
    assert made.prompts is not None and made.prompts.worst_upper >= 0.5


def test_the_accuracy_is_the_better_of_two_ceilings(tmp_path: Path) -> None:
    arm = np.repeat([0, 1], 2000)
    prompt = np.arange(4000) % 2
    rows = coin_rows(np.where(prompt, 0.001, 0.5), np.where(prompt, 0.999, 0.5), arm, np.random.default_rng(0))
    made = certified(write_rows(tmp_path / "s.parquet", arm, *rows, prompt))
    assert made.direct.total_variation is not None
    assert made.implies.sources["max_accuracy"] == "total-variation"
    assert made.implies.max_accuracy == pytest.approx((1 + made.direct.total_variation.upper) / 2)
    assert made.implies.max_accuracy < float(max_accuracy(made.claim.upper)) - 0.05


def test_marginal_information_gets_no_verdict_and_says_that_it_is_blind_to_memorisation(tmp_path: Path) -> None:
    for finite in (True, False):
        made = certified(pool(tmp_path / "p.npz", finite), margin=0.5)
        assert made.verdict is None and made.no_verdict == "marginal-pair"
        assert "blind-to-memorisation" in made.assumptions
        assert "knows every forgotten answer by heart (T26); it says nothing about the oracle" in str(made)
        for said in ("equivalent within margin", "detectable"):
            assert "verdict" in rejected(made.data() | {"verdict": said, "no_verdict": None}, [tmp_path / "p.npz"])


def test_oracles_that_know_the_data_get_no_verdict_from_words_in_the_evidence(tmp_path: Path) -> None:
    why = "retrained models know the data to forget: exact answers 1.00 against 0.05 never seen"
    path = coins(tmp_path / "s.parquet", p=0.5, q=0.51, oracle_knows=why, gate_failed="0.2 nats on retain questions")
    made = certified(path, margin=0.6)
    assert made.verdict is None and made.no_verdict == "oracle-knows-the-data"
    assert "no verdict: the file says that retrained models know the data to forget" in str(made)
    assert failures(made, [path]) == []
    for said in ({"verdict": "equivalent on average", "no_verdict": None}, {"no_verdict": "gate-failed"}):
        assert "verdict" in rejected(made.data() | said, [path])
    with pytest.raises(ArgumentError, match=r"oracle_knows: expected words, or no such key, got  *$"):
        certified(coins(tmp_path / "t.parquet", oracle_knows=" "))


@pytest.mark.parametrize("pair", ["banana", "", "Oracle", 3, ["oracle"], {}, True, None])
def test_a_pair_that_nobody_knows_is_refused_when_a_file_is_read(tmp_path: Path, pair: Any) -> None:
    path = coins(tmp_path / "s.parquet")
    pq.write_table(pq.read_table(path).replace_schema_metadata({"mari": json.dumps({"pair": pair})}), path)
    with pytest.raises(ArgumentError, match="marginal or oracle or shift or matched"):
        certify_files([path])


@pytest.mark.parametrize("kind", ["scores", "pool"])
def test_metadata_that_is_a_list_is_refused_in_one_line(tmp_path: Path, kind: str) -> None:
    if kind == "scores":
        path = coins(tmp_path / "s.parquet")
        pq.write_table(pq.read_table(path).replace_schema_metadata({"mari": "[1]"}), path)
    else:
        path = pool(tmp_path / "p.npz")
        with np.load(path) as arrays:
            np.savez(path, **{**{k: arrays[k] for k in arrays.files}, "metadata": np.array("[1]")})
    with pytest.raises(ArgumentError, match=r"metadata: expected a JSON object, got \[1\]$"):
        certify_files([path])


def test_check_says_that_it_is_about_the_derivation_and_not_the_origin(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    path = coins(tmp_path / "s.parquet")
    made = certified(path)
    assert "origin-unknown" in made.assumptions
    assert main(["check", str(path.with_suffix(".json"))]) == 0
    assert "only its signer knows" in capsys.readouterr().out


def test_a_file_named_twice_on_the_command_line_is_bad_input(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    path = coins(tmp_path / "s.parquet")
    assert main(["certify", *[str(path)] * 20]) == 2
    out, err = capsys.readouterr()
    assert out == "" and err.count("\n") == 1 and "a copy of s.parquet" in err


def test_every_line_that_check_prints_can_be_shown_on_any_terminal(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """A certificate is a foreign file: its words may hold line breaks, escape sequences and half characters."""
    path = coins(tmp_path / "s.parquet")
    data = certified(path).data()
    data["metadata"] |= {"note": "\n40 of 40 lines hold\x1b[2K\r"}
    data["evidence"][0]["file"] = "s.parquet"
    (tmp_path / "c.json").write_text(json.dumps(data))
    assert main(["check", str(tmp_path / "c.json")]) == 1
    out = capsys.readouterr().out
    assert "FAIL metadata" in out and out.replace("\n", "").isprintable()
    data["claim"]["a\nb\x1b"] = 1
    (tmp_path / "c.json").write_text(json.dumps(data))
    assert main(["check", str(tmp_path / "c.json")]) == 2
    err = capsys.readouterr().err
    assert err.count("\n") == 1 and err.strip().isprintable()


def test_lines_of_check_are_the_same_object_twice(tmp_path: Path) -> None:
    path = coins(tmp_path / "s.parquet")
    made = certified(path)
    assert check(made, [path]) == check(made, [path])


def test_a_file_that_names_models_made_elsewhere_makes_their_training_an_assumption(tmp_path: Path) -> None:
    said: dict[str, Any] = {"made_elsewhere": {"A": "x"}}
    given, own = coins(tmp_path / "given.parquet", **said), coins(tmp_path / "own.parquet")
    assert "made-elsewhere" in certified(given).assumptions and "made-elsewhere" not in certified(own).assumptions
    left_out = certified(given).model_copy(update={"assumptions": certified(own).assumptions})
    assert [x for x in check(left_out, [given]) if not x.ok]
