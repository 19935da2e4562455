"""Measures alignment and the choice of templates on drawn forms; a script to run by itself.

Prints, for each way of moving a page, how far boxes are off (in % of the page's width), the score,
and the processor time of one alignment on one core; then the scores of pages held against other
forms, and how the choice among many forms comes out.
"""

import argparse
import time

import cv2
import numpy as np
from forms import (
    ANY_WAY_UP,
    CROOKED,
    FAINT,
    HEIGHT,
    LARGE,
    PHOTO,
    SCANNED,
    WIDTH,
    Form,
    box_error,
    draw,
    move,
)

from core.align import Reference, align
from core.match import Candidate, choose
from core.template import Template

MOTIONS = {
    "scanned": SCANNED,
    "crooked": CROOKED,
    "photo": PHOTO,
    "any way up": ANY_WAY_UP,
    "72 dpi": FAINT,
    "400 dpi": LARGE,
}
PAGE_SIZE = (827, 1170)
TO_TEMPLATE = np.diag([PAGE_SIZE[0] / WIDTH, PAGE_SIZE[1] / HEIGHT, 1])


def learn(form: Form) -> Reference:
    return Reference.from_image(
        cv2.resize(form.page, PAGE_SIZE, interpolation=cv2.INTER_AREA), PAGE_SIZE
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--forms", type=int, default=60)
    count = parser.parse_args().forms
    cv2.setNumThreads(1)
    references = [learn(draw(layout)) for layout in range(count)]

    print(f"{count} forms      box error %            score             ms")
    print("            median    p95    max   min   p5  median  median  p95")
    for name, motion in MOTIONS.items():
        rows = []
        for layout, reference in enumerate(references):
            form = draw(layout, content=1)
            picture, truth = move(form.page, motion, seed=layout)
            start = time.thread_time()
            alignment = align(picture, reference)
            spent = time.thread_time() - start
            error = box_error(truth, alignment.matrix @ TO_TEMPLATE, form.boxes)
            rows.append((100 * error, alignment.score, 1000 * spent))
        errors, scores, times = np.array(rows).T
        print(
            f"{name:<12}{np.median(errors):6.3f} {np.percentile(errors, 95):6.3f} "
            f"{errors.max():6.3f}  {scores.min():.2f} {np.percentile(scores, 5):.2f}  "
            f"{np.median(scores):5.2f}  {np.median(times):6.0f} {np.percentile(times, 95):4.0f}"
        )

    others = [
        align(picture, references[(layout + step) % count]).score
        for layout in range(count)
        for picture, _ in [move(draw(layout, 1).page, SCANNED, seed=layout)]
        for step in (1, 7, 17, 29)
    ]
    print(f"against other forms ({len(others)}): median {np.median(others):.2f}, ", end="")
    print(f"p99 {np.percentile(others, 99):.2f}, max {max(others):.2f}")

    known = references[: count // 2]
    candidates = [
        Candidate(
            Template.model_validate(
                {
                    "id": f"form-{i}",
                    "page_size": PAGE_SIZE,
                    "fields": [{"name": "total", "kind": "amount", "box": (0, 0, 9, 9)}],
                }
            ),
            reference,
        )
        for i, reference in enumerate(known)
    ]
    outcomes = {"right": 0, "not clear": 0, "wrong": 0}
    strangers = 0
    margins = []
    start = time.thread_time()
    for layout in range(count):
        picture, _ = move(draw(layout, 2).page, PHOTO, seed=layout)
        match = choose(picture, candidates)
        if layout >= len(known):
            strangers += match is not None
        elif match is None:
            outcomes["not clear"] += 1
        else:
            outcomes["right" if match.index == layout else "wrong"] += 1
            margins.append(match.margin)
    spent = (time.thread_time() - start) / count
    print(f"choice among {len(known)}: {outcomes}, least margin {min(margins):.2f}, ", end="")
    print(f"{1000 * spent:.0f} ms; of {count - len(known)} unknown forms {strangers} taken")


if __name__ == "__main__":
    main()
