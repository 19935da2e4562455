"""docs/speed.md: the tables and plots of what was measured."""

import platform
import resource
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median

DOCS = Path(__file__).parents[2] / "docs"
BEGIN, END = "<!-- measured -->\n", "<!-- end -->"
FLOOR = "decoding the JPEG"
USUAL = "OpenCV and pytesseract `ara+eng`"

Rows = Mapping[int, Mapping[str, float]]


def tables(
    times: Mapping[str, Sequence[float]],
    rates: Mapping[int, float],
    stored: Rows,
    starts: Mapping[str, tuple[float, float]],
    imports: Mapping[str, Sequence[tuple[str, float]]],
) -> str:
    """Everything that was measured, in Markdown."""
    floor, usual = median(times[FLOOR]), median(times[USUAL])
    kilobytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    parts = [
        f"Python {platform.python_version()} on {platform.machine()}.\n",
        "## One invoice: four numbers of an A4 page at 200 dpi\n",
        _table(
            ["way", "median, ms", "of decoding", "faster than the usual way"],
            [
                [name, f"{m:.1f}", f"{m / floor:.2f}", f"{usual / m:.1f}"]
                for name, taken in times.items()
                for m in [median(taken)]
            ],
        ),
        f"{len(times[FLOOR])} times each, taking turns, warm, on one core. Peak memory of the "
        f"process that did all of them: {kilobytes / 1024:.0f} MB.\n",
        "## Many invoices, aligned\n",
        _table(
            ["processes", "invoices a second", "of one process"],
            [[str(n), f"{rate:.1f}", f"{rate / rates[1]:.2f}"] for n, rate in rates.items()],
        ),
        "## What is stored (SQLite), in milliseconds\n",
        _table(
            ["", *(f"{size:,}" for size in stored)],
            [
                [name, *(f"{row[name]:.2f}" for row in stored.values())]
                for name in next(iter(stored.values()))
            ],
        ),
        "## From nothing to the first answer, in seconds\n",
        _table(
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


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"


def write(text: str) -> None:
    """Puts the tables between the document's marks; what people wrote around them stays."""
    path = DOCS / "speed.md"
    before, rest = path.read_text(encoding="utf-8").split(BEGIN)
    after = rest.split(END)[1]
    path.write_text(f"{before}{BEGIN}\n{text}\n{END}{after}", encoding="utf-8")


def plots(times: Mapping[str, Sequence[float]], stored: Rows) -> None:
    """docs/pictures/speed.png: the ways of reading, and how the store grows."""
    import matplotlib as mpl  # noqa: PLC0415  of the training's packages, and slow to load

    mpl.use("agg")
    from matplotlib import pyplot as plt  # noqa: PLC0415

    figure, (ways, growth) = plt.subplots(1, 2, figsize=(11, 4), layout="constrained")
    names = list(times)[::-1]
    bars = ways.barh([n.replace("`", "") for n in names], [median(times[n]) for n in names])
    ways.bar_label(bars, fmt="%.1f", padding=3)
    ways.set(xscale="log", xlabel="milliseconds", title="Four numbers of a page")
    for name in next(iter(stored.values())):
        growth.plot(list(stored), [row[name] for row in stored.values()], "o-", label=name)
    growth.set(xscale="log", yscale="log", xlabel="invoices stored", ylabel="milliseconds")
    growth.set(title="What grows with the store")
    growth.legend(fontsize=7)
    figure.savefig(DOCS / "pictures" / "speed.png", dpi=90)
