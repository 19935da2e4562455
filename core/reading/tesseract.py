"""The program Tesseract: its options, its output, its faults. Nothing else knows of them.

It is called as a program and not through pytesseract because pytesseract
- drops what Tesseract says on standard error when it goes on without one of its languages, so that
  Arabic would be read as Latin letters and nobody be told;
- rounds confidences down to whole percents, and two of them are what tells right from wrong;
- takes one picture, or files: pages here go in and come out by pipes;
- keeps the program's name, and the number of threads, for the whole process.
"""

import os
import re
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import cv2

from core.errors import SetupError, TransientError
from core.geometry import Gray
from core.template import Language
from core.values.plain import clean_text

MAX_SIDE = 32_000
"""Pixels; Tesseract refuses larger pictures."""

_BLOCK = "6"
"""Page segmentation mode: one block of lines. See `core.reading.text` for what was measured."""
_UNCOMPRESSED = 1
_PAGE, _LINE, _WORD = "1", "4", "5"
"""Levels of rows in Tesseract's table."""


@dataclass(frozen=True, slots=True)
class Word:
    """text: in logical order, without direction marks. left, top, right, bottom: pixels of the
    picture, roughly where it is. confidence: Tesseract's own, in [0, 100]."""

    text: str
    left: int
    top: int
    right: int
    bottom: int
    confidence: float


Line = list[Word]
"""Words, in the order that Tesseract takes them to be read in."""


class Tesseract:
    """program: a name on the PATH, or a path. timeout: seconds for one call of `read`."""

    def __init__(self, program: str, timeout: float) -> None:
        self._program = program
        self._timeout = timeout

    @cached_property
    def version(self) -> str:
        """As the program says it, such as '5.3.0'. Raises as `read` does."""
        return self._run(["--version"]).stdout.decode("utf-8", "replace").split()[1]

    def read(self, pictures: Sequence[Gray], languages: Sequence[Language]) -> list[list[Line]]:
        """The lines of each picture (H×W, sides up to MAX_SIDE), all read in one process.

        Raises:
            SetupError: the program, or the data of a language, is missing.
            TransientError: it crashed or took too long.
        """
        _, pages = cv2.imencodemulti(
            ".tiff", list(pictures), [cv2.IMWRITE_TIFF_COMPRESSION, _UNCOMPRESSED]
        )
        options = ["stdin", "stdout", "-l", "+".join(languages), "--psm", _BLOCK, "tsv"]
        done = self._run(options, pages.tobytes())
        found = _pages(done.stdout.decode("utf-8", "replace"))
        if len(found) != len(pictures):
            raise TransientError(
                f"Tesseract read {len(found)} of {len(pictures)} boxes", code="reader_crashed"
            )
        return found

    def _run(self, options: list[str], pages: bytes = b"") -> subprocess.CompletedProcess[bytes]:
        # Tesseract's own threads make it 2 to 10 times slower where there are fewer cores than it
        # thinks (github.com/tesseract-ocr/tesseract/issues/263), and other pages want the cores.
        environment = {"OMP_THREAD_LIMIT": "1"} | os.environ
        try:
            done = subprocess.run(
                [self._program, *options],
                input=pages,
                env=environment,
                timeout=self._timeout,
                capture_output=True,
                check=False,
            )
        except (FileNotFoundError, PermissionError) as error:
            raise SetupError(
                f"the program {self._program} is not here: install tesseract-ocr, "
                "tesseract-ocr-ara and tesseract-ocr-eng, or set KHANA_TESSERACT",
                code="tesseract_missing",
            ) from error
        except subprocess.TimeoutExpired as error:
            raise TransientError(
                f"Tesseract took longer than {self._timeout:g} s", code="read_timeout"
            ) from error
        except OSError as error:  # no memory or no process left
            raise TransientError(f"Tesseract did not start: {error.strerror}") from error
        said = done.stderr.decode("utf-8", "replace")
        # It goes on with the languages that are left, if any, and ends as if all were well.
        if missing := re.findall(r"Failed loading language '(\w+)'", said):
            raise SetupError(
                f"Tesseract lacks the data of {' and '.join(missing)}: install "
                + " and ".join(f"tesseract-ocr-{language}" for language in missing),
                code="tesseract_language_missing",
            )
        if done.returncode != 0:
            raise TransientError(
                f"Tesseract ended with {done.returncode}: {said.strip()[-300:]}",
                code="reader_crashed",
            )
        return done


def _pages(table: str) -> list[list[Line]]:
    """Tesseract's table: level, page, block, paragraph, line, word, left, top, width, height,
    confidence, text."""
    pages: list[list[Line]] = []
    for row in table.split("\n")[1:-1]:
        cells = row.split("\t")
        if cells[0] == _PAGE:
            pages.append([])
        elif cells[0] == _LINE:
            pages[-1].append([])
        elif cells[0] == _WORD and (text := clean_text(cells[11])):
            left, top, width, height = map(int, cells[6:10])
            pages[-1][-1].append(
                Word(text, left, top, left + width, top + height, float(cells[10]))
            )
    return pages
