"""Measures the shipped reader on families that it has never seen.

    python -m training.evaluate [--split test] [--count 5000] [--write]
    python -m training.evaluate [--split test] --rivals 200 [--write]

Boxes are rendered and read as in production, from pixels to text. With `--rivals` so many of each
set are read by it and in other ways (training.rivals), and nothing else is measured. With `--write`
tables and plots go to docs/, each kind to its own section.
"""

import argparse
import os
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path
from random import Random
from resource import RUSAGE_CHILDREN, RUSAGE_SELF, getrusage

import cv2
import numpy as np
from numpy.typing import NDArray

from core.reading.numeric import LineReading, NumericReader
from training import nothing, report, rivals
from training.augment import PROFILES, Sample, sample
from training.dataset import ARABIC
from training.document import DOCS, put
from training.edits import alignment, distance, same_value
from training.examples import example
from training.families import Split
from training.grammar import printed
from training.render import Typesetter
from training.rivals import Read

_PAGE = 64
NOTHING = 500
"""Boxes of each kind that hold no number."""
_FIELDS = 4
"""Boxes read together where the time counts: those of one invoice."""


@dataclass
class Score:
    """What a reader did on one set."""

    fields: int = 0
    exact: int = 0
    characters: int = 0
    wrong: int = 0
    confidence: list[float] = field(default_factory=list)
    right: list[bool] = field(default_factory=list)
    worth: list[bool] = field(default_factory=list)
    """Of each field whether its value is right: '١٬٠٠٠' and '١,٠٠٠' are worth the same."""
    swaps: Counter[tuple[str, str]] = field(default_factory=Counter)
    families: dict[str, list[int]] = field(default_factory=dict)
    scripts: dict[str, list[int]] = field(default_factory=dict)
    failures: list[tuple[Sample, LineReading]] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    """Processor time of each field, where that was measured."""

    def add(self, one: Sample, reading: LineReading) -> None:
        right = reading.text == one.label
        self.fields += 1
        self.exact += right
        self.characters += len(one.label)
        self.wrong += distance(reading.text, one.label)
        self.confidence.append(reading.confidence)
        self.right.append(right)
        self.worth.append(same_value(one.kind, one.label, reading.text))
        script = "Arabic-Indic" if any("٠" <= c <= "٩" for c in one.label) else "Western"
        for key, table in ((one.family, self.families), (script, self.scripts)):
            tally = table.setdefault(key, [0, 0])
            tally[0] += right
            tally[1] += 1
        if not right:
            self.swaps.update(alignment(one.label, reading.text))
            self.failures.append((one, reading))

    def __add__(self, other: "Score") -> "Score":
        total = Score(
            self.fields + other.fields,
            self.exact + other.exact,
            self.characters + other.characters,
            self.wrong + other.wrong,
            self.confidence + other.confidence,
            self.right + other.right,
            self.worth + other.worth,
            self.swaps + other.swaps,
            failures=self.failures + other.failures,
            seconds=self.seconds + other.seconds,
        )
        for name in ("families", "scripts"):
            for table in (getattr(self, name), getattr(other, name)):
                for key, (right, count) in table.items():
                    tally = getattr(total, name).setdefault(key, [0, 0])
                    tally[0] += right
                    tally[1] += count
        return total

    @property
    def exact_share(self) -> float:
        return self.exact / max(1, self.fields)

    @property
    def worth_share(self) -> float:
        return sum(self.worth) / max(1, self.fields)

    @property
    def character_share(self) -> float:
        return 1 - self.wrong / max(1, self.characters)

    def calibration_error(self, bins: int = 20) -> float:
        """Expected calibration error over equally filled bins (Guo et al. 2017)."""
        order = np.argsort(self.confidence, kind="stable")
        confidence, right = np.array(self.confidence)[order], np.array(self.right)[order]
        parts = zip(np.array_split(confidence, bins), np.array_split(right, bins), strict=True)
        return sum(abs(c.mean() - r.mean()) * len(c) for c, r in parts if len(c)) / self.fields

    def review(self, threshold: float) -> tuple[float, float, float]:
        """Share of fields below the threshold; of the others the share that is exact, and the
        share whose value is right."""
        kept: NDArray[np.bool_] = np.array(self.confidence) >= threshold
        if not kept.any():
            return 1.0, 1.0, 1.0
        exact, worth = (float(np.array(t)[kept].mean()) for t in (self.right, self.worth))
        return float(1 - kept.mean()), exact, worth


def samples(split: Split, profile: str, count: int) -> Iterator[list[Sample]]:
    """`count` boxes, page by page: the same ones every time."""
    setter, rng = Typesetter(split), Random(f"{split} {profile} evaluation")
    settings = PROFILES[profile]
    for start in range(0, count, _PAGE):
        size = min(_PAGE, count - start)
        yield [sample(setter, rng, settings, arabic=rng.random() < ARABIC) for _ in range(size)]


def measured(
    split: Split, count: int, *, jobs: int = 1, told: str | None = None
) -> dict[str, Score]:
    """The reader's score by set. told: by which of `EXAMPLES` it is told of each field, if any."""
    scores: dict[str, Score] = {}
    with ProcessPoolExecutor(jobs, get_context("spawn")) as pool:
        runs = {p: pool.submit(_on_profile, p, split, count, told) for p in PROFILES}
        for profile, run in runs.items():
            score = scores[profile] = run.result()
            print(
                f"{profile:8} exact {score.exact_share:.2%} "
                f"per character {score.character_share:.3%}",
                flush=True,
            )
    return scores


def _on_profile(profile: str, split: Split, count: int, told: str | None) -> Score:
    cv2.setNumThreads(1)
    reader, rng = NumericReader(), Random(f"{split} {profile} examples")
    score = Score()
    for page in samples(split, profile, count):
        examples = [EXAMPLES[told](rng, one) for one in page] if told else ()
        readings = reader.read([s.crop for s in page], [s.kind for s in page], examples)
        for one, reading in zip(page, readings, strict=True):
            score.add(one, reading)
    return score


def _otherwise(rng: Random, one: Sample) -> str:
    """Any field of its kind."""
    while (other := printed(rng, arabic=rng.random() < ARABIC)).kind != one.kind:
        pass
    return other.label


EXAMPLES: dict[str, Callable[[Random, Sample], str]] = {
    "an example that is printed alike": lambda rng, one: example(rng, one.label, one.kind),
    "an example that may be printed in any other way": _otherwise,
}


def compared(reader: NumericReader, split: Split, count: int) -> dict[str, dict[str, Score]]:
    """The scores of the reader, then of its rivals, by set, with the time of each field."""
    # All on one core, one after the other, so that times can be compared.
    cv2.setNumThreads(1)
    os.environ["OMP_THREAD_LIMIT"] = "1"
    readers = {"Khana": shipped(reader), **rivals.readers()}
    found: dict[str, dict[str, Score]] = {name: {} for name in readers}
    for profile in PROFILES:
        boxes = [one for page in samples(split, profile, count) for one in page]
        for name, read in readers.items():
            score = found[name][profile] = _timed(read, boxes)
            print(f"{profile:8} {name}: exact {score.exact_share:.1%}", flush=True)
    return found


def _timed(read: Read, boxes: list[Sample]) -> Score:
    score = Score()
    read(boxes[:_FIELDS])  # what is loaded on the first call is not a field's cost
    for start in range(0, len(boxes), _FIELDS):
        page = boxes[start : start + _FIELDS]
        began = _spent()
        readings = read(page)
        score.seconds += [(_spent() - began) / len(page)] * len(page)
        for one, reading in zip(page, readings, strict=True):
            score.add(one, reading)
    return score


def _spent() -> float:
    """Processor seconds of this process and of those that it started, as pytesseract does: the
    clock on the wall counts what else the machine has to do."""
    used = (getrusage(who) for who in (RUSAGE_SELF, RUSAGE_CHILDREN))
    return sum(one.ru_utime + one.ru_stime for one in used)


def shipped(reader: NumericReader) -> Read:
    return lambda page: reader.read([s.crop for s in page], [s.kind for s in page])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--split", default="test", choices=["validation", "test"])
    parser.add_argument("--count", type=int, default=5000, help="fields per set")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--rivals", type=int, default=0, help="compare, fields per set")
    parser.add_argument("--write", action="store_true", help="docs/accuracy.md")
    parser.add_argument("--failures", type=Path, help="a contact sheet of the worst fields")
    options = parser.parse_args()
    reader = NumericReader()
    if options.rivals:
        found = compared(reader, options.split, options.rivals)
        text = report.beside(found, reader.version, options.split)
        print(text)
        if options.write:
            put(text, "beside", DOCS / "accuracy.md")
            report.plot_beside(found)
        return
    scores = measured(options.split, options.count, jobs=options.jobs)
    told = {
        how: measured(options.split, options.count, jobs=options.jobs, told=how) for how in EXAMPLES
    }
    examples = report.told(told, reader)
    empty = nothing.measured(reader, options.split, NOTHING)
    text = report.tables(scores, empty, reader, options.split)
    print(text)
    print(examples)
    if options.write:
        put(text, "measured", DOCS / "accuracy.md")
        put(examples, "told", DOCS / "accuracy.md")
        report.plots(scores)
    if options.failures:
        report.sheet(scores, options.failures)


if __name__ == "__main__":
    main()
