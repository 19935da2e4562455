"""Labelled boxes of one's own, real ones above all, to train on beside those that are drawn.

A folder with pictures and a `labels.jsonl`, one object a line:

    {"file": "0001.png", "text": "٢٠٢٦/٠٥/١٧", "kind": "date"}

`text` is what stands there from left to right, without blanks and without words beside the number;
'' for a box that holds no number. A picture is a box as it is cut out of a page: of a whole number
or of a single digit, printed or by hand.
"""

import json
from pathlib import Path
from typing import get_args

import cv2

from core.reading.lines import prepare
from training.dataset import Lines
from training.grammar import CHARSET, Kind

LABELS = "labels.jsonl"


def load(folder: Path) -> Lines:
    """The folder's boxes as lines, in order.

    Raises:
        ValueError: a line of the labels doesn't fit, or its picture can't be read; the message says
            which.
        OSError: there is no such folder, or no labels in it.
    """
    lines = Lines([], [], [], [])
    for number, row in enumerate((folder / LABELS).read_text(encoding="utf-8").splitlines(), 1):
        where = f"{folder / LABELS}, line {number}"
        try:
            entry = json.loads(row)
            file, text, kind = entry["file"], entry["text"], entry.get("kind", "number")
        except (ValueError, KeyError, TypeError) as error:
            raise ValueError(f"{where}: not an object with file and text: {error}") from error
        if kind not in get_args(Kind):
            raise ValueError(f"{where}: no such kind: {kind!r}")
        if unknown := set(text) - set(CHARSET):
            raise ValueError(f"{where}: the reader has no {''.join(sorted(unknown))!r}")
        crop = cv2.imread(str(folder / file), cv2.IMREAD_GRAYSCALE)
        if crop is None:
            raise ValueError(f"{where}: {file} is not a picture")
        lines.inks.append(prepare(crop).ink)
        lines.labels.append(text)
        lines.kinds.append(kind)
        lines.families.append(folder.name)
    return lines
