"""docs/speed.md: the tables and plots of what was measured."""

import platform
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median

from tests.bench.reading import FIELDS, PAGES, Throughput
from training.document import DOCS, table
from training.pages.measure import Choice

FLOOR = "decoding the JPEG"
USUAL = "OpenCV and pytesseract `ara+eng`"

Rows = Mapping[int, Mapping[str, float]]

_FOR_NETWORKS = ("avx2", "avx512_vnni", "avx_vnni", "amx_int8")
"""Sets of instructions, as Linux names them, that networks in 8 bits are quicker with each."""


def tables(
    times: Mapping[str, Sequence[float]],
    doubtful: int,
    rates: Mapping[int, Throughput],
    chosen: Sequence[Choice],
    stored: Rows,
    starts: Mapping[str, tuple[float, float]],
    imports: Mapping[str, Sequence[tuple[str, float]]],
) -> str:
    """Everything that was measured, in Markdown.

    times: of each way, what each page takes. doubtful: numbers on these pages that are in doubt.
    """
    floor, usual = median(times[FLOOR]), median(times[USUAL])
    parts = [
        f"Python {platform.python_version()} on {platform.machine()} with {_instructions()}.\n",
        "## One invoice: four numbers of an A4 page at 200 dpi\n",
        table(
            ["way", "median page, ms", "of decoding", "faster than the usual way", "slowest, ms"],
            [
                [name, f"{m:.1f}", f"{m / floor:.2f}", f"{usual / m:.1f}", f"{max(taken):.1f}"]
                for name, taken in times.items()
                for m in [median(taken)]
            ],
        ),
        f"{PAGES} pages of a form, with the stamps and the pen's strokes that they happen to have, "
        f"taking turns, warm, on one core. {doubtful} of the {FIELDS * PAGES} numbers are in "
        "doubt.\n",
        "## Many invoices, aligned\n",
        table(
            ["processes", "invoices a second", "each", "of one process", "MiB at most", "decoder"],
            [
                [
                    str(n),
                    f"{one.rate:.1f}",
                    f"{one.rate / n:.1f}",
                    f"{one.rate / rates[1].rate:.2f}",
                    f"{one.peak_mib:.0f}",
                    f"{one.decoder_mib:.0f}",
                ]
                for n, one in rates.items()
            ],
        ),
        "## Choosing among templates\n",
        table(
            [
                "templates",
                "lying straight, ms",
                "of decoding",
                "others, ms",
                "of decoding",
                "right",
                "unclear",
                "wrong",
            ],
            [
                [
                    f"{one.templates:,}",
                    f"{one.straight.choosing:.1f}",
                    f"{one.straight.decodings:.1f}",
                    f"{one.others.choosing:.1f}",
                    f"{one.others.decodings:.1f}",
                    *(f"{share} of {one.pages}" for share in (one.right, one.unclear, one.wrong)),
                ]
                for one in chosen
            ],
        ),
        "## What is stored (SQLite), in milliseconds\n",
        table(
            ["", *(f"{size:,}" for size in stored)],
            [
                [name, *(f"{row[name]:.2f}" for row in stored.values())]
                for name in next(iter(stored.values()))
            ],
        ),
        "## From nothing to the first answer, in seconds\n",
        table(
            ["function", "module imported", "first answer", "slowest imports (ms)"],
            [
                [
                    name,
                    f"{imported:.2f}",
                    f"{answered:.2f}",
                    ", ".join(f"{module} {ms:.0f}" for module, ms in imports[name][:4]),
                ]
                for name, (imported, answered) in starts.items()
            ],
        ),
        "The first answer counts from the start of functions-framework in a process of its own.",
    ]
    return "\n".join(parts)


def plots(times: Mapping[str, Sequence[float]], chosen: Sequence[Choice], stored: Rows) -> None:
    """docs/pictures/speed.png: the ways of reading, how the store grows, and how choosing does."""
    import matplotlib as mpl  # noqa: PLC0415  of the training's packages, and slow to load

    mpl.use("agg")
    from matplotlib import pyplot as plt  # noqa: PLC0415

    figure, (ways, growth, forms) = plt.subplots(1, 3, figsize=(15, 4), layout="constrained")
    names = list(times)[::-1]
    bars = ways.barh([n.replace("`", "") for n in names], [median(times[n]) for n in names])
    ways.bar_label(bars, fmt="%.1f", padding=3)
    ways.set(xscale="log", xlabel="milliseconds", title="Four numbers of a page")
    for name in next(iter(stored.values())):
        growth.plot(list(stored), [row[name] for row in stored.values()], "o-", label=name)
    growth.set(xscale="log", yscale="log", xlabel="invoices stored", ylabel="milliseconds")
    growth.set(title="What grows with the store")
    growth.legend(fontsize=7)
    counts = [one.templates for one in chosen]
    forms.plot(counts, [one.straight.choosing for one in chosen], "o-", label="lying straight")
    forms.plot(counts, [one.others.choosing for one in chosen], "o-", label="others")
    forms.legend()
    forms.set(xscale="log", xlabel="templates", ylabel="milliseconds", title="Choosing among them")
    forms.set_ylim(bottom=0)
    figure.savefig(DOCS / "pictures" / "speed.png", dpi=90)


def _instructions() -> str:
    told = Path("/proc/cpuinfo")
    flags = told.read_text().split() if told.exists() else []
    return ", ".join(name for name in _FOR_NETWORKS if name in flags) or "none for networks known"
