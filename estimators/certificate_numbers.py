"""The numbers of one certificate, before its words: what every kind of evidence is brought to."""

from __future__ import annotations

import platform
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

import mari_theory
from mari_theory.certificates import rules
from mari_theory.certificates.ceilings import ceilings
from mari_theory.certificates.certificate import (
    ROOM_AT,
    Certificate,
    Direct,
    Ends,
    Implies,
    Levels,
    Request,
    Roc,
    Room,
    Units,
    verdict_for,
)
from mari_theory.certificates.digests import FileDigest
from mari_theory.localisation import prompts_with_room
from mari_theory.units import LN2

OUTWARD = 1e-12
"""Numbers that the checker recomputes in floats are rounded outwards by this."""


@dataclass(frozen=True, kw_only=True)
class CertificateNumbers:
    """Ends, counts and the files they came from; `certificate` adds the words."""

    request: Request
    """What the signer wants to know, and how."""
    words: rules.Words
    """Pair, access, theorem and assumptions."""
    metadata: dict[str, Any]
    """What the files say of themselves."""
    files: tuple[FileDigest, ...]
    """The evidence."""
    n: int
    """Rows, laws or averaged outputs."""
    prompts: int = 0
    """Number of prompts; 0 for pooled means."""
    owners: int = 0
    """Number of units of the worst case; 0 for pooled means."""
    exact: bool = False
    """True where nothing was sampled: the error is rounding alone."""
    present: tuple[str, ...]
    """Parts that spend a level, names of `rules.PARTS`."""
    jsd: tuple[float, float, float]
    """Estimate, lower and upper end, nats."""
    total_variation: Ends | None = None
    """Certified total variation."""
    auc: Ends | None = None
    """Area under the optimal detector's curve."""
    roc: Roc | None = None
    """The optimal detector's curve in its band."""
    roc_upper: Callable[[float], float] | None = None
    """Upper curve of the band at any false positive rate."""
    by_owner: Units | None = None
    """The worst case over owners."""
    by_prompt: Units | None = None
    """The worst case over prompts."""
    has_room: bool = False
    """Does the average say how many prompts may be far above it (T32)?"""

    def certificate(self, kind: str) -> Certificate:
        """The numbers with their words, their ceilings and their verdict; `kind` is that of the files."""
        r, w = self.request, self.words
        estimate, lower, upper = self.jsd
        level = rules.levels(r, self.present)
        refutation = self.metadata.get("refuted_by")
        verdict = None
        if w.no_verdict is None or refutation:
            verdict = verdict_for((lower, upper), r.margin, self.by_owner, bool(refutation))
        implications = ceilings(
            upper,
            self.total_variation.upper if self.total_variation else None,
            self.roc_upper,
            self.auc.upper if self.auc else None,
        )
        room = None
        if self.has_room:
            room = Room(
                prompts=self.prompts,
                at_ln2=prompts_with_room(upper, self.prompts, LN2),
                at_margin=prompts_with_room(upper, self.prompts, min(r.margin, LN2)) if r.margin > 0 else None,
                at_0_1=prompts_with_room(upper, self.prompts, ROOM_AT),
            )
        return Certificate.model_validate(
            {
                "request": r,
                "claim": {
                    "pair": w.pair,
                    "quantity": "jensen-shannon-divergence",
                    "unit": "nats",
                    "access": w.access,
                    "population": r.population,
                    "method": r.method,
                    "theorem": w.theorem,
                    "confidence": 1.0 - level["divergence"],
                    "n": self.n,
                    "prompts": self.prompts,
                    "owners": self.owners,
                    "estimate": estimate,
                    "lower": lower,
                    "upper": upper,
                },
                "rests_on": w.rests_on,
                "direct": Direct(total_variation=self.total_variation, auc=self.auc, roc=self.roc),
                "room": room,
                "owners": self.by_owner,
                "prompts": self.by_prompt,
                "implies": Implies.model_validate(implications),
                "levels": Levels(**level),
                "verdict": verdict,
                "no_verdict": None if verdict else w.no_verdict,
                "refuted_by": refutation,
                "assumptions": w.assumptions,
                "errors": {"rounding" if self.exact else "statistical": upper - (lower if self.exact else estimate)},
                "metadata": self.metadata,
                "evidence": tuple(
                    {
                        "file": f.file,
                        "kind": kind,
                        "sha256": f.sha256,
                        "rows_digest": f.rows,
                        "bytes": f.bytes,
                    }
                    for f in self.files
                ),
                "versions": {
                    "mari": mari_theory.__version__,
                    "numpy": np.__version__,
                    "python": platform.python_version(),
                },
            }
        )
