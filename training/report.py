"""docs/accuracy.md: the tables and plots of what `training.evaluate` measured."""

from collections import Counter
from statistics import median
from typing import TYPE_CHECKING, Any

import numpy as np

from core.reading.numeric import NumericReader
from training import rivals
from training.document import DOCS, table
from training.families import families
from training.grammar import CHARSET
from training.sheet import contact_sheet

if TYPE_CHECKING:
    from pathlib import Path

    from training.evaluate import Score

PICTURES = DOCS / "pictures"

WORST = 50
"""Fields in the picture of those that were misread most surely."""

ABOUT = {
    "clean": "clean render, 150 to 300 dpi",
    "small": "96 dpi, digits 8 to 10 px, JPEG 40 to 80",
    "scan": "noise, blur, grey or stained paper, ruled lines, faint ink, 1-bit fax",
    "phone": "perspective left over, uneven light, moiré, motion blur",
    "print": "dot-matrix, bold, thin, slanted, condensed, letter-spaced, underlined",
    "beside": "a currency, a word, a neighbour line or a rule in the box",
}


def tables(
    scores: "dict[str, Score]",
    empty: dict[str, tuple[int, int, int]],
    reader: NumericReader,
    split: str,
) -> str:
    """Everything that was measured, in Markdown."""
    total = _together(scores)
    groups = families()[split]
    names = ", ".join(sorted(name for names in groups.values() for name in names))
    threshold = reader.review_threshold
    reviewed, exact, worth = total.review(threshold)
    parts = [
        f"Reader `{reader.version}`, {total.fields:,} fields in {len(groups)} groups of families "
        f"of the {split} split, none of which it was trained on: {names}.\n",
        _sets(scores, threshold),
        f"All together: {total.exact_share:.2%} exact, {total.character_share:.3%} per character, "
        f"{total.worth_share:.2%} of the values right, expected "
        f"calibration error {total.calibration_error():.4f}. At the shipped threshold of "
        f"{threshold:g}, {reviewed:.2%} go to review; {exact:.3%} of the others are exact, "
        f"{worth:.3%} have the right value.\n",
        "By script: "
        + "; ".join(
            f"{script} {right / count:.2%} of {count:,}"
            for script, (right, count) in sorted(total.scripts.items())
        )
        + ".\n",
        "## Boxes that hold no number\n\n"
        + table(
            ["in the box", "boxes", "read as empty", "read as digits that need no review"],
            [[name, *map(str, counts)] for name, counts in empty.items()],
        ),
        "## What is taken for what\n\n"
        + _swaps(total.swaps, total.characters)
        + "\nPairs that are easily taken for each other, both ways together:\n\n"
        + _pairs(total.swaps, total.characters)
        + "\n![what was read as what](pictures/confusion.png)\n",
        "## Families with the lowest share of exact fields\n\n"
        + table(
            ["family", "fields", "exact"],
            [
                [name, f"{count:,}", f"{right / count:.2%}"]
                for name, (right, count) in sorted(
                    total.families.items(), key=lambda item: item[1][0] / item[1][1]
                )[:10]
            ],
        ),
    ]
    return "\n".join(parts)


def told(found: "dict[str, dict[str, Score]]", reader: NumericReader) -> str:
    """How fields are read of which an example is known, in Markdown. found: scores by how the
    example is printed, and by set."""
    threshold = reader.review_threshold
    return "\n".join(
        f"{title[:1].upper()}{title[1:]}:\n\n"
        + _sets(scores | {"all together": _together(scores)}, threshold)
        for title, scores in found.items()
    )


def _sets(scores: "dict[str, Score]", threshold: float) -> str:
    return table(
        [
            "set",
            "fields",
            "exact field",
            "per character",
            "value right",
            "calibration error",
            "to review",
            "exact of the rest",
            "value right of the rest",
        ],
        [
            [
                ABOUT.get(name, name),
                f"{s.fields:,}",
                f"{s.exact_share:.2%}",
                f"{s.character_share:.3%}",
                f"{s.worth_share:.2%}",
                f"{s.calibration_error():.4f}",
                *(f"{v:.2%}" for v in s.review(threshold)),
            ]
            for name, s in scores.items()
        ],
    )


def _together(scores: "dict[str, Score]") -> "Score":
    first, *rest = scores.values()
    return sum(rest, start=first)


def beside(found: "dict[str, dict[str, Score]]", version: str, split: str) -> str:
    """The ways to read beside each other, in Markdown. found: scores by way and set; the first
    way is the reader's."""
    ways = {
        way: {"all together": _together(scores)} | {ABOUT[name]: s for name, s in scores.items()}
        for way, scores in found.items()
    }
    own = next(iter(ways.values()))
    rows = [
        [
            name if scores is own else "",
            way,
            f"{scores[name].exact_share:.1%}",
            *(_share(*scores[name].scripts.get(script, (0, 0))) for script in _SCRIPTS),
            f"{1 - scores[name].character_share:.1%}",
            f"{1e3 * median(scores[name].seconds):.1f}",
            f"{median(scores[name].seconds) / median(own[name].seconds):.1f}",
        ]
        for name in own
        for way, scores in ways.items()
    ]
    head = ["set", "read by", "exact field", *_SCRIPTS, "characters wrong", "ms a field", "times"]
    return (
        f"Reader `{version}`, the first {own[ABOUT['clean']].fields:,} boxes of each set of the "
        f"{split} split, read in one run on one core, four at a time as on an invoice. "
        f"Tesseract is called once a box: {'; '.join(map(str, rivals.BEST.values()))}.\n\n"
        + table(head, rows)
        + "\n![Exact fields by set, and against what a field costs](pictures/rivals.png)\n"
    )


def _share(right: int, count: int) -> str:
    return f"{right / count:.1%}" if count else "–"


_SCRIPTS = ("Arabic-Indic", "Western")


def _swaps(swaps: "Counter[tuple[str, str]]", characters: int) -> str:
    rows = [
        [
            f"`{was or 'nothing'}` → `{became or 'nothing'}`",
            str(count),
            f"1 in {characters // count:,} characters",
        ]
        for (was, became), count in swaps.most_common(15)
    ]
    return table(["was → read as", "times", "share"], rows)


_FEARED = ("٦٩", "٥.", "٥٠", "٥0", "٢٣", "١/", "٧٨", "17")


def _pairs(swaps: "Counter[tuple[str, str]]", characters: int) -> str:
    rows = []
    for one, other in _FEARED:
        count = swaps[one, other] + swaps[other, one]
        share = f"1 in {characters // count:,} characters" if count else "never"
        rows.append([f"`{one}` ↔ `{other}`", str(count), share])
    return table(["pair", "times", "share"], rows)


def plots(scores: "dict[str, Score]") -> None:
    """docs/pictures: how honest the confidence is, what is taken for what, what was misread."""
    plt = _pyplot()
    total = _together(scores)
    order = np.argsort(total.confidence, kind="stable")
    parts = np.array_split(order, 20)
    confidence, right = np.array(total.confidence), np.array(total.right)
    figure, (honest, review) = plt.subplots(1, 2, figsize=(9, 4), layout="constrained")
    honest.plot([0, 1], [0, 1], color="0.7")
    honest.plot([confidence[p].mean() for p in parts], [right[p].mean() for p in parts], "o")
    honest.set(xlabel="confidence", ylabel="exact", title="Confidence against truth")
    surest = right[order[::-1]]
    share = np.arange(1, len(surest) + 1) / len(surest)
    review.plot(share, 1 - np.cumsum(surest) / np.arange(1, len(surest) + 1))
    review.set(xlabel="share of fields kept, surest first", ylabel="of these wrong")
    review.set(title="What a review threshold buys", ylim=(0, None))
    figure.savefig(PICTURES / "confidence.png", dpi=100)
    _confusion(total.swaps, plt)
    sheet(scores, PICTURES / "worst.png")


def plot_beside(found: "dict[str, dict[str, Score]]") -> None:
    """docs/pictures/rivals.png: exact fields of each way by set, and what a field costs it."""
    plt = _pyplot()
    figure, (sets, cost) = plt.subplots(1, 2, figsize=(11, 4.5), layout="constrained")
    for way, scores in found.items():
        total = _together(scores)
        (line,) = sets.plot([100 * s.exact_share for s in scores.values()], list(scores), "o")
        milliseconds = 1e3 * median(total.seconds)
        cost.plot(milliseconds, 100 * total.exact_share, "o", color=line.get_color(), label=way)
    sets.invert_yaxis()
    sets.set(xlabel="exact fields in %", title="By set", xlim=(-2, 102))
    sets.grid(axis="y", color="0.9")
    cost.set(xlabel="milliseconds a field", ylabel="exact fields in %", title="All sets")
    cost.set(xscale="log", ylim=(-2, 102))
    figure.legend(loc="outside lower center", ncols=len(found))
    figure.savefig(PICTURES / "rivals.png", dpi=100)


def _pyplot() -> Any:
    import matplotlib as mpl  # noqa: PLC0415  it takes a second

    mpl.use("agg")
    from matplotlib import pyplot as plt  # noqa: PLC0415

    return plt


def _confusion(swaps: "Counter[tuple[str, str]]", plt: Any) -> None:
    """What was there (rows) and what was read instead (columns), where they differ."""
    names = [*CHARSET, ""]
    counts = np.array([[swaps[was, became] for became in names] for was in names], float)
    figure, axes = plt.subplots(figsize=(9, 8), layout="constrained")
    shown = axes.imshow(
        np.where(counts > 0, np.log10(np.maximum(counts, 1)), np.nan), cmap="YlOrRd"
    )
    ticks = [name or "nothing" for name in names]
    axes.set_xticks(range(len(names)), ticks, rotation=90)
    axes.set_yticks(range(len(names)), ticks)
    axes.set(xlabel="read as", ylabel="printed")
    for row, column in zip(*np.nonzero(counts >= 10), strict=True):
        axes.text(column, row, f"{counts[row, column]:.0f}", ha="center", va="center", size=6)
    figure.colorbar(shown, label="times, power of ten", shrink=0.6)
    figure.savefig(PICTURES / "confusion.png", dpi=80)


def sheet(scores: "dict[str, Score]", path: "Path") -> None:
    """The fields that were most confidently misread."""
    failures = [f for score in scores.values() for f in score.failures]
    worst = sorted(failures, key=lambda f: -f[1].confidence)[:WORST]
    contact_sheet(
        [one for one, _ in worst],
        lines=False,
        notes=[f"read {reading.text} {reading.confidence:.2f}" for _, reading in worst],
    ).save(path)
