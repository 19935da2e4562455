"""All that `make bench` measures, on a small scale."""

import sys

import pytest

from tests.bench.__main__ import main
from tests.emulators.serving import SIGNATURES

SMALL = "--rounds 1 --pages 4 --stored 50 --templates 1 2 --strangers 1 --starts 1"


@pytest.mark.slow
def test_everything_is_measured(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["bench", *SMALL.split()])
    main()
    printed = capsys.readouterr().out
    rows = {line.split(" | ")[0].strip("| ") for line in printed.splitlines() if "|" in line}
    assert rows > {"Khana, aligned", "storing one", "**all of it**", *SIGNATURES}
