"""A certificate that Coq itself concludes: `mari check --formal CERT` for pools of complete sets (T18, T5).

The two mean distributions become integers over one denominator 2^62. Every step can only raise the divergence, because the original
is the output of a channel applied to the emitted pair (T3):

* each probability is rounded down, what is lost becomes a symbol of that arm alone;
* beyond `most` symbols, those that lose least are replaced by three: their common part, and what each arm has beyond it.

Coq then evaluates `Certificate.check` and concludes "every detector's accuracy is at most (1 + s/v)/2"; s is the least that passes.
The step from file to integers is this module's, in exact integer arithmetic; it is short, and tested.
"""

from __future__ import annotations

import re
import subprocess
import tempfile
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from flint import arb
from numpy.typing import NDArray

from mari_theory.enclosures.balls import Ball, precision
from mari_theory.errors import ArgumentError, require
from mari_theory.kernels.arrays import bregman_one_plus
from proofs.formal import AXIOMS, FOLDER, build_files

Floats = NDArray[np.float64]
DENOMINATOR = 1 << 62
UNIT = 10**9
"""The accuracy is (1 + s/UNIT)/2 for an integer s."""


@dataclass(frozen=True)
class IntegerPair:
    """Two laws in whole numbers, and what they let Coq conclude."""

    masses: tuple[tuple[int, int], ...]
    """(P, Q) of every symbol, whole numbers over `DENOMINATOR`, to which either arm sums."""
    s: int
    """The least numerator, 1 to `UNIT`, that the ball arithmetic here accepts."""

    @property
    def accuracy(self) -> Fraction:
        """(1 + s/UNIT)/2."""
        return (1 + Fraction(self.s, UNIT)) / 2


def _floors(p: Floats) -> list[int]:
    """floor(DENOMINATOR p_i / sum p) in exact arithmetic."""
    parts = [Fraction(x) for x in p.tolist()]
    total = sum(parts, Fraction(0))
    return [int(x * DENOMINATOR / total) for x in parts]


def integer_pair(p: Floats, q: Floats, most: int = 1000) -> IntegerPair:
    """Integers whose divergence is at least that of p and q; raises `ArgumentError` on laws that differ in length."""
    require(p.ndim == 1 and p.shape == q.shape and p.size > 0, "p, q", "two vectors of one length", (p.shape, q.shape))
    require(most >= 8, "most", "at least 8 symbols", most)
    a, b = _floors(p), _floors(q)
    symbols = list(range(len(a)))
    common = 0
    if len(a) > most - 3:
        x, y = p / p.sum(), q / q.sum()
        mean = (x + y) / 2
        lean = np.divide(x - y, x + y, out=np.zeros_like(x), where=mean > 0)
        term = mean * (bregman_one_plus(np, lean) + bregman_one_plus(np, -lean)) / 2
        loss = 0.5 * np.abs(x - y) * np.log(2.0) - term
        order = np.argsort(-loss, kind="stable")
        symbols = sorted(order[: most - 3].tolist())
        inside = set(symbols)
        common = sum(min(a[i], b[i]) for i in range(len(a)) if i not in inside)
    masses = [(a[i], b[i]) for i in symbols if a[i] or b[i]]
    only_p = DENOMINATOR - common - sum(x for x, _ in masses)
    only_q = DENOMINATOR - common - sum(y for _, y in masses)
    masses += [pair for pair in ((common, common), (only_p, 0), (0, only_q)) if pair != (0, 0)]
    return IntegerPair(tuple(masses), _least(masses))


def _both(a: int, b: int) -> Ball:
    total = arb(0)
    for x in (a, b):
        if x:
            total += arb(x) * (arb(2 * x) / arb(a + b)).log()
    return total


def _least(masses: list[tuple[int, int]]) -> int:
    """Smallest s in 1..UNIT with UNIT total <= DENOMINATOR both(UNIT + s, UNIT - s), certainly."""
    with precision():
        total = arb(0)
        for a, b in masses:
            total += _both(a, b)
        low, high = 0, UNIT
        while high - low > 1:
            middle = (low + high) // 2
            holds = bool(arb(DENOMINATOR) * _both(UNIT + middle, UNIT - middle) >= arb(UNIT) * total)
            low, high = (low, middle) if holds else (middle, high)
    return high


def emit(pair: IntegerPair, s: int | None = None) -> str:
    """The Coq file: its one theorem is the claim."""
    numerator = pair.s if s is None else s
    rows = ";\n  ".join(f"({a}, {b})" for a, b in pair.masses)
    return f"""(* Written by mari. Two laws on {len(pair.masses)} symbols, as integers over {DENOMINATOR}. *)
Require Import Reals List ZArith.
From Mari Require Import Sums Divergence T05_Accuracy Certificate.
Import ListNotations.
Definition masses : list (Z * Z) := [
  {rows}]%Z.
Lemma checked : check masses {DENOMINATOR} {numerator} {UNIT} = true.
Proof. vm_cast_no_check (eq_refl true). Qed.
Open Scope R_scope.
Theorem certified (D : nat -> R) : (forall i, 0 <= D i <= 1) ->
  accuracy (alphabet masses) (p masses {DENOMINATOR}) (q masses {DENOMINATOR}) D <= (1 + {numerator} / {UNIT}) / 2.
Proof. exact (every_detector masses {DENOMINATOR} {numerator} {UNIT} checked D). Qed.
Print Assumptions certified.
"""


def conclude(text: str) -> None:
    """Let Coq check an emitted file; raises `ArgumentError` when it refuses or assumes more than the real numbers."""
    build_files()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "Claim.v"
        path.write_text(text, encoding="utf-8")
        done = subprocess.run(
            ["coqc", "-Q", str(FOLDER), "Mari", str(path)], capture_output=True, text=True, check=False, cwd=folder
        )
    require(done.returncode == 0, "Coq", "the claim to be accepted", " ".join(done.stderr.split())[-160:])
    axioms = set(re.findall(r"^([A-Za-z_.]+) :", done.stdout, flags=re.MULTILINE))
    names = {name.rsplit(".", 1)[-1] for name in AXIOMS}
    extra = {name for name in axioms if name.rsplit(".", 1)[-1] not in names}
    require(not extra and "Axioms:" in done.stdout, "Coq", "no axioms beyond those of the real numbers", sorted(extra))


def check_formally(certificate: Any, p: Floats, q: Floats) -> dict[str, Any]:
    """Coq's conclusion for a certificate of a pool of complete sets, compared with the accuracy it claims.

    Raises `ArgumentError` when the certificate is of another kind, or Coq's bound is above the claimed one.
    """
    exact = certificate.claim.method == "finite-population"
    require(exact, "--formal", "a certificate of a pool over complete sets (T18)", "a statistical or sampled claim")
    claim = Fraction(float(certificate.implies.max_accuracy))
    pair = integer_pair(p, q)
    if pair.accuracy > claim:
        raise ArgumentError(
            "max_accuracy", f"at least {float(pair.accuracy):.10f}, which Coq can conclude", float(claim)
        )
    conclude(emit(pair))
    return {
        "ok": True,
        "accuracy": float(pair.accuracy),
        "claimed": float(claim),
        "symbols": len(pair.masses),
        "s": pair.s,
    }
