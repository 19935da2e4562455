"""What a month of invoices costs on Google Cloud, and what a peak of them does.

    python -m tests.bench.cost --seconds 0.15      with the time that reading an invoice takes

Prices are those of prices.json; what an invoice uses is `Use`. The peak is simulated, a file at a
time: arrivals without order (Poisson), as many instances as may start, one file each at a time.
"""

import argparse
import heapq
import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from statistics import quantiles
from typing import Any

from functions.webhooks.main import LONGEST_S

PRICES = Path(__file__).with_name("prices.json")
DAY = 86_400
MONTH = 30 * DAY


@dataclass(frozen=True)
class Use:
    """What one invoice uses. `seconds` is measured; the rest is counted in the code, or assumed.

    seconds: of one vCPU, to read it. waiting: seconds of the same instance for Storage and
    Firestore (assumed). writes: Firestore transactions of its way (received, begun, finished) and
    of a person who confirms it. views: answers of the API for whoever looks at it (assumed).
    """

    seconds: float
    waiting: float = 0.15
    memory_gib: float = 1.0
    megabytes: float = 0.5
    kept_months: float = 12.0
    document_kib: float = 4.0
    writes: int = 4
    reads: int = 12
    views: int = 6
    view_seconds: float = 0.05
    copy_seconds: float = 0.4
    """Of drive_watch, to bring a file from Drive to the bucket (assumed)."""
    look_reads: int = 7
    look_writes: int = 3
    """Of a look at one folder that finds nothing: its lease, its cursor, how it went (counted)."""
    messages: float = 1.0
    """To webhooks: one that is told of each invoice (assumed)."""
    tell_seconds: float = 0.3
    """Of a message, until the receiver has answered (assumed)."""
    message_kib: float = 4.0
    message_writes: int = 3
    """It is stored, taken and removed."""
    message_reads: int = 4
    """What is due, the delivery in its transaction, the invoice, the webhooks."""


def bill(invoices: int, use: Use, prices: dict[str, Any]) -> dict[str, float]:
    """Dollars of a month in which so many come in and as many of each month before are kept."""
    run, storage, store = prices["cloud_run"], prices["storage"], prices["firestore"]
    unit = run["rounded_up_to_seconds"]

    def ran(requests: float, seconds: float, gib: float) -> float:
        billed = requests * math.ceil(seconds / unit) * unit
        each = run["vcpu_second"] + gib * run["gib_second"]
        return billed * each + requests / 1e6 * run["million_requests"]

    kept = invoices * use.kept_months
    looks = MONTH / 60  # rounds of the webhooks come as often
    told = invoices * use.messages
    return {
        "reading": ran(invoices, use.seconds + use.waiting, use.memory_gib),
        "watching Drive": ran(looks, max(1.0, invoices / looks * use.copy_seconds), 0.5)
        + prices["scheduler"]["job_month"]
        + looks / 1e5 * use.look_reads * store["hundred_thousand_reads"]
        + looks / 1e5 * use.look_writes * store["hundred_thousand_writes"],
        "API and page": ran(invoices * use.views, use.view_seconds, 0.5),
        "Storage": kept * use.megabytes / 1e3 * storage["gb_month"]
        + invoices / 1e3 * (storage["thousand_class_a"] + use.views * storage["thousand_class_b"]),
        "Firestore": invoices / 1e5 * use.writes * store["hundred_thousand_writes"]
        + invoices / 1e5 * use.reads * store["hundred_thousand_reads"]
        + kept * use.document_kib / 2**20 * store["gib_month"],
        "webhooks": ran(looks, max(0.1, told / looks * use.tell_seconds), 0.5)
        + prices["scheduler"]["job_month"]
        + told / 1e5 * use.message_writes * store["hundred_thousand_writes"]
        + (looks + told * use.message_reads) / 1e5 * store["hundred_thousand_reads"]
        + told * use.message_kib / 2**20 * prices["network"]["gib"],
        # Events of 1,000 bytes at least, in and out.
        "events": invoices * 2_000 / 2**40 * prices["pubsub"]["tib"],
    }


@dataclass(frozen=True)
class Peak:
    """delays: seconds from a file's arrival in the bucket to its result, sorted."""

    instances: int
    delays: list[float]
    longest_queue: int
    done_after: float
    most_results_a_second: float


def peak(
    files: int, span: float, services: Sequence[float], most: int, start: float, rng: Random
) -> Peak:
    """`files` arrive over `span` seconds; up to `most` instances read one at a time.

    services: seconds that a file takes, drawn from. start: seconds until a new instance is ready.
    """
    arrivals = sorted(rng.uniform(0, span) for _ in range(files))
    free: list[float] = []  # when each instance has nothing more to do
    delays, ends, begins = [], [], []
    for arrival in arrivals:
        if len(free) < most and not (free and free[0] <= arrival):
            heapq.heappush(free, arrival + start)  # none is idle: one more starts
        begin = max(arrival, heapq.heappop(free))
        end = begin + rng.choice(services)
        heapq.heappush(free, end)
        delays.append(end - arrival)
        ends.append(end)
        begins.append(begin)
    minutes = [0] * (int(max(ends) // 60) + 1)
    for end in ends:
        minutes[int(end // 60)] += 1
    return Peak(
        instances=len(free),
        delays=sorted(delays),
        longest_queue=_longest(arrivals, begins),
        done_after=max(ends),
        most_results_a_second=max(minutes) / 60,
    )


def _longest(arrivals: Sequence[float], begins: Sequence[float]) -> int:
    steps = sorted([(at, 1) for at in arrivals] + [(at, -1) for at in begins])
    waiting = longest = 0
    for _at, step in steps:
        waiting += step
        longest = max(longest, waiting)
    return longest


MONTHS = (1_000, 1_000_000, 100_000_000)
PEAK_FILES, PEAK_SPAN = 100_000, 3_600.0
SPREAD = (0.7, 0.8, 0.9, 1.0, 1.0, 1.1, 1.3, 2.0)
"""Times of single files as shares of the median: a scan is larger, a page is turned (assumed)."""
INSTANCES = (5, 10, 20, 50)


def tables(seconds: float, start: float) -> str:
    """Costs and the peak in Markdown. seconds: measured, to read an invoice; start: of a cold
    instance to its first answer."""
    prices = json.loads(PRICES.read_text(encoding="utf-8"))
    use = Use(seconds)
    bills = [bill(count, use, prices) for count in MONTHS]
    others = {name: price for name, price in prices["others"].items() if name != "what"}
    lines = [
        f"## What a month costs (prices looked up {prices['looked_up']})\n",
        f"| US dollars | {' | '.join(f'{n:,} invoices' for n in MONTHS)} |",
        "| --- | --- | --- | --- |",
    ]
    for part in bills[0]:
        lines.append(f"| {part} | {' | '.join(f'{one[part]:,.2f}' for one in bills)} |")
    sums = [sum(one.values()) for one in bills]
    lines += [
        f"| **all of it** | {' | '.join(f'**{total:,.2f}**' for total in sums)} |",
        *(
            f"| {name} | {' | '.join(f'{n / 1e3 * price:,.2f}' for n in MONTHS)} |"
            for name, price in others.items()
        ),
        f"\nFor 1,000 invoices at a million a month: ${sums[1] / 1e3:.2f}. Reading takes "
        f"{seconds * 1e3:.0f} ms (the mean of the pages above) and {use.waiting * 1e3:.0f} ms for "
        f"Storage and Firestore (assumed); `Use` in `tests/bench/cost.py` lists what else is "
        f"assumed, `tests/bench/prices.json` each price and its source. Free tiers are left out; "
        f"the last {len(others)} rows are "
        f"{prices['others']['what'].removeprefix('US dollars for ')}.\n",
        f"## {PEAK_FILES:,} files in an hour\n",
        "| instances at most | delay p50, s | p95 | p99 | longest queue | all done after, min "
        "| results a second at most |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    services = [(seconds + use.waiting) * share for share in SPREAD]
    for most in INSTANCES:
        found = peak(PEAK_FILES, PEAK_SPAN, services, most, start, Random(1))
        cuts = quantiles(found.delays, n=100)
        lines.append(
            f"| {most} | {cuts[49]:,.1f} | {cuts[94]:,.1f} | {cuts[98]:,.1f} "
            f"| {found.longest_queue:,} | {found.done_after / 60:.0f} "
            f"| {found.most_results_a_second:.0f} |"
        )
    rate = PEAK_FILES / PEAK_SPAN
    told = LONGEST_S / use.tell_seconds
    limit = prices["firestore"]["sequential_writes_a_second"]
    lines.append(
        f"\nSimulated, an instance reading one file at a time and ready after {start:.1f} s. "
        f"{rate:.0f} invoices a second are created, against Firestore's {limit} a second where "
        f"indexed values grow with time (`received_at`): {limit / rate:.0f} times as many would "
        f"fit. What gives way first is the way in: a look at Drive copies one file after the "
        f"other, so at {use.copy_seconds} s each (assumed) it brings in "
        f"{3600 / use.copy_seconds:,.0f} an hour, and the rest waits in Drive, where nothing is "
        f"lost. Uploads and files put into the bucket have no such limit. Webhooks are told one "
        f"after the other too, for {LONGEST_S:.0f} s of each minute: at {use.tell_seconds} s each "
        f"(assumed) that is {told * MONTH / 60 / 1e6:.0f} million messages a month."
    )
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.cost", description=__doc__)
    parser.add_argument("--seconds", type=float, required=True, help="to read an invoice")
    parser.add_argument("--start", type=float, default=3.0, help="of a cold instance")
    asked = parser.parse_args()
    print(tables(asked.seconds, asked.start))


if __name__ == "__main__":
    main()
