"""The source of a function as Google builds it: build/NAME.zip, the same bytes from one source.

python infra/package.py drive_watch api webhooks
"""

import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
BUILD = ROOT / "build"
FOLDERS = ("core", "functions")
LEFT_OUT = {"functions/extract", "functions/local", "core/reading/model"}
"""What runs elsewhere. The API reads nothing itself in the cloud."""
FONT = Path("/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf")
"""The letters of exported PDFs, which Google's Python has not (fonts-dejavu-core)."""
_EPOCH = (2000, 1, 1, 0, 0, 0)


def main(names: list[str]) -> None:
    BUILD.mkdir(exist_ok=True)
    for name in names:
        path = BUILD / f"{name}.zip"
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for inside, data in sorted(_files(name).items()):
                archive.writestr(zipfile.ZipInfo(inside, _EPOCH), data, zipfile.ZIP_DEFLATED)
        print(f"{path.relative_to(ROOT)}: {path.stat().st_size / 1024:.0f} KiB")


def _files(name: str) -> dict[str, bytes]:
    """By its path in the archive, what each file holds."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    package, version = project["name"], project["version"]
    files = {
        # The API tells its version, which is that of an installed package.
        f"{package}-{version}.dist-info/METADATA": (
            f"Metadata-Version: 2.1\nName: {package}\nVersion: {version}\n".encode()
        ),
        "main.py": f"from functions.{name}.main import {name}  # noqa: F401\n".encode(),
        "requirements.txt": (ROOT / "requirements.lock").read_bytes(),
    }
    if name == "api":
        files[FONT.name] = FONT.read_bytes()
    listed = subprocess.run(
        ["git", "ls-files", "-z", *FOLDERS], cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout
    for path in filter(None, listed.split("\0")):
        if not any(path.startswith(f"{folder}/") for folder in LEFT_OUT):
            files[path] = (ROOT / path).read_bytes()
    return files


if __name__ == "__main__":
    main(sys.argv[1:])
