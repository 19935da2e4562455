"""The font families that training lines are drawn with: installing, cataloguing, splitting.

python -m training.fonts install     gets every family (Debian packages as root, npm packages)
python -m training.fonts check       says which families of families.json are missing here
"""

import argparse
import functools
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from fontTools.ttLib import TTCollection, TTFont

from training import fontsource
from training.families import Split, families, normalized

HERE = Path(__file__).parent
WORK = HERE / "work"


def _listed(names: str) -> list[str]:
    return names.split()


DEBIAN = _listed("""
    fonts-arabeyes fonts-kacst fonts-kacst-one fonts-farsiweb fonts-freefarsi fonts-paktype
    fonts-nafees fonts-dejavu-core fonts-dejavu-extra fonts-noto-core fonts-noto-ui-core
    fonts-ukij-uyghur fonts-sil-scheherazade fonts-sil-alkalami fonts-hosny-amiri
    fonts-freefont-ttf fonts-liberation fonts-ocr-a fonts-ocr-b fonts-gnutypewriter fonts-3270
    fonts-hermit fonts-urw-base35 fonts-linuxlibertine fonts-junicode fonts-oldstandard
    fonts-sil-andika fonts-sil-charis fonts-cantarell
""")

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
        font = TTCollection(file).fonts[0] if path.suffix == ".ttc" else TTFont(file, lazy=True)
        return frozenset(font.getBestCmap() or ())


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
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    for line in sorted(set(described.splitlines())):
        file, family, style = line.split("\t")
        if file in wanted:
            yield Face(family, style, (Path(file),))


def install() -> int:
    """Gets what is missing; returns the number of families that could not be had."""
    if os.geteuid() == 0:
        # Node.js from elsewhere brings an npm of its own, and Debian's can't stand beside it.
        npm = [] if shutil.which("npm") else ["npm"]
        subprocess.run(["apt-get", "update", "-qq"], check=True)
        subprocess.run(
            [
                "apt-get",
                "install",
                "-y",
                "-qq",
                "--no-install-recommends",
                *npm,
                "fontconfig",
                *DEBIAN,
            ],
            check=True,
            env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"},
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
