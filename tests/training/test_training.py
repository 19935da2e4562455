"""Everything from a font to a trained network, small. Needs what training/requirements.in names."""

import shutil
import subprocess
from pathlib import Path
from random import Random

import numpy as np
import pytest

from training.edits import alignment, distance

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")


@pytest.mark.parametrize(
    ("a", "b", "expected"), [("", "", 0), ("١٢", "١٢", 0), ("123", "13", 1), ("12", "21", 2)]
)
def test_distance(a: str, b: str, expected: int) -> None:
    assert distance(a, b) == distance(b, a) == expected


def test_alignment_names_the_edits() -> None:
    assert alignment("١٢٥", "١٣٥") == [("٢", "٣")]
    assert alignment("12.5", "125") == [(".", "")]
    assert alignment("7", "7%") == [("", "%")]


def _needs_fonts() -> None:
    pytest.importorskip("torch")
    pytest.importorskip("fontTools")
    pytest.importorskip("PIL")
    if shutil.which("fc-list") is None or shutil.which("dpkg") is None:
        pytest.skip("no fontconfig here")
    listed = subprocess.run(["fc-list"], capture_output=True, text=True, check=False).stdout
    if "KacstOne" not in listed or "PakType" not in listed:
        pytest.skip("the training fonts are not installed: python -m training.fonts install")


@pytest.mark.slow
def test_lines_have_what_their_label_says_and_the_same_seed_makes_the_same() -> None:
    _needs_fonts()
    from training.augment import TRAIN, sample  # noqa: PLC0415
    from training.grammar import CHARSET  # noqa: PLC0415
    from training.render import Typesetter  # noqa: PLC0415

    setter = Typesetter("train")
    first, second = (
        [sample(setter, rng, TRAIN, arabic=i % 2 == 0) for i in range(60)]
        for rng in (Random(5), Random(5))
    )
    for one, same in zip(first, second, strict=True):
        assert one.label == same.label
        assert (one.crop == same.crop).all()
        assert set(one.label) <= set(CHARSET)
        assert one.crop.dtype == np.uint8


@pytest.mark.slow
def test_a_short_training_learns_and_goes_on_where_it_stopped(tmp_path: Path) -> None:
    _needs_fonts()
    from core.reading.lines import prepare  # noqa: PLC0415
    from training.augment import PROFILES, sample  # noqa: PLC0415
    from training.dataset import Lines  # noqa: PLC0415
    from training.export import to_onnx  # noqa: PLC0415
    from training.render import Typesetter  # noqa: PLC0415
    from training.train import Schedule, Trainer  # noqa: PLC0415

    setter, rng = Typesetter("validation"), Random(5)
    samples = [sample(setter, rng, PROFILES["clean"], arabic=i % 2 == 0) for i in range(256)]
    data = Lines(
        [prepare(s.crop).ink for s in samples],
        [s.label for s in samples],
        [s.kind for s in samples],
        [s.family for s in samples],
    )
    before = Trainer(tmp_path).run([data], Schedule(1), size=32, per_round=128)
    trainer = Trainer(tmp_path)
    assert (trainer.round, trainer.step) == (1, 4)
    assert trainer.run([data] * 7, Schedule(8), size=32, per_round=256) < before / 2
    assert trainer.round == 8
    to_onnx(trainer.average.module, tmp_path / "numeric.onnx")
    assert (tmp_path / "numeric.onnx").stat().st_size < 4 * 2**20


@pytest.mark.slow
def test_the_shipped_network_can_be_trained_further(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    import onnxruntime  # noqa: PLC0415
    import torch  # noqa: PLC0415

    from core.reading.lines import HEIGHT  # noqa: PLC0415
    from core.reading.numeric import MODEL_DIR  # noqa: PLC0415
    from training.model import LineNet  # noqa: PLC0415
    from training.shipped import restore  # noqa: PLC0415

    torch.manual_seed(1)
    lines = (torch.rand(64, 1, HEIGHT, 128) > 0.8).float()
    model = LineNet()
    restore(model, lines)
    with torch.inference_mode():
        own = model(lines).exp().numpy()
    session = onnxruntime.InferenceSession(
        MODEL_DIR / "numeric.onnx", providers=["CPUExecutionProvider"]
    )
    (answer,) = session.run(None, {"lines": lines.numpy()})
    assert (own.argmax(-1) == np.exp(answer).argmax(-1)).mean() > 0.97  # it has 8 bits


@pytest.mark.slow
def test_marks_that_a_face_draws_alike_are_one() -> None:
    _needs_fonts()
    from training.fonts import faces  # noqa: PLC0415
    from training.render import alike  # noqa: PLC0415

    by_name = {face.family: face for face in faces("train")}
    assert alike(by_name["Readex Pro"], ",", "٫")
    assert alike(by_name["Readex Pro"], ",", "٬")
    assert not alike(by_name["Alkalami"], ",", "٬")
    assert not alike(by_name["Alkalami"], "١", "٢")
