"""Rendered lines on disk: made once, in chunks, by as many processes as there are cores.

    python -m training.dataset --split validation --profile clean --count 2000 [--jobs 2]

A chunk's content follows from its split, profile and number alone, so making may stop and go on at
any time. `Rolling` makes training lines while the network trains on those before them.
"""

import argparse
import hashlib
import os
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from random import Random

import cv2
import numpy as np
from numpy.typing import NDArray

from core.reading.lines import prepare
from training.augment import PROFILES, TRAIN, Profile, Sample, sample
from training.families import Split
from training.fonts import WORK
from training.render import Typesetter

CHUNK = 2000
EXTRA = 0.1
"""Share of labelled boxes of one's own among the lines of a round, where there are enough."""
MOST_REPEATED = 20
"""Times that one of those comes in a round at most."""
ARABIC = 0.6
"""Share of fields in Arabic-Indic digits: the harder script, and the one that there is less of."""


@dataclass(frozen=True, slots=True)
class Lines:
    """inks: 32×W uint8 each, as `core.reading.lines.prepare` gives them. The rest: one per line."""

    inks: list[NDArray[np.uint8]]
    labels: list[str]
    kinds: list[str]
    families: list[str]

    def __len__(self) -> int:
        return len(self.labels)

    def extend(self, other: "Lines") -> None:
        self.inks.extend(other.inks)
        self.labels.extend(other.labels)
        self.kinds.extend(other.kinds)
        self.families.extend(other.families)


class Rolling:
    """Training lines without end: round after round a window over the chunks, the newest of them
    rendered meanwhile. What a round is made of follows from its number, not from the clock."""

    def __init__(
        self,
        jobs: int,
        *,
        new: int = 10,
        window: int = 100,
        first: int = 0,
        origin: int = 0,
        extra: Lines | None = None,
    ) -> None:
        """new: chunks that join a round. window: chunks that a round draws from, at most.
        first: the round to begin with. origin: number of round 0's first chunk. extra: lines that
        are in every round."""
        self._pool = ProcessPoolExecutor(jobs)
        self._new, self._window, self._origin = new, window, origin
        self._chunks: dict[int, Future[Path]] = {}
        self._lines: dict[int, Lines] = {}
        self._round = first
        self._extra = extra or Lines([], [], [], [])

    def __iter__(self) -> Iterator[Lines]:
        while True:
            end = self._origin + (self._round + 1) * self._new
            begin = max(self._origin, end - self._window)
            for number in range(begin, end + 2 * self._new):
                if number not in self._chunks:
                    made = self._pool.submit(make_chunk, "train", "train", number)
                    self._chunks[number] = made
            for number in [n for n in self._lines if n < begin]:
                del self._lines[number]
                path_of("train", "train", number).unlink(missing_ok=True)
            for number in range(begin, end):
                if number not in self._lines:
                    self._lines[number] = load([self._chunks[number].result()])
            lines = Lines([], [], [], [])
            for number in range(begin, end):
                lines.extend(self._lines[number])
            self._round += 1
            yield joined(lines, self._extra)

    def close(self) -> None:
        self._pool.shutdown(cancel_futures=True)


def joined(lines: Lines, extra: Lines) -> Lines:
    """`lines`, and `extra` as often as it takes to be EXTRA of them all."""
    if extra:
        wanted = EXTRA / (1 - EXTRA) * len(lines)
        for _ in range(max(1, min(MOST_REPEATED, round(wanted / len(extra))))):
            lines.extend(extra)
    return lines


def profile_named(name: str) -> Profile:
    """`train`, or one of those that the reader is measured on."""
    return TRAIN if name == "train" else PROFILES[name]


def path_of(split: Split, profile: str, number: int) -> Path:
    return WORK / "lines" / split / profile / f"{number:05}.npz"


def boxes(split: Split, profile: str, number: int, count: int = CHUNK) -> Iterator[Sample]:
    """The boxes whose lines a chunk holds."""
    cv2.setNumThreads(1)
    seed = hashlib.sha256(f"{split} {profile} {number}".encode()).digest()
    rng = Random(int.from_bytes(seed[:8], "big"))
    setter, settings = _setter(split), profile_named(profile)
    for _ in range(count):
        yield sample(setter, rng, settings, arabic=rng.random() < ARABIC)


def make_chunk(split: Split, profile: str, number: int, count: int = CHUNK) -> Path:
    """Renders a chunk unless it is there."""
    path = path_of(split, profile, number)
    if path.exists():
        return path
    samples = list(boxes(split, profile, number, count))
    inks = [prepare(one.crop).ink for one in samples]
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(f".{os.getpid()}.tmp")
    with draft.open("wb") as file:
        np.savez(
            file,
            ink=np.concatenate(inks, axis=1),
            widths=np.array([ink.shape[1] for ink in inks], np.int32),
            labels=np.array([one.label for one in samples]),
            kinds=np.array([one.kind for one in samples]),
            families=np.array([one.family for one in samples]),
        )
    draft.rename(path)
    return path


@cache
def _setter(split: Split) -> Typesetter:
    return Typesetter(split)


def load(paths: list[Path]) -> Lines:
    """The lines of these chunks, in order."""
    lines = Lines([], [], [], [])
    for path in paths:
        with np.load(path) as chunk:
            edges = np.cumsum(chunk["widths"])[:-1]
            lines.inks.extend(np.split(chunk["ink"], edges, axis=1))
            lines.labels.extend(map(str, chunk["labels"]))
            lines.kinds.extend(map(str, chunk["kinds"]))
            lines.families.extend(map(str, chunk["families"]))
    return lines


def make(split: Split, profile: str, count: int, jobs: int, first: int = 0) -> Iterator[Path]:
    """Renders `count` lines, rounded up to whole chunks, from chunk `first` on."""
    numbers = range(first, first + -(-count // CHUNK))
    with ProcessPoolExecutor(jobs) as pool:
        yield from pool.map(make_chunk, *zip(*((split, profile, n) for n in numbers), strict=True))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--split", default="validation", choices=["train", "validation", "test"])
    parser.add_argument("--profile", default="train", choices=["train", *PROFILES])
    parser.add_argument("--count", type=int, default=2000)
    parser.add_argument("--first", type=int, default=0, help="number of the first chunk")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    options = parser.parse_args()
    paths = make(options.split, options.profile, options.count, options.jobs, options.first)
    for done, _ in enumerate(paths, 1):
        print(f"\r{options.split} {options.profile}: {done * CHUNK} lines", end="", flush=True)
    print()


if __name__ == "__main__":
    main()
