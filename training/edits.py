"""Comparing texts: edit distance and which character was taken for which."""

from core.template import Kind
from core.values.parse import parse_value


def distance(a: str, b: str) -> int:
    """Levenshtein's."""
    return _table(a, b)[-1][-1]


def alignment(truth: str, answer: str) -> list[tuple[str, str]]:
    """The edits of a shortest way from `truth` to `answer`: (was, became), '' for none."""
    table = _table(truth, answer)
    i, j, edits = len(truth), len(answer), []
    while i or j:
        if i and j and table[i][j] == table[i - 1][j - 1] + (truth[i - 1] != answer[j - 1]):
            i, j = i - 1, j - 1
            if truth[i] != answer[j]:
                edits.append((truth[i], answer[j]))
        elif i and table[i][j] == table[i - 1][j] + 1:
            i -= 1
            edits.append((truth[i], ""))
        else:
            j -= 1
            edits.append(("", answer[j]))
    return edits[::-1]


def _table(a: str, b: str) -> list[list[int]]:
    rows = [list(range(len(b) + 1))]
    for i, x in enumerate(a, 1):
        row = [i]
        for j, y in enumerate(b, 1):
            row.append(min(rows[-1][j] + 1, row[j - 1] + 1, rows[-1][j - 1] + (x != y)))
        rows.append(row)
    return rows


def same_value(kind: str, truth: str, text: str) -> bool:
    """Whether `text` means what `truth` does: '١٬٠٠٠' and '١,٠٠٠' are worth the same."""
    if text == truth:
        return True
    value = parse_value(Kind(kind), truth)
    return value.value is not None and parse_value(Kind(kind), text) == value
