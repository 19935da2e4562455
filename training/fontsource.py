"""Font families from npm's `@fontsource/*` packages: download, unpack, convert to TrueType.

A package holds a family cut in woff2 files per script and weight. Arabic letters and digits are in
one file and Latin letters, Western digits and most marks in another, so a *face* here is a list of
files, looked up character by character as a browser does.
"""

import io
import re
import subprocess
import tarfile
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from fontTools.ttLib import TTFont


def _listed(names: str) -> list[str]:
    return names.split()


ARABIC = _listed("""
    almarai alexandria alkalami amiri amiri-quran badeen-display beiruti cairo
    cairo-play changa el-messiri fustat gulzar handjet ibm-plex-sans-arabic jomhuria lalezar
    mada noto-kufi-arabic noto-naskh-arabic noto-nastaliq-urdu noto-sans-arabic oi parastoo
    playpen-sans-arabic qahiri rakkas readex-pro reem-kufi reem-kufi-fun rubik ruwudu
    scheherazade-new tajawal vazirmatn vibes zain estedad
    noto-sans-hanifi-rohingya
""")

LATIN = _listed("""
    anonymous-pro archivo-narrow arimo arvo asap asap-condensed assistant
    atkinson-hyperlegible b612-mono barlow barlow-condensed bitter cabin caladea carlito
    chivo-mono codystar comfortaa courier-prime cousine crimson-text cutive-mono dm-mono
    dm-sans dosis doto dotgothic16 eb-garamond encode-sans-condensed exo-2 fira-code fira-mono
    fira-sans fira-sans-condensed fjalla-one gelasio heebo ibm-plex-mono ibm-plex-serif
    inconsolata inter jetbrains-mono josefin-sans karla lato libre-baskerville libre-franklin
    lora manrope martian-mono merriweather montserrat mukta noto-sans-mono nova-mono nunito
    open-sans oswald overpass overpass-mono pathway-gothic-one pixelify-sans playfair-display
    poppins press-start-2p pt-mono pt-sans pt-sans-narrow pt-serif quattrocento quicksand
    raleway red-hat-mono roboto roboto-condensed roboto-mono roboto-slab rokkitt
    saira-condensed share-tech-mono silkscreen sometype-mono source-code-pro source-sans-3
    source-serif-4 space-grotesk space-mono special-elite spectral tinos titillium-web ubuntu
    ubuntu-condensed ubuntu-mono vollkorn vt323 work-sans xanh-mono yanone-kaffeesatz
    zilla-slab
""")

WEIGHTS = (200, 300, 400, 500, 700, 900)
"""What is kept of a family; 800 stands in where there is no 900."""

_FILE = re.compile(
    r"package/files/(?P<stem>.+)-(?P<subset>arabic|latin)-(?P<weight>\d+)-"
    r"(?P<style>normal|italic)\.woff2$"
)


def install(into: Path, names: Iterable[str] = (*ARABIC, *LATIN)) -> list[str]:
    """Puts each family's TrueType files under `into`/<name>/; returns the names not to be had."""
    with ThreadPoolExecutor(4) as pool:
        done = pool.map(lambda name: (name, _install_one(name, into / name)), sorted(set(names)))
        return [name for name, ok in done if not ok]


def _install_one(name: str, folder: Path) -> bool:
    if any(folder.glob("*.ttf")):
        return True
    folder.mkdir(parents=True, exist_ok=True)
    packed = subprocess.run(
        ["npm", "pack", "--silent", f"@fontsource/{name}@5"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    if packed.returncode:
        folder.rmdir()
        return False
    archive = folder / packed.stdout.strip().splitlines()[-1]
    with tarfile.open(archive) as files:
        for member in files:
            match = _FILE.match(member.name)
            if match and _wanted(match):
                _convert(files.extractfile(member).read(), folder / _name(match))
    archive.unlink()
    return True


def _wanted(match: re.Match[str]) -> bool:
    weight = int(match["weight"])
    return weight in WEIGHTS if match["style"] == "normal" else weight in (400, 700)


def _name(match: re.Match[str]) -> str:
    return f"{match['weight']}-{match['style']}-{match['subset']}.ttf"


def _convert(woff2: bytes, to: Path) -> None:
    font = TTFont(io.BytesIO(woff2))
    font.flavor = None
    font.save(to)
