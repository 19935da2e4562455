"""docs/accuracy.md: the tables that `training.evaluate` prints."""

from collections import Counter
from typing import TYPE_CHECKING

from core.reading.numeric import NumericReader
from training import fonts
from training.families import families
from training.sheet import contact_sheet

if TYPE_CHECKING:
    from pathlib import Path

    from training.evaluate import Score

DOCUMENT = fonts.HERE.parent / "docs" / "accuracy.md"

ABOUT = {
    "clean": "clean render, 150 to 300 dpi",
    "small": "96 dpi, digits 8 to 10 px, JPEG 40 to 80",
    "scan": "noise, blur, grey or stained paper, ruled lines, faint ink, 1-bit fax",
    "phone": "perspective left over, uneven light, motion blur",
    "print": "dot-matrix, bold, thin, slanted, condensed, letter-spaced, underlined",
    "beside": "a currency, a word, a neighbour line or a rule in the box",
}


def tables(scores: "dict[str, dict[str, Score]]", reader: NumericReader, split: str) -> str:
    """Everything that was measured, in Markdown."""
    mine = scores["reader"]
    total = sum(list(mine.values())[1:], start=next(iter(mine.values())))
    groups = families()[split]
    names = ", ".join(sorted(name for names in groups.values() for name in names))
    threshold = reader.review_threshold
    reviewed, kept = total.review(threshold)
    parts = [
        f"Reader `{reader.version}`, {total.fields:,} fields in {len(groups)} groups of families "
        f"of the {split} split, none of which it was trained on: {names}.\n",
        _table(
            [
                "set",
                "fields",
                "exact field",
                "per character",
                "calibration error",
                "to review",
                "exact of the rest",
            ],
            [
                [
                    ABOUT[name],
                    f"{s.fields:,}",
                    f"{s.exact_share:.2%}",
                    f"{s.character_share:.3%}",
                    f"{s.calibration_error():.4f}",
                    *(f"{v:.2%}" for v in s.review(threshold)),
                ]
                for name, s in mine.items()
            ],
        ),
        f"All together: {total.exact_share:.2%} exact, {total.character_share:.3%} per character, "
        f"expected calibration error {total.calibration_error():.4f}. At the shipped threshold of "
        f"{threshold:g}, {reviewed:.2%} go to review and {kept:.3%} of the others are exact.\n",
        "By script: "
        + "; ".join(
            f"{script} {right / count:.2%} of {count:,}"
            for script, (right, count) in sorted(total.scripts.items())
        )
        + ".\n",
        _others(scores),
        "## What is taken for what\n\n" + _swaps(total.swaps, total.characters),
        "## Families with the lowest share of exact fields\n\n"
        + _table(
            ["family", "fields", "exact"],
            [
                [name, f"{count:,}", f"{right / count:.2%}"]
                for name, (right, count) in sorted(
                    total.families.items(), key=lambda item: item[1][0] / item[1][1]
                )[:10]
            ],
        ),
    ]
    return "\n".join(part for part in parts if part)


def _others(scores: "dict[str, dict[str, Score]]") -> str:
    others = [name for name in scores if name != "reader"]
    if not others:
        return ""
    rows = [
        [ABOUT[profile]]
        + [
            f"{scores[n][profile].exact_share:.2%} / {scores[n][profile].character_share:.2%}"
            for n in ("reader", *others)
        ]
        for profile in scores["reader"]
    ]
    return (
        "## Beside the baseline, on the same boxes\n\nExact field / per character. The baseline "
        "splits the line into marks and gives each to a per-digit CNN; it knows the digits and "
        "'/' only, so it is also measured on fields of those alone.\n\n"
        + _table(["set", "reader", *others], rows)
    )


def _swaps(swaps: "Counter[tuple[str, str]]", characters: int) -> str:
    rows = [
        [
            f"`{was or 'nothing'}` → `{became or 'nothing'}`",
            str(count),
            f"1 in {characters // count:,} characters",
        ]
        for (was, became), count in swaps.most_common(15)
    ]
    return _table(["was → read as", "times", "share"], rows)


def _table(head: list[str], rows: list[list[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"


def write(text: str) -> None:
    """Puts the tables between the document's marks; what people wrote around them stays."""
    document = DOCUMENT.read_text(encoding="utf-8")
    begin, end = "<!-- measured -->\n", "<!-- end -->"
    before, rest = document.split(begin)
    after = rest.split(end)[1]
    DOCUMENT.write_text(f"{before}{begin}\n{text}\n{end}{after}", encoding="utf-8")


def sheet(scores: "dict[str, Score]", path: "Path") -> None:
    """The fields that were most confidently misread."""
    failures = [f for score in scores.values() for f in score.failures]
    worst = sorted(failures, key=lambda f: -f[1].confidence)[:100]
    contact_sheet(
        [one for one, _ in worst],
        lines=False,
        notes=[f"read {reading.text} {reading.confidence:.2f}" for _, reading in worst],
    ).save(path)
