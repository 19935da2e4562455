"""What is left beside numbers for training."""

from random import Random

import numpy as np
import pytest


@pytest.mark.parametrize("seed", range(6))
def test_a_number_stays_where_its_drawing_says(seed: int) -> None:
    from training.clutter import cluttered  # noqa: PLC0415
    from training.render import Style, Typesetter  # noqa: PLC0415

    setter = Typesetter("train")
    drawing = setter.draw(Random(seed), Style(), arabic=True)
    left, top, right, bottom = drawing.core
    crowded = cluttered(drawing, setter, Random(seed))
    x, y, to_x, to_y = crowded.core
    assert crowded.label == drawing.label
    assert (to_x - x, to_y - y) == (right - left, bottom - top)
    before, after = drawing.ink[top:bottom, left:right], crowded.ink[y:to_y, x:to_x]
    assert np.all(after >= before)
    assert (crowded.ink > 0).sum() > (drawing.ink > 0).sum()
    assert crowded.whole[0] <= x
    assert crowded.whole[2] >= to_x
