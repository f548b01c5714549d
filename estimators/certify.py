"""From evidence files to a `Certificate`: the numbers, each rounded to its safe side. `mari check` re-derives all of them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

from estimators.certify_laws import numbers_of_options, numbers_of_pool
from estimators.certify_scores import numbers_of_scores
from mari_theory.certificates import words
from mari_theory.certificates.arrangement import SAMPLED
from mari_theory.certificates.certificate import Certificate, Request
from mari_theory.certificates.files import kind_of, read_scores
from mari_theory.errors import require, require_fraction


def certify_files(
    files: Sequence[Path],
    confidence: float = 0.95,
    margin: float = 0.01,
    interval: str | None = None,
    pair: str | None = None,
    *,
    population: str = "these-prompts",
    simultaneous: bool = False,
    trust: str = "likelihoods",
    owner: str | None = None,
    prompt: str | None = None,
) -> Certificate:
    """Certificate for score files of one pair, or for one option file or one pool file.

    `interval`: for score files `order-free` (default; any order, any composition), `hoeffding`, and, where the file says that its rows
    were drawn at random, `betting`, `betting-anytime`, `maurer-pontil`; for pool files `pooled-fast-rate` (default) or
    `pooled-bounded-differences`; laws in option files and complete sets are exact. `population`: `these-prompts`, or `prompts-like-these`
    with the owner as unit. `simultaneous`: all numbers hold at once. `trust="none"`: a lower end that believes no likelihood (T31).
    `owner`, `prompt`: a certificate about one owner or one prompt alone, named before looking.

    Units nats. Raises `ArgumentError` in one line on any fault of the files, on evidence that contradicts itself, on files that differ.
    """
    require_fraction("confidence", confidence)
    require(_is_number(margin) and margin >= 0, "margin", "a number at least 0", margin)
    require(population in words.POPULATIONS, "population", " or ".join(words.POPULATIONS), population)
    require(trust in words.TRUST, "trust", " or ".join(words.TRUST), trust)
    require(pair is None or pair in words.PAIRS, "--pair", " or ".join(words.PAIRS), pair)
    require(len(files) > 0, "files", "at least one evidence file", "none")
    paths = [Path(f) for f in files]
    kinds = [kind_of(f) for f in paths]
    require(len(set(kinds)) == 1, "files", "files of one kind", sorted(set(kinds)))
    kind = kinds[0]

    def request(method: str, file_pair: object) -> Request:
        fields = {
            "method": method,
            "confidence": float(confidence),
            "margin": float(margin),
            "population": population,
            "simultaneous": simultaneous,
            "trust": trust,
            "pair": None if file_pair else pair,
            "owner": owner,
            "prompt": prompt,
        }
        require(not file_pair or pair in (None, file_pair), "--pair", f"{file_pair}, as the file says", pair)
        return Request.model_validate(fields)

    if kind == "score":
        method = "order-free" if interval is None else interval
        require(method in SAMPLED, "interval", ", ".join(SAMPLED), method)
        s = read_scores(*paths).only(owner, prompt)
        numbers = numbers_of_scores(s, request(method, s.metadata.get("pair")))
    else:
        require(len(paths) == 1, "files", f"one {kind} file", len(paths))
        require(population == "these-prompts", "population", f"these-prompts for a file of kind {kind}", population)
        require(trust == "likelihoods", "trust", f"likelihoods for a file of kind {kind}", trust)
        whole = kind == "option" or (owner is None and prompt is None)
        require(whole, "owner, prompt", "nothing for a pool file, which averages over all", (owner, prompt))
        of_kind = numbers_of_options if kind == "option" else numbers_of_pool
        numbers = of_kind(paths[0], interval, request)
    return numbers.certificate(kind)


def _is_number(x: object) -> bool:
    return isinstance(x, (int, float)) and not isinstance(x, bool) and math.isfinite(x)
