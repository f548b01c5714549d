"""The Coq development: build it, re-check it independently, and say which theorem it proves.

`make proofs` (or `python -m proofs.formal`) compiles every file, runs `coqchk` against an allow-list of axioms, refuses `Admitted`
and the like, and demands that the negative controls fail. What passed is recorded beside the sources with their hashes; a changed source
counts as not built.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

from tqdm import tqdm

from mari_theory.certificates.files import write_text
from mari_theory.errors import ArgumentError, require

FOLDER = Path(__file__).parent / "coq"
RECORD = FOLDER / ".built.json"
AXIOMS = frozenset(
    {
        "Coq.Reals.ClassicalDedekindReals.sig_forall_dec",
        "Coq.Reals.ClassicalDedekindReals.sig_not_dec",
        "Coq.Logic.FunctionalExtensionality.functional_extensionality_dep",
        "Coq.Logic.Classical_Prop.classic",
    }
)
"""The four axioms of Coq's real numbers; nothing else may be assumed."""
FORBIDDEN = re.compile(r"\b(Admitted|admit|Axiom|Parameter|Conjecture|Abort)\b")

FORMAL: dict[str, tuple[str, tuple[str, ...]]] = {
    "T1": ("T01_Identity", ("T1_information_is_divergence", "T1_posterior_form")),
    "T2": (
        "T02_Range",
        ("T2_nonneg", "T2_at_most_entropy", "T2_zero_when_equal", "T2_entropy_when_disjoint", "T2_symmetry"),
    ),
    "T3": ("T03_DataProcessing", ("T3_data_processing", "T2_joint_convexity")),
    "T4": ("T04_Metric", ("T4_one_symbol", "T4_metric")),
    "T5": (
        "T05_Accuracy",
        (
            "T5_lower",
            "T5_upper",
            "T5_any_detector",
            "T5_best_detector",
            "T5_closed_form",
            "T5_sharp_accuracy",
            "T5_lower_attained",
            "T5_upper_attained",
        ),
    ),
    "T6": ("T06_Roc", ("T6_roc", "T6_advantage")),
    "T8": ("T06_Roc", ("T8_delta",)),
    "T9": ("T06_Roc", ("T9_functionals", "T9_from_budget")),
    "T10": ("T10_ManyOutputs", ("T10_two", "T10_tensorisation", "T10_n_draws", "T10_detector")),
    "T11": ("T11_ChainRule", ("T11_chain_rule", "T11_sequences")),
    "T12": ("T12_Mixture", ("T12_contraction", "T12_total_variation", "T12_inverse", "T12_forget_bound")),
    "T13": ("T04_Metric", ("T13_rounds",)),
    "T14": ("T04_Metric", ("T14_oracle",)),
    "T15": ("T15_Certified", ("T15_divergence", "T15_total_variation", "T15_hellinger", "T15_pairs")),
    "T17": (
        "T17_FastRate",
        (
            "T17_moment_pointwise",
            "T17_constant_is_attained",
            "T17_exponential_moment",
            "T17_convexity_step",
            "T17_dependent_arms",
        ),
    ),
    "T19": ("T15_Certified", ("T19_from_bounds", "T19_total_variation")),
    "T20": ("T15_Certified", ("T20_union",)),
    "T21": (
        "T21_Methods",
        (
            "T21_variational",
            "T21_equality",
            "T21_young_KL",
            "T21_young_reverse_KL",
            "T21_young_Pearson",
            "T21_young_Neyman",
            "T21_young_Hellinger",
            "T21_young_JS",
            "T21_young_TV",
            "T21_young_Jeffreys",
        ),
    ),
    "T22": ("T21_Methods", ("T22_gap", "T22_optimal")),
    "T23": ("T21_Methods", ("T23_ascent_has_no_floor", "T23_NPO_floor", "T23_NPO_is_ascent_in_the_limit")),
    "T25": ("T03_DataProcessing", ("T25_seeds",)),
    "T26": ("T26_Constructions", ("T26_pooling_is_blind",)),
    "T27": ("T26_Constructions", ("T27_reference_decides",)),
    "T28": ("T26_Constructions", ("T28_access",)),
    "T29": ("T17_FastRate", ("T29_moment_pointwise", "T29_constant_is_attained")),
    "T31": ("T31_Calibration", ("T31_calibration", "T31_any_claim_bounds_from_below")),
    "T32": ("T32_Localisation", ("T32_count", "T32_floor", "T32_told_apart", "T32_attained")),
    "T37": ("T37_Entropy", ("T37_one_side", "T37_entropies", "T37_attained")),
    "T38": ("T38_Words", ("T38_word", "T38_small_words", "T38_every_word")),
}
"""Theorem id -> file and the names of its statements there."""


def files() -> list[str]:
    """Module names in the order of `_CoqProject`."""
    lines = (FOLDER / "_CoqProject").read_text(encoding="utf-8").splitlines()
    return [line.removesuffix(".v") for line in lines if line.endswith(".v")]


def source_hash(name: str) -> str:
    """Of one source file."""
    return hashlib.sha256((FOLDER / f"{name}.v").read_bytes()).hexdigest()


def formal_state(theorem: str) -> str:
    """`pass` when the theorem's file and everything it needs were built and re-checked as they stand now; `not-built`, `absent`."""
    if theorem not in FORMAL:
        return "absent"
    try:
        record = json.loads(RECORD.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return "not-built"
    needed = files()
    needed = needed[: needed.index(FORMAL[theorem][0]) + 1]
    return "pass" if all(record.get(name) == source_hash(name) for name in needed) else "not-built"


def _coq(program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([program, *arguments], cwd=FOLDER, capture_output=True, text=True, check=False)


def check_sources() -> None:
    """No proof left open, no axiom of our own, every named statement present. Raises `ArgumentError` otherwise."""
    texts = {name: (FOLDER / f"{name}.v").read_text(encoding="utf-8") for name in files()}
    for name, text in texts.items():
        code = re.sub(r"\(\*.*?\*\)", "", text, flags=re.DOTALL)
        found = FORBIDDEN.search(code)
        require(found is None, f"{name}.v", "complete proofs and no axioms", found and found.group())
        require(text.startswith("(*"), f"{name}.v", "a paragraph that says what it proves", text[:20])
    for theorem, (name, statements) in FORMAL.items():
        for statement in statements:
            stated = re.search(rf"\b(Theorem|Corollary) {statement}\b", texts[name])
            require(stated is not None, theorem, f"{statement} in {name}.v", "nothing of that name")


def axioms_of(report: str) -> set[str]:
    """Axiom names in the output of `coqchk -o`."""
    lines = report.split("* Axioms:", 1)[-1].splitlines()
    out: set[str] = set()
    for line in lines:
        word = line.strip()
        if word.startswith("*") or (out and not word):
            break
        if word and word != "<none>":
            out.add(word)
    return out


def build_files(force: bool = False) -> None:
    """Compile what has no compiled form newer than its source (or everything). Raises `ArgumentError` with the first failure."""
    require(shutil.which("coqc") is not None, "coqc", "Coq on the path (make proofs)", "nothing")
    stale = force
    for name in tqdm(files(), desc="coqc", disable=not sys.stderr.isatty(), leave=False):
        source, made = FOLDER / f"{name}.v", FOLDER / f"{name}.vo"
        stale = stale or not made.exists() or made.stat().st_mtime < source.stat().st_mtime
        if stale:
            done = _coq("coqc", "-Q", ".", "Mari", f"{name}.v")
            require(done.returncode == 0, f"{name}.v", "a file that compiles", done.stderr)


def build() -> dict[str, str]:
    """Compile, re-check, try the negative controls, record. Raises `ArgumentError` with the first failure."""
    check_sources()
    build_files(force=True)
    # The checker of certificates rests on a large library; its axioms are read off each certificate instead.
    checked = _coq("coqchk", "-o", "-Q", ".", "Mari", *(f"Mari.{name}" for name in files() if name != "Certificate"))
    require(checked.returncode == 0, "coqchk", "every proof accepted", checked.stderr or checked.stdout)
    report = checked.stdout + checked.stderr
    require("* Axioms:" in report, "coqchk", "a report of the axioms", report)
    extra = axioms_of(report) - AXIOMS
    require(not extra, "coqchk", f"no axioms beyond {len(AXIOMS)} of the real numbers", sorted(extra))
    for control in sorted((FOLDER / "controls").glob("*.v")):
        refused = _coq("coqc", "-Q", ".", "Mari", f"controls/{control.name}")
        require(refused.returncode != 0, control.name, "a wrong constant to be refused", "it compiled")
        require("Unable to unify" in refused.stderr, control.name, "a refusal of the statement itself", refused.stderr)
    record = {name: source_hash(name) for name in files()}
    write_text(RECORD, json.dumps(record, indent=1))
    return record


def main() -> int:
    """Build and say what was checked."""
    try:
        record = build()
    except ArgumentError as e:
        print(f"proofs: {e}", file=sys.stderr)
        return 1
    statements = sum(len(names) for _, names in FORMAL.values())
    controls = len(list((FOLDER / "controls").glob("*.v")))
    print(
        f"{len(record)} files compiled and re-checked by coqchk: {statements} statements for {len(FORMAL)} theorems, "
        f"{len(AXIOMS)} axioms (those of the real numbers), {controls} wrong constants refused"
    )
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
