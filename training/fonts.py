"""The font families that training lines are drawn with: installing, cataloguing, splitting.

    python -m training.fonts install     gets every family (Debian packages as root, npm packages)
    python -m training.fonts check       says which families of families.json are missing here

A *family* is what a printer calls one design. Its weights and widths, and families that share their
digits with it (Noto Sans Arabic and its UI cut, Arimo and Liberation Sans), are one *group*, and a
group is in one split only: what is measured on the test split was never seen, in any cut.
"""

import argparse
import functools
import json
import os
import re
import subprocess
import sys
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from fontTools.ttLib import TTCollection, TTFont

from training import fontsource

HERE = Path(__file__).parent
WORK = HERE / "work"
FAMILIES = HERE / "families.json"

Split = Literal["train", "validation", "test"]

DEBIAN = """
    fonts-arabeyes fonts-kacst fonts-kacst-one fonts-farsiweb fonts-freefarsi fonts-paktype
    fonts-nafees fonts-dejavu-core fonts-dejavu-extra fonts-noto-core fonts-noto-ui-core
    fonts-ukij-uyghur fonts-sil-scheherazade fonts-sil-alkalami fonts-hosny-amiri
    fonts-freefont-ttf fonts-liberation fonts-ocr-a fonts-ocr-b fonts-gnutypewriter fonts-3270
    fonts-hermit fonts-urw-base35 fonts-linuxlibertine fonts-junicode fonts-oldstandard
    fonts-sil-andika fonts-sil-charis fonts-cantarell
""".split()

ARABIC_DIGITS = "٠١٢٣٤٥٦٧٨٩"
WESTERN_DIGITS = "0123456789"


@dataclass(frozen=True, slots=True)
class Face:
    """One weight and slant: the files that a character is looked up in, first come first served."""

    family: str
    style: str
    files: tuple[Path, ...]

    def has(self, characters: str) -> bool:
        """Whether every one of `characters` is in one of the files."""
        return all(any(ord(c) in cmap(f) for f in self.files) for c in characters)

    @property
    def arabic(self) -> bool:
        return self.has(ARABIC_DIGITS)

    @property
    def western(self) -> bool:
        return self.has(WESTERN_DIGITS)


@functools.cache
def cmap(path: Path) -> frozenset[int]:
    """The code points that a font file draws."""
    with path.open("rb") as file:
        font = (
            TTCollection(file).fonts[0] if path.suffix == ".ttc" else TTFont(file, lazy=True)
        )
        return frozenset(font.getBestCmap() or ())


def normalized(name: str) -> str:
    """A family's name without case, spaces and marks, so that spellings of it compare equal."""
    folded = unicodedata.normalize("NFKD", name).casefold()
    return re.sub(r"[^a-z0-9]", "", folded)


@functools.cache
def families() -> dict[str, dict[str, list[str]]]:
    """`families.json`: split → group → families; and `reserved` and `dropped`."""
    return json.loads(FAMILIES.read_text(encoding="utf-8"))


def faces(split: Split) -> list[Face]:
    """Every installed face of the families of `split`, in a fixed order."""
    wanted = {normalized(f) for group in families()[split].values() for f in group}
    return [face for face in installed() if normalized(face.family) in wanted]


@functools.cache
def installed() -> tuple[Face, ...]:
    """Every face here, in a fixed order; of a family in both sources, npm's."""
    web = list(_web_faces())
    have = {normalized(face.family) for face in web}
    debian = [face for face in _debian_faces() if normalized(face.family) not in have]
    return tuple(sorted([*web, *debian], key=lambda face: (face.family, face.style)))


def _web_faces() -> Iterator[Face]:
    for folder in sorted((WORK / "fonts").glob("*/")):
        styles: dict[str, list[Path]] = {}
        for path in sorted(folder.glob("*.ttf")):  # "arabic" sorts before "latin"
            styles.setdefault(path.stem.rsplit("-", 1)[0], []).append(path)
        for style, files in styles.items():
            yield Face(folder.name.replace("-", " ").title(), style, tuple(files))


def _debian_faces() -> Iterator[Face]:
    listed = subprocess.run(
        ["dpkg", "-L", *DEBIAN], capture_output=True, text=True, check=False
    ).stdout.split("\n")
    wanted = {line for line in listed if line.endswith((".ttf", ".otf", ".ttc"))}
    described = subprocess.run(
        ["fc-list", "--format", "%{file}\t%{family[0]}\t%{style[0]}\n"],
        capture_output=True, text=True, check=True,
    ).stdout
    for line in sorted(set(described.splitlines())):
        file, family, style = line.split("\t")
        if file in wanted:
            yield Face(family, style, (Path(file),))


def install() -> int:
    """Gets what is missing; returns the number of families that could not be had."""
    if os.geteuid() == 0:
        subprocess.run(["apt-get", "update", "-qq"], check=True)
        subprocess.run(
            ["apt-get", "install", "-y", "-qq", "--no-install-recommends", "npm", "fontconfig",
             *DEBIAN],
            check=True, env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"},
        )
    else:
        print("Not root: install these Debian packages first:", *DEBIAN)
    missing = fontsource.install(WORK / "fonts")
    if missing:
        print("No such npm package now:", *missing)
    return len(missing)


def missing() -> list[str]:
    """Families of the recorded split that are not installed."""
    have = {normalized(face.family) for face in installed()}
    named = [
        family
        for split in ("train", "validation", "test")
        for group in families()[split].values()
        for family in group
    ]
    return [family for family in named if normalized(family) not in have]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("do", choices=["install", "check"])
    if parser.parse_args().do == "install":
        return min(1, install())
    lacking = missing()
    print(f"{len(installed())} faces; missing families: {', '.join(lacking) or 'none'}")
    return min(1, len(lacking))


if __name__ == "__main__":
    sys.exit(main())
