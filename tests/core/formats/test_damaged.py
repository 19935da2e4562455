"""A corpus of damaged files, made anew at each run and always the same: 10,000 of all formats."""

import random
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from test_formats import ALL
from test_page import JPEG, LIMITS, PDF, PNG, PROGRESSIVE

from core.errors import FileError
from core.page import open_document

SOUND = {"baseline": JPEG, "progressive": PROGRESSIVE, "png": PNG, "pdf": PDF} | ALL
IN_TIME = replace(LIMITS, max_seconds=5.0)
"""What decodes for longer is stopped, and counted as `read_timeout`."""
CODES = {
    "corrupt_file",
    "empty_file",
    "image_too_large",
    "image_too_small",
    "no_such_page",
    "password_needed",
    "read_timeout",
    "truncated_file",
    "too_many_pages",
    "unsupported_format",
}
LONGEST_S = 5.0
"""Of this process, which waits for the decoder's and does little more."""
MOST_MEMORY = 300 * 1024**2
"""Above what this process has at the start: the decoder has one of its own, with its own limit."""
_NUMBERS = (0, 1, 0x7F, 0x80, 0xFF)


def damaged(data: bytes, rng: random.Random) -> bytes:
    """The file with some of its bytes changed, cut out, doubled, swapped, or of another file."""
    result = bytearray(data)
    for _ in range(rng.choice((1, 1, 2, 5, 20))):
        at = rng.randrange(len(result) or 1)
        length = min(rng.choice((1, 2, 4, 64, 1_000)), len(result) - at)
        match rng.randrange(7):
            case 0:
                result[at : at + 1] = bytes([rng.randrange(256)])
            case 1:
                result[at : at + length] = bytes([rng.choice(_NUMBERS)]) * length
            case 2:
                del result[at : at + length]
            case 3:
                result[at:at] = result[at : at + length]
            case 4:
                del result[at:]
            case 5:
                other = rng.choice(list(SOUND.values()))
                start = rng.randrange(len(other))
                result[at : at + length] = other[start : start + length]
            case _:
                # In the head, where the sizes stand.
                head = rng.randrange(min(64, len(result)) or 1)
                result[head : head + 1] = bytes([rng.choice(_NUMBERS)])
    return bytes(result)


def memory() -> int:
    """Bytes of this process that are in memory."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096


def tried(count: int, seed: int) -> Counter[str]:
    """How so many damaged files ended; each in time, and none of them with more than its error."""
    rng = random.Random(seed)
    kinds = list(SOUND)
    before = memory()
    ends: Counter[str] = Counter()
    for number in range(count):
        kind = kinds[number % len(kinds)]
        data = damaged(SOUND[kind], rng)
        start = time.process_time()
        try:
            with open_document(data, IN_TIME, name="a") as document:
                document.gray(1, (1, 1))
            ends["read"] += 1
        except FileError as error:
            assert error.code in CODES, f"seed {seed}, file {number} ({kind}): {error.code}"
            ends[error.code] += 1
        took = time.process_time() - start
        assert took < LONGEST_S, f"seed {seed}, file {number} ({kind}): {took:.1f} s"
        assert memory() - before < MOST_MEMORY, f"seed {seed}, file {number} ({kind})"
    return ends


def test_damaged_files_end_as_pixels_or_as_an_error_of_the_file() -> None:
    ends = tried(200, seed=1)
    assert ends["read"] > 10
    assert ends.total() - ends["read"] > 50


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_ten_thousand_damaged_files() -> None:
    ends = tried(10_000, seed=2)
    print(dict(ends))
    # Stopped in time, but that must be a rare end.
    assert ends["read_timeout"] < 20
