"""The Dockerfile by its text: pinned, and of the packages that are declared elsewhere."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
LINES = (ROOT / "functions/extract/Dockerfile").read_text(encoding="utf-8")
STEPS = [
    " ".join(step.split())
    for step in re.sub(r"\\\n", " ", re.sub(r"^\s*#.*\n", "", LINES, flags=re.M)).splitlines()
    if step.strip()
]


def steps(kind: str) -> list[str]:
    return [step.removeprefix(kind + " ") for step in STEPS if step.startswith(kind + " ")]


def image_steps() -> list[str]:
    """Those of the last stage: what ends in the image."""
    last = max(number for number, step in enumerate(STEPS) if step.startswith("FROM "))
    return STEPS[last:]


def test_the_base_is_pinned_by_its_digest() -> None:
    (base,) = (arg for arg in steps("ARG") if arg.startswith("BASE="))
    assert re.fullmatch(r"BASE=\S+:bookworm-\d{8}-slim@sha256:[0-9a-f]{64}", base)
    assert {origin.split()[0] for origin in steps("FROM")} == {"${BASE}"}


def test_the_debian_packages_are_those_of_the_setup_script() -> None:
    script = (ROOT / "functions/local/setup.sh").read_text(encoding="utf-8")
    running = script.split("if [")[0]
    needed = set(re.findall(r"^need (\S+)", running, re.M)) - {"python3-venv"}
    (installed,) = (re.search(r"recommends (.*?) &&", step) for step in image_steps()[1:2])
    assert installed is not None
    packages = dict((name + "=").split("=")[:2] for name in installed[1].split())
    assert set(packages) == needed | {"python3"}
    assert all(packages[name] for name in needed), "Tesseract or the font is not pinned"


def test_the_python_packages_are_those_of_the_lock() -> None:
    (locked, own) = (step for step in steps("RUN") if "pip install" in step)
    assert "--only-binary :all: --require-hashes -r requirements.lock" in locked
    assert "--no-deps --target /app ." in own


def test_the_last_word_is_with_a_user_that_is_not_root() -> None:
    kinds = [step.split()[0] for step in image_steps()]
    (user,) = steps("USER")
    assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", user), "by numbers, so that Kubernetes can tell"
    assert kinds.index("USER") > max(n for n, kind in enumerate(kinds) if kind in ("RUN", "COPY"))


def test_what_goes_in_is_there_and_let_in() -> None:
    allowed = set((ROOT / ".dockerignore").read_text(encoding="utf-8").split())
    assert steps("ADD") == []
    for step in steps("COPY"):
        if not step.startswith("--from"):
            *names, _ = step.split()
            assert {f"!{name}" for name in names} <= allowed
            assert all((ROOT / name).exists() for name in names)
