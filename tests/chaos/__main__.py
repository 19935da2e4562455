"""Runs the simulation, and a day without faults beside it: `make chaos`.

python -m tests.chaos [--invoices 10000] [--seed 1] [--where google local] [--write]
"""

import argparse
import logging
import sys
from random import Random

from training.document import DOCS, put

from . import report
from .files import files
from .google import google_world
from .local import local_world
from .run import Came, Run
from .turns import Turns
from .weather import Weather

WORLDS = {"google": google_world, "local": local_world}


def came_to(seed: int, count: int, where: str, *, calm: bool = False) -> Came:
    """What the run of that seed comes to, of so many invoices."""
    coming = files(count, Random(seed))
    turns = Turns(Random(f"{seed} {where}"))
    weather = Weather(turns, calm=True)
    with WORLDS[where](turns, weather) as world:
        run = Run(world, turns, coming)
        weather.calm = calm
        return run()


def compared(stormy: Came, calm: Came) -> list[str]:
    """What is wrong with either run, and where they differ."""
    wrong = [f"without faults: {each}" for each in calm.wrong] + stormy.wrong
    for key, invoice in calm.read.items():
        if stormy.read.get(key) not in (None, invoice):
            wrong.append(f"{key}: {stormy.read[key]} instead of {invoice}")
    return wrong


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--invoices", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--where", nargs="+", choices=WORLDS, default=list(WORLDS))
    parser.add_argument("--log", default="critical", help="level of what Khana says meanwhile")
    parser.add_argument("--write", action="store_true", help="docs/reliability.md")
    asked = parser.parse_args()
    logging.basicConfig(level=asked.log.upper())
    runs = {where: came_to(asked.seed, asked.invoices, where) for where in asked.where}
    calm = came_to(asked.seed, asked.invoices, "local", calm=True)
    wrong = [each for run in runs.values() for each in compared(run, calm)]
    text = report.table(asked.seed, asked.invoices, runs, calm, wrong)
    print(text)
    if wrong:
        sys.exit(f"seed {asked.seed}: " + "\n".join(wrong[:50]))
    if asked.write:
        put(text, "chaos", DOCS / "reliability.md")


if __name__ == "__main__":
    main()
