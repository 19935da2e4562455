"""The command: see the package's docstring."""

import argparse
import sys
from typing import get_args

import cv2

from core.extract import Extractor
from core.settings import Settings
from training.document import DOCS, put
from training.pages import report
from training.pages.measure import Choice, Failures, Result, choices, failures, hopeless, results
from training.pages.moves import MOTIONS


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m training.pages", description=__doc__)
    parser.add_argument("--only", choices=get_args(report.Part), help="this part of the figures")
    parser.add_argument("--pages", type=int, default=40, help="of each way of moving them")
    parser.add_argument("--motions", nargs="*", default=list(MOTIONS), help="which ways")
    parser.add_argument("--hopeless", type=int, default=5600, help="pages that can't be aligned")
    parser.add_argument("--templates", type=int, nargs="*", default=[10, 100, 1000])
    parser.add_argument(
        "--choices",
        type=int,
        nargs="*",
        default=[200, 1000, 200],
        help="pages to choose for, and as many strangers, for each number of templates",
    )
    parser.add_argument(
        "--seed", type=int, default=3, help="of all chance; 0, 1, 2, 5 and 6 were tuned on"
    )
    parser.add_argument("--write", action="store_true", help="into docs/alignment.md")
    asked = parser.parse_args()
    if len(asked.templates) != len(asked.choices):
        parser.error("--choices needs a number for each of --templates")
    cv2.setNumThreads(1)
    texts: dict[report.Part, str] = {}
    if asked.only != "choice":
        moved, failed = _moved(asked)
        texts["moved"] = report.alignment(moved, failed)
        if asked.write:
            report.draw(DOCS / "pictures", moved)
    if asked.only != "moved":
        texts["choice"] = report.choice(_chosen(asked))
    print("\n\n".join(texts.values()))
    if asked.write:
        for part, text in texts.items():
            put(text, part, DOCS / "alignment.md")


def _moved(asked: argparse.Namespace) -> tuple[dict[str, list[Result]], Failures]:
    extractor = Extractor(Settings())
    moved = {}
    for name in asked.motions:
        _say(name)
        moved[name] = list(
            results(MOTIONS[name], asked.pages, seed=asked.seed, extractor=extractor)
        )
    _say(f"{asked.hopeless:,} hopeless pages")
    lost = hopeless(asked.hopeless, seed=asked.seed, extractor=extractor)
    return moved, failures(result for rows in moved.values() for result in rows) + lost


def _chosen(asked: argparse.Namespace) -> list[Choice]:
    chosen = []
    for templates, pages in zip(asked.templates, asked.choices, strict=True):
        _say(f"{pages:,} pages and as many strangers among {templates:,} templates")
        chosen.append(choices(templates, pages, seed=asked.seed))
    return chosen


def _say(what: str) -> None:
    print(f"{what} ...", file=sys.stderr, flush=True)


main()
