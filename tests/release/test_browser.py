"""The look at the pages: a blank picture, none, and one with something on it; said where there is no browser."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from matplotlib.image import imsave

from tests.release import browser


def test_without_a_browser_it_says_so(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(browser, "find_browser", lambda: None)
    assert browser.main(["page.html"]) == 0
    assert "not looked at" in capsys.readouterr().out


@pytest.mark.parametrize(("kind", "words"), [("full", None), ("blank", "empty page"), ("none", "no picture")])
def test_a_page_that_shows_nothing_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], kind: str, words: str | None
) -> None:
    for width, height in browser.SIZES:
        pixels = np.ones((height, width, 3))
        if kind == "full":
            pixels[100:300] = 0.0
        imsave(tmp_path / f"{width}.png", pixels)
    pretend = tmp_path / "chromium"
    copy = "" if kind == "none" else f'cp {tmp_path}/$(echo "$*" | sed "s/.*size=\\([0-9]*\\),.*/\\1/").png $out'
    pretend.write_text(f'#!/bin/sh\nout=$(echo "$*" | sed "s/.*screenshot=\\([^ ]*\\).*/\\1/")\n{copy}\n')
    pretend.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    assert browser.main([str(tmp_path / "page.html")]) == int(words is not None)
    out = capsys.readouterr().out
    assert out.count("\n") == len(browser.SIZES) and (words or "shown") in out
