"""Measures speed, and writes docs/speed.md with its plots: `make bench`.

    python -m tests.bench [--rounds 7] [--stored 1000 10000 100000] [--write]

One run on one machine: what counts are the ratios.
"""

import argparse
import os
from pathlib import Path
from statistics import mean
from tempfile import TemporaryDirectory

from tests.bench import cost, growth, reading, report, starting
from training.document import DOCS, put
from training.pages.measure import choices


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--rounds", type=int, default=7, help="times that each page is read")
    parser.add_argument("--pages", type=int, default=120, help="pages read for the throughput")
    parser.add_argument("--stored", type=int, nargs="+", default=[1_000, 10_000, 100_000])
    parser.add_argument("--templates", type=int, nargs="+", default=[1, 10, 100, 1_000])
    parser.add_argument(
        "--strangers",
        type=int,
        default=12,
        help="pages to choose for, and as many strangers, for each number of templates",
    )
    parser.add_argument("--starts", type=int, default=5, help="cold starts of each function")
    parser.add_argument("--write", action="store_true", help="docs/speed.md")
    asked = parser.parse_args()
    one = reading.job()
    times = reading.timed(one, asked.rounds)
    cores = range(1, (os.cpu_count() or 1) + 1)
    rates = {count: reading.throughput(count, asked.pages) for count in cores}
    chosen = [choices(count, asked.strangers, seed=reading.SEED) for count in asked.templates]
    with TemporaryDirectory() as folder:
        stored = growth.measured(Path(folder), asked.stored)
    starts = starting.measured(asked.starts)
    imports = {name: starting.slowest_imports(name) for name in starts}
    text = report.tables(times, reading.in_doubt(one), rates, chosen, stored, starts, imports)
    text += "\n\n" + cost.tables(mean(times["Khana, aligned"]) / 1e3, starts["extract"][1])
    print(text)
    if asked.write:
        put(text, "measured", DOCS / "speed.md")
        report.plots(times, chosen, stored)


if __name__ == "__main__":
    main()
