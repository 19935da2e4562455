"""Other ways to read the same boxes: Tesseract with its models and with one of our own, and a
splitter with a CNN that knows single digits.

    python -m training.rivals [--count 20]      how each Tesseract model reads best (validation)
    python -m training.evaluate --rivals 200    all of them beside the reader
"""

import argparse
import os
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
import pytesseract

from core.reading.numeric import LineReading
from training import tesseract
from training.augment import PROFILES, Sample
from training.edits import distance
from training.grammar import CHARSET

Read = Callable[[Sequence[Sample]], list[LineReading]]

_ALIKE = str.maketrans("٪−–", "%--")
_FOREIGN = re.compile(f"[^{re.escape(CHARSET)}]")


@dataclass(frozen=True, slots=True)
class Tesseract:
    """One pytesseract call a box, as one would write it.

    language: of Tesseract's model. psm: its page segmentation mode. scale: what the box is
    enlarged by. allowed: the characters that it may answer, '' for all that it knows.
    """

    language: str
    psm: int = 7
    scale: int = 1
    allowed: str = ""

    def __str__(self) -> str:
        said = f"`{self.language}` with `--psm {self.psm}`"
        if self.scale > 1:
            said += f", the box enlarged {self.scale} times"
        return f"{said}, the reader's characters alone allowed" if self.allowed else said

    def read(self, page: Sequence[Sample]) -> list[LineReading]:
        return [LineReading(self._text(one), 1.0) for one in page]

    def _text(self, one: Sample) -> str:
        config = f"--psm {self.psm}"
        picture = one.crop
        if self.language == tesseract.LANGUAGE:
            config += f" --tessdata-dir {tesseract.FOLDER}"
            picture = tesseract.picture(one)
        if self.allowed:
            config += f" -c tessedit_char_whitelist={self.allowed}"
        # Tesseract wants paper around the text.
        picture = cv2.copyMakeBorder(picture, *[4] * 4, cv2.BORDER_REPLICATE)
        picture = np.asarray(
            cv2.resize(picture, None, fx=self.scale, fy=self.scale, interpolation=cv2.INTER_CUBIC)
        )
        answer = pytesseract.image_to_string(picture, lang=self.language, config=config)
        return _FOREIGN.sub("", answer.translate(_ALIKE))


LANGUAGES = ("eng", "ara", "ara+eng", tesseract.LANGUAGE)
CHOICES: tuple[tuple[str, tuple[int | str, ...]], ...] = (
    ("psm", (7, 6, 8, 13)),
    ("scale", (1, 2, 3)),
    ("allowed", ("", CHARSET)),
)
BEST = {
    "eng": Tesseract("eng", psm=7, scale=3),
    "ara": Tesseract("ara", psm=7, allowed=CHARSET),
    "ara+eng": Tesseract("ara+eng", psm=8),
    tesseract.LANGUAGE: Tesseract(tesseract.LANGUAGE, psm=8, scale=2),
}
"""As `main` found them on 120 validation fields."""


def readers() -> dict[str, Read]:
    """Every rival by its name. The CNN and our own Tesseract model must have been made."""
    from training.baseline import Baseline  # noqa: PLC0415  it needs torch, and choosing doesn't

    found: dict[str, Read] = {"CNN per digit": Baseline().read}
    for language, one in BEST.items():
        found[f"Tesseract {'ours' if language == tesseract.LANGUAGE else language}"] = one.read
    return found


def main() -> None:
    from training.evaluate import samples  # noqa: PLC0415  which imports this

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=20, help="fields of each set")
    parser.add_argument("languages", nargs="*", default=LANGUAGES)
    options = parser.parse_args()
    os.environ["OMP_THREAD_LIMIT"] = "1"
    boxes = [
        one
        for profile in PROFILES
        for page in samples("validation", profile, options.count)
        for one in page
    ]
    characters = sum(len(one.label) for one in boxes)
    for language in options.languages:
        best = Tesseract(language)
        for name, values in CHOICES:
            found = []
            for value in values:
                candidate = replace(best, **{name: value})
                edits = [
                    distance(reading.text, one.label)
                    for reading, one in zip(candidate.read(boxes), boxes, strict=True)
                ]
                found.append((edits.count(0), -sum(edits), candidate))
                print(
                    f"{language} {name} {value!r}: {edits.count(0) / len(boxes):.1%} exact, "
                    f"{sum(edits) / characters:.1%} of the characters wrong",
                    flush=True,
                )
            # Of those that read as many fields, that with the fewest characters wrong.
            best = max(found, key=lambda item: item[:2])[2]
        print(repr(best), flush=True)


if __name__ == "__main__":
    main()
