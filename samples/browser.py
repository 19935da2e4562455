"""Headless Chromium, which lays out the sample forms and the pictures of the documentation."""

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, sync_playwright

FONTS = {
    "Amiri": "fonts-hosny-amiri",
    "DejaVu Sans": "fonts-dejavu-core",
    "KacstOne": "fonts-kacst-one",
    "Liberation Sans": "fonts-liberation",
    "Liberation Serif": "fonts-liberation",
    "Noto Kufi Arabic": "fonts-noto-core",
    "Noto Naskh Arabic": "fonts-noto-core",
    "Noto Sans": "fonts-noto-core",
}
"""Each family that the pages name, and the Debian package that brings it."""

PROGRAM = "chromium-headless-shell"
"""Debian's name of it, and of its package: the same engine without a window, which opens a
page in two thirds of the time."""

_SWITCHES = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-sync",
    # Pictures below the window are loaded as early as one with a frame does, not all of them.
    "--blink-settings=lazyLoadingImageMarginPxUnknown=1250",
)


@contextmanager
def chromium() -> Iterator[Browser]:
    """A browser, closed at the end. Exits with the packages to install if it or a font is missing.

    Without this check the browser would quietly take another font, and the pictures would differ.
    """
    program = shutil.which(PROGRAM)
    missing = _missing_fonts() if program else [PROGRAM]
    if missing:
        raise SystemExit(f"missing on this system: apt-get install {' '.join(missing)}")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=_SWITCHES)
        try:
            yield browser
        finally:
            browser.close()


def _missing_fonts() -> list[str]:
    if shutil.which("fc-list") is None:
        return ["fontconfig", *sorted(set(FONTS.values()))]
    listed = subprocess.run(["fc-list", ":", "family"], capture_output=True, text=True, check=True)
    families = {name for line in listed.stdout.splitlines() for name in line.split(",")}
    return sorted({package for family, package in FONTS.items() if family not in families})
