"""The command: see the package's docstring."""

import argparse

import cv2

from core.extract import Extractor
from core.reading.numeric import NumericReader
from core.settings import Settings
from training.document import DOCS, put
from training.texts import boxes, cut


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m training.texts", description=__doc__)
    parser.add_argument("--count", type=int, default=85, help="boxes that each writer fills")
    parser.add_argument("--pages", type=int, default=108, help="with boxes that cut their texts")
    parser.add_argument("--write", action="store_true", help="into docs/accuracy.md")
    asked = parser.parse_args()
    cv2.setNumThreads(1)
    texts = {
        "words": boxes.table(asked.count, NumericReader()),
        "cut": cut.tables(asked.pages, Extractor(Settings())),
    }
    print("\n".join(texts.values()))
    if asked.write:
        for section, text in texts.items():
            put(text, section, DOCS / "accuracy.md")


main()
