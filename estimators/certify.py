"""From evidence files to a `Certificate`: the numbers, each rounded to its safe side. `mari check` re-derives all of them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from estimators.certify_laws import numbers_of_options, numbers_of_pool
from estimators.certify_scores import numbers_of_scores
from mari_theory.certificates import words
from mari_theory.certificates.arrangement import SAMPLED
from mari_theory.certificates.certificate import Certificate, Request
from mari_theory.certificates.files import kind_of, read_scores
from mari_theory.errors import require, require_fraction


@dataclass(frozen=True)
class Question:
    """What a certificate is asked for. Raises `ArgumentError` on values outside their range.

    >>> Question(margin=0.02).confidence
    0.95
    """

    confidence: float = 0.95
    """In (0, 1)."""
    margin: float = 0.01
    """Nats, at least 0: a divergence of at most this much counts as equivalent."""
    interval: str | None = None
    """For score files `order-free` (default; any order, any composition), `hoeffding`, and, where the file says that its rows were drawn
    at random, `betting`, `betting-anytime`, `maurer-pontil`; for pool files `pooled-fast-rate` (default) or `pooled-bounded-differences`;
    laws in option files and complete sets are exact."""
    pair: str | None = None
    """What the arms are, where the files do not say."""
    population: str = "these-prompts"
    """Or `prompts-like-these`, with the owner as unit."""
    simultaneous: bool = False
    """All numbers hold at once."""
    trust: str = "likelihoods"
    """`none`: a lower end that believes no likelihood (T31)."""
    owner: str | None = None
    """The one owner the certificate is about, named before looking."""
    prompt: str | None = None
    """The one prompt."""

    def __post_init__(self) -> None:
        require_fraction("confidence", self.confidence)
        require(_is_number(self.margin) and self.margin >= 0, "margin", "a number at least 0", self.margin)
        require(self.population in words.POPULATIONS, "population", " or ".join(words.POPULATIONS), self.population)
        require(self.trust in words.TRUST, "trust", " or ".join(words.TRUST), self.trust)
        require(self.pair in (None, *words.PAIRS), "--pair", " or ".join(words.PAIRS), self.pair)

    def request(self, method: str, file_pair: object) -> Request:
        """As the certificate records it; what the file says of its pair goes before."""
        require(not file_pair or self.pair in (None, file_pair), "--pair", f"{file_pair}, as the file says", self.pair)
        asked = {k: v for k, v in vars(self).items() if k != "interval"}
        asked |= {"confidence": float(self.confidence), "margin": float(self.margin)}
        return Request.model_validate(asked | {"method": method, "pair": None if file_pair else self.pair})


def certify_files(files: Sequence[Path], question: Question | None = None, **asked: Any) -> Certificate:
    """Certificate for score files of one pair (T15), or for one option file (T1) or one pool file (T17, T18).

    `asked` are fields of the question, as keywords.

    Units nats. Raises `ArgumentError` in one line on any fault of the files, on evidence that contradicts itself, on files that differ.
    """
    alone = question is None or isinstance(question, Question)
    require(alone, "question", "a Question, or its fields as keywords", question)
    question = replace(question or Question(), **asked)
    require(len(files) > 0, "files", "at least one evidence file", "none")
    paths = [Path(f) for f in files]
    kinds = [kind_of(f) for f in paths]
    require(len(set(kinds)) == 1, "files", "files of one kind", sorted(set(kinds)))
    kind = kinds[0]
    if kind == "score":
        method = "order-free" if question.interval is None else question.interval
        require(method in SAMPLED, "interval", ", ".join(SAMPLED), method)
        s = read_scores(*paths).only(question.owner, question.prompt)
        numbers = numbers_of_scores(s, question.request(method, s.metadata.get("pair")))
    else:
        require(len(paths) == 1, "files", f"one {kind} file", len(paths))
        population, trust, one = question.population, question.trust, (question.owner, question.prompt)
        require(population == "these-prompts", "population", f"these-prompts for a file of kind {kind}", population)
        require(trust == "likelihoods", "trust", f"likelihoods for a file of kind {kind}", trust)
        whole = kind == "option" or one == (None, None)
        require(whole, "owner, prompt", "nothing for a pool file, which averages over all", one)
        of_kind = numbers_of_options if kind == "option" else numbers_of_pool
        numbers = of_kind(paths[0], question.interval, question.request)
    return numbers.certificate(kind)


def _is_number(x: object) -> bool:
    return isinstance(x, (int, float)) and not isinstance(x, bool) and math.isfinite(x)
