"""The command: see the package's docstring."""

import argparse
import sys
from pathlib import Path

import cv2

from core.extract import Extractor
from core.settings import Settings
from training.pages import report
from training.pages.measure import choices, results
from training.pages.moves import HOPELESS, MOTIONS


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m training.pages", description=__doc__)
    parser.add_argument("--pages", type=int, default=100, help="of each way of moving them")
    parser.add_argument("--motions", nargs="*", default=list(MOTIONS), help="which ways")
    parser.add_argument("--hopeless", type=int, default=300, help="pages that can't be aligned")
    parser.add_argument("--templates", type=int, nargs="*", default=[10, 100, 1000])
    parser.add_argument("--choices", type=int, default=300, help="pages, and as many strangers")
    parser.add_argument("--seed", type=int, default=1, help="of all chance; 0 was tuned on")
    parser.add_argument("--write", action="store_true", help="into docs/alignment.md")
    asked = parser.parse_args()
    cv2.setNumThreads(1)
    extractor = Extractor(Settings())
    moved = {}
    for name in asked.motions:
        _say(name)
        moved[name] = list(
            results(MOTIONS[name], asked.pages, seed=asked.seed, extractor=extractor)
        )
    _say("hopeless pages")
    hopeless = list(results(HOPELESS, asked.hopeless, seed=asked.seed, extractor=extractor))
    chosen = []
    for count in asked.templates:
        _say(f"{count} templates")
        chosen.append(choices(count, asked.choices, seed=asked.seed))
    text = report.tables(moved, hopeless, chosen)
    print(text)
    if asked.write:
        report.write(Path("docs"), text, moved)


def _say(what: str) -> None:
    print(f"{what} ...", file=sys.stderr, flush=True)


main()
