"""`python -m tests.release.browser PAGE...`: every page in a browser, wide and narrow; it must show something.

Says so and passes where no Chromium is installed.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.image import imread

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
SIZES = ((1280, 2000), (420, 2000))


def find_browser() -> str | None:
    return next((path for path in map(shutil.which, BROWSERS) if path), None)


def fault(browser: str, page: Path, size: tuple[int, int]) -> str | None:
    """What is wrong with the page at this width and height in pixels, or nothing."""
    with tempfile.TemporaryDirectory() as folder:
        picture = Path(folder) / "page.png"
        window = f"--window-size={size[0]},{size[1]}"
        options = [
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--hide-scrollbars",
            window,
            f"--screenshot={picture}",
        ]
        command = [browser, *options, f"--user-data-dir={folder}/profile", page.resolve().as_uri()]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
        if not picture.is_file():
            return f"no picture (exit status {done.returncode})"
        pixels = np.asarray(imread(picture))[:, :, :3]
    height, width = pixels.shape[:2]
    if (width, height) != size:
        return f"a picture of {width} x {height}"
    inked = float(np.mean(np.any(np.abs(pixels - pixels[0, 0]) > 0.1, axis=2)))
    return None if inked > 0.01 else f"an empty page ({inked:.2%} of it is not background)"


def main(names: Sequence[str]) -> int:
    """A line for each page and size; 1 when one shows nothing."""
    browser = find_browser()
    if browser is None:
        print(f"browser: none of {', '.join(BROWSERS)} is installed; the pages were not looked at")
        return 0
    faults = [(name, size, fault(browser, Path(name), size)) for name in names for size in SIZES]
    for name, (width, height), text in faults:
        print(f"{name} at {width} x {height}: {text or 'shown'}")
    return int(any(text for _, _, text in faults))


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
