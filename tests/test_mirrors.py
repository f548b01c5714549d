"""Tests mirror the files: every module has its test file, or a line here says where it is tested and why there."""

from __future__ import annotations

from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = ("mari_theory", "estimators")
"""One name more is all it takes to hold another package to the rule."""

CERTIFICATES = "tests/mari_theory/certificates"
ELSEWHERE = {
    "estimators/_brute_force.py": ("tests/estimators/test_nearest_neighbors.py", "one of two ways to the same counts"),
    "estimators/bounded_means.py": ("tests/estimators/test_exact_coverage.py", "a table of the intervals"),
    "estimators/certificate_numbers.py": (f"{CERTIFICATES}/test_checker.py", "every number is derived again"),
    "estimators/certify.py": (f"{CERTIFICATES}/test_checker.py", "every certificate is made by it and checked"),
    "estimators/certify_laws.py": (f"{CERTIFICATES}/test_option_files.py", "its certificates are checked"),
    "estimators/certify_scores.py": (f"{CERTIFICATES}/test_evidence_findings.py", "its certificates are checked"),
    "estimators/exact.py": (f"{CERTIFICATES}/test_option_files.py", "ends of enumerated laws"),
    "estimators/results.py": ("tests/estimators/test_interval_properties.py", "what every interval returns"),
    "mari_theory/certificates/capital.py": (f"{CERTIFICATES}/test_checker.py", "the checker's own arithmetic"),
    "mari_theory/certificates/check_exact.py": (f"{CERTIFICATES}/test_checker.py", "a part of the checker"),
    "mari_theory/certificates/check_sampled.py": (f"{CERTIFICATES}/test_checker.py", "a part of the checker"),
    "mari_theory/certificates/digests.py": (f"{CERTIFICATES}/test_repeats.py", "what tells copies"),
    "mari_theory/certificates/evidence_search.py": ("tests/mari_theory/test_main.py", "the command finds evidence"),
    "mari_theory/certificates/findings.py": (f"{CERTIFICATES}/test_evidence_findings.py", "the lines of the checker"),
    "mari_theory/certificates/rules.py": (f"{CERTIFICATES}/test_certificate.py", "words of certificates"),
    "mari_theory/certificates/scores.py": (f"{CERTIFICATES}/test_files.py", "rows of files"),
    "mari_theory/certificates/words.py": (f"{CERTIFICATES}/test_certificate.py", "words of certificates"),
    "mari_theory/enclosures/bounds.py": ("tests/mari_theory/enclosures/test_balls.py", "one table of enclosures"),
    "mari_theory/errors.py": ("tests/mari_theory/test_main.py", "packages in the way; the rest in doctests"),
    "mari_theory/fenchel.py": ("tests/proofs", "T21 is evidence for it"),
    "mari_theory/figure_style.py": ("tests/experiments", "drawn, not computed"),
    "mari_theory/kernels/arrays.py": ("tests/mari_theory/test_divergences.py", "every divergence goes through it"),
    "mari_theory/kernels/numba.py": ("tests/mari_theory/kernels/test_half_weight.py", "the same sums, compiled"),
    "mari_theory/quadrature.py": ("tests/mari_theory/families/test_densities.py", "what densities are integrated by"),
    "mari_theory/strategies/evidence.py": (f"{CERTIFICATES}/test_properties.py", "draws for those tests"),
    "mari_theory/strategies/finite.py": ("tests/estimators/test_exact_coverage.py", "draws for those tests"),
    "mari_theory/strategies/laws.py": ("tests/mari_theory/test_laws.py", "draws for those tests"),
    "mari_theory/strategies/samples.py": ("tests/estimators/test_interval_properties.py", "draws for those tests"),
    "mari_theory/theorems.py": ("tests/test_theorem_ids.py", "statements; a test holds every id to them"),
    "mari_theory/units.py": ("tests/mari_theory/test_laws.py", "names of types and of ln 2"),
}
"""Module -> where it is tested, and why it has no test file of its own."""


def modules(package: str) -> list[Path]:
    """Every module of a package; what a folder exports is tested by what it exports."""
    return [p.relative_to(ROOT) for p in sorted((ROOT / package).rglob("*.py")) if p.name != "__init__.py"]


def mirror(module: Path) -> Path:
    """`mari_theory/kernels/arrays.py` -> `tests/mari_theory/kernels/test_arrays.py`."""
    return Path("tests") / module.parent / f"test_{module.stem.strip('_')}.py"


@pytest.mark.parametrize("package", PACKAGES)
def test_every_module_has_its_test_file(package: str) -> None:
    missing = [str(m) for m in modules(package) if not (ROOT / mirror(m)).is_file() and str(m) not in ELSEWHERE]
    assert missing == []


def test_the_exceptions_are_no_more_than_needed_and_lead_somewhere() -> None:
    for module, (where, why) in ELSEWHERE.items():
        assert (ROOT / module).is_file() and (ROOT / where).exists() and why, module
        assert not (ROOT / mirror(Path(module))).is_file(), module
