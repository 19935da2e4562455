"""A Tesseract model of our own for the digits of both scripts, to compare the reader with.

    python -m training.tesseract [--lines 20000] [--iterations 80000]

Made as its manual says (https://tesseract-ocr.github.io/tessdoc/tess5/TrainingTesseract-5.html)
with the tools that come with Debian's tesseract-ocr: line images and box files, lstmf files, an
LSTM from nothing. It sees the same prepared lines of the same training families as the reader does,
the clean ones first: of damaged ones alone it had learned nothing after 38,000 iterations (95 % of
the characters wrong). Stops and goes on at any time.
"""

import argparse
import os
import subprocess
from pathlib import Path
from random import Random

import cv2
import numpy as np
from numpy.typing import NDArray

from core.reading.lines import prepare
from training.augment import PROFILES, TRAIN, Sample, sample
from training.dataset import ARABIC
from training.fonts import WORK
from training.render import Typesetter

LANGUAGE = "khana"
FOLDER = WORK / "tesseract"
MODEL = FOLDER / f"{LANGUAGE}.traineddata"
PER_FILE = 500
"""Lines in one TIFF, a page each."""
EASY = 8
"""Files of clean lines; for the first fourth of the iterations it sees these alone."""
MARGIN = 8
"""White around a line, in pixels: Tesseract cuts what touches the edge."""
# Shapes, then one LSTM down the columns and three along the line, as in the manual's example.
NET = "[1,36,0,1 Ct3,3,16 Mp3,3 Lfys48 Lfx96 Lrx96 Lfx192 O1c1]"


def picture(one: Sample) -> NDArray[np.uint8]:
    """What Tesseract gets of a box: the line that the reader reads, dark on white."""
    ink = cv2.copyMakeBorder(prepare(one.crop).ink, *[MARGIN] * 4, cv2.BORDER_CONSTANT)
    return np.asarray(255 - ink, np.uint8)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--lines", type=int, default=20_000)
    parser.add_argument("--iterations", type=int, default=80_000)
    options = parser.parse_args()
    FOLDER.mkdir(parents=True, exist_ok=True)
    setter = Typesetter("train")
    files = [_lines(setter, n) for n in range(options.lines // PER_FILE)]
    starter = _starter()
    for name, part, until in (
        ("easy", files[:EASY], options.iterations // 4),
        ("all", files, options.iterations),
    ):
        list_file = FOLDER / f"{name}.txt"
        list_file.write_text("".join(f"{file}\n" for file in part))
        # One thread: Tesseract's own make a step slower, not faster, on few cores.
        _run(
            "lstmtraining",
            *("--traineddata", starter, "--net_spec", NET, "--model_output", FOLDER / "run"),
            *("--train_listfile", list_file, "--learning_rate", "0.001"),
            *("--max_iterations", until, "--debug_interval", 0),
        )
    _run(
        "lstmtraining",
        *("--stop_training", "--convert_to_int", "--continue_from", FOLDER / "run_checkpoint"),
        *("--traineddata", starter, "--model_output", MODEL),
    )


def _lines(setter: Typesetter, number: int) -> Path:
    """One lstmf file of PER_FILE training lines, unless it is there."""
    base = FOLDER / f"lines{number:04}"
    made = base.with_suffix(".lstmf")
    if made.exists():
        return made
    rng = Random(f"tesseract {number}")
    profile = PROFILES["clean"] if number < EASY else TRAIN
    pages, boxes = [], []
    while len(pages) < PER_FILE:
        one = sample(setter, rng, profile, arabic=rng.random() < ARABIC)
        if not one.label:  # Tesseract can't be taught that a line is empty
            continue
        page = picture(one)
        height, width = page.shape
        where = f"0 0 {width} {height} {len(pages)}"
        boxes.append(f"WordStr {where} #{one.label}\n\t {where}\n")
        pages.append(page)
    base.with_suffix(".box").write_text("".join(boxes), encoding="utf-8")
    cv2.imwritemulti(str(base.with_suffix(".tif")), pages)
    _run("tesseract", base.with_suffix(".tif"), base, "--psm", 13, "lstm.train")
    base.with_suffix(".tif").unlink()
    return made


def _starter() -> Path:
    """The file that names the characters, with no network in it yet."""
    path = FOLDER / LANGUAGE / f"{LANGUAGE}.traineddata"
    if not path.exists():
        characters = FOLDER / "unicharset"
        boxes = sorted(FOLDER.glob("*.box"))
        _run("unicharset_extractor", "--output_unicharset", characters, "--norm_mode", 1, *boxes)
        # Asked for, though only Chinese needs it.
        (FOLDER / "radical-stroke.txt").write_text("# none\n")
        _run(
            "combine_lang_model",
            *("--input_unicharset", characters, "--script_dir", FOLDER, "--output_dir", FOLDER),
            *("--lang", LANGUAGE, "--pass_through_recoder"),
        )
    return path


def _run(*command: object) -> None:
    environment = {**os.environ, "OMP_THREAD_LIMIT": "1"}
    subprocess.run([str(part) for part in command], check=True, env=environment)


if __name__ == "__main__":
    main()
