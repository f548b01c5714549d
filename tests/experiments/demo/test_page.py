"""The demo's page: every number of the certificates, and text that cannot become markup."""

from __future__ import annotations

from html import escape
from pathlib import Path

from experiments.demo.page import page, place
from experiments.demo.walk import demo
from mari_theory.rounding import span


def test_the_page_says_what_the_certificates_say(tmp_path: Path) -> None:
    found = demo(tmp_path / "out")
    text = (tmp_path / "out" / "demo.html").read_text()
    for certificate in found.certificates.values():
        claim = certificate.claim
        assert f"{span(claim.lower, claim.upper, 6)} nats" in text and certificate.evidence[0].sha256 in text
        assert f"left:{place(claim.upper):.1f}%" in text
    assert all(escape(f.what) in text for f in found.forgeries)
    assert "http" not in text and "<script" not in text
    hostile = page({"a": ("<script>", found.certificates["original"])}, "<b>", "<i>", {"<u>": ("x",)}, 0.01)
    assert not any(mark in hostile for mark in ("<script>", "<u>")) and "&lt;script&gt;" in hostile


def test_the_scale_is_logarithmic_and_starts_where_it_says() -> None:
    assert place(1e-9) == place(1e-6) == 0.0
    assert abs(place(1e-4) - 2 * place(1e-5)) < 1e-9
