"""Whether print on a page is the form's own: the reference picture has it, too."""

from core.alignment.reference import Reference
from core.reading.ink import MIN_CONTRAST, inked
from core.template import Box

_AROUND = 3
"""Heights of a part that are looked at around it, to tell print from paper."""
_OFF = 2
"""Pixels of the reference picture that print may be off: half a millimetre."""
_FAINT = 0.2
"""What counts as print, of the darkest ink around."""
_BLANK = 0.05
"""Share of a part that is inked where there is no print. Letters ink a third."""


def is_blank(reference: Reference, part: Box, edge: int) -> bool:
    """Whether the picture has no print in `part` of the template's frame, nor so near that it may
    be there on a page that lies a little off. Beyond the column `edge`, on the part's left or
    right, it isn't looked at."""
    scale = reference.picture.shape[1] / reference.page_size[0]
    left, top, right, bottom = (round(side * scale) for side in part)
    limit = round(edge * scale)
    if limit <= left:
        left, right = max(left - _OFF, limit), right + _OFF
    else:
        left, right = left - _OFF, min(right + _OFF, limit)
    around = _AROUND * (bottom - top)
    x, y = max(0, left - around), max(0, top - around)
    wide = reference.picture[y : max(0, bottom + around), x : max(0, right + around)]
    if min(wide.shape) < 3:
        return False
    ink, darkest = inked(wide)
    there = ink[max(0, top - y) : max(0, bottom - y), max(0, left - x) : max(0, right - x)]
    marked = there > max(MIN_CONTRAST, _FAINT * darkest)
    return bool(there.size and marked.mean() < _BLANK)
