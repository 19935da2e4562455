"""Coloured ink over numbers, as it is drawn for measuring."""

from random import Random

import numpy as np

from core.reading.numeric import NumericReader
from training.colored import crossed_out, stamped, table
from training.render import Typesetter


def test_a_stamp_has_a_colour_and_its_number_a_label() -> None:
    box = stamped(Typesetter("validation"), Random(3))
    assert box.picture.ndim == 3
    assert box.label
    assert np.ptp(box.picture, axis=2).max() > 40


def test_what_is_crossed_out_is_to_be_read_as_nothing() -> None:
    assert crossed_out(Typesetter("validation"), Random(3)).label == ""


def test_more_is_read_past_the_colour() -> None:
    rows = table(NumericReader(), "validation", 24).splitlines()[4:]
    gray, past = (float(row.split("|")[3].strip().rstrip("%")) for row in rows[:2])
    assert past > gray
