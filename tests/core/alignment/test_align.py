"""A form is found however its page lies, what is not it is known as such, boxes are cut right."""

from dataclasses import replace
from unittest.mock import Mock

import cv2
import numpy as np
import pytest
from forms import (
    ANY_WAY_UP,
    CROOKED,
    FAINT,
    HEIGHT,
    PHOTO,
    SCANNED,
    WIDTH,
    Floats,
    Gray,
    Motion,
    box_error,
    draw,
    move,
)

from core.alignment.align import Alignment, crop, page_box, scale_only, turn
from core.alignment.bend import Bend
from core.alignment.find import align
from core.alignment.reference import Reference, describe
from core.errors import TemplateError

PAGE_SIZE = (827, 1170)
TO_TEMPLATE = np.diag([PAGE_SIZE[0] / WIDTH, PAGE_SIZE[1] / HEIGHT, 1])
LAYOUTS = range(3)


def learn(layout: int, size: tuple[int, int] = PAGE_SIZE) -> Reference:
    picture = cv2.resize(draw(layout).page, size, interpolation=cv2.INTER_AREA)
    return Reference.from_image(picture, PAGE_SIZE)


@pytest.fixture(scope="module")
def references() -> list[Reference]:
    return [learn(layout) for layout in LAYOUTS]


def error(layout: int, truth: Floats, found: Alignment) -> float:
    return box_error(truth, found.matrix @ TO_TEMPLATE, draw(layout).boxes)


class TestScaleOnly:
    def test_takes_the_frame_to_the_page(self) -> None:
        alignment = scale_only((2340, 1654), (827, 1170))
        assert np.array_equal(alignment.matrix, np.diag([2.0, 2.0, 1.0]))
        assert (alignment.score, alignment.method) == (1.0, "scale")

    @pytest.mark.parametrize("size", [(1654, 2339), (1654, 2350), (595, 842), (827, 1169)])
    def test_scans_of_a4_fit_each_other(self, size: tuple[int, int]) -> None:
        assert scale_only((2339, 1654), size).good

    @pytest.mark.parametrize("size", [(1700, 2200), (2339, 1654), (1654, 2410)])
    def test_letter_landscape_and_a_longer_page_do_not(self, size: tuple[int, int]) -> None:
        assert not scale_only((2339, 1654), size).good


class TestAlign:
    @pytest.mark.parametrize("layout", LAYOUTS)
    @pytest.mark.parametrize(
        "motion",
        [SCANNED, CROOKED, PHOTO, FAINT, replace(SCANNED, turn=1), replace(CROOKED, turn=2)],
        ids=["scanned", "crooked", "photo", "72 dpi", "on its side", "upside down"],
    )
    def test_finds_the_form(self, references: list[Reference], layout: int, motion: Motion) -> None:
        picture, truth = move(draw(layout, content=1).page, motion, seed=layout)
        found = align(picture, references[layout])
        assert found.good
        assert found.method == "features"
        assert error(layout, truth, found) < 0.0005  # 0.8 pixels of 1654

    @pytest.mark.parametrize(
        "motion",
        [SCANNED, replace(SCANNED, degrees=9), FAINT],
        ids=["scanned", "crooked", "72 dpi"],
    )
    def test_a_page_that_lies_about_straight_is_found_without_features(
        self, references: list[Reference], motion: Motion, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(
            "core.alignment.reference.describe", lambda *_, **__: pytest.fail("this takes its time")
        )
        for layout, reference in enumerate(references):
            picture, truth = move(draw(layout, content=1).page, motion, seed=layout)
            assert error(layout, truth, align(picture, reference)) < 0.0005

    @pytest.mark.parametrize("degrees", [0, 9])
    def test_a_scan_is_aligned_to_a_fraction_of_a_pixel(
        self, references: list[Reference], degrees: float
    ) -> None:
        motion = replace(SCANNED, degrees=degrees)
        errors = []
        for layout, reference in enumerate(references):
            for seed in range(3):
                picture, truth = move(draw(layout, content=1).page, motion, seed=seed)
                errors.append(error(layout, truth, align(picture, reference)))
        assert np.mean(errors) < 0.00008  # 0.13 pixels of 1654

    @pytest.mark.parametrize("layout", LAYOUTS)
    def test_a_bent_sheet_is_followed(self, references: list[Reference], layout: int) -> None:
        form = draw(layout, content=1)
        rows, columns = np.mgrid[0:HEIGHT, 0:WIDTH].astype(np.float32)
        picture = cv2.remap(
            form.page, columns - _rise(rows), rows, cv2.INTER_LINEAR, borderValue=255
        )
        found = align(picture, references[layout])
        assert found.good
        assert found.bend is not None
        boxes = np.array([(x, y) for left, y, x, _ in form.boxes for x in (left, x)], np.float64)
        there = boxes + np.column_stack([_rise(boxes[:, 1]), np.zeros(len(boxes))])
        off = np.linalg.norm(found.at(boxes * PAGE_SIZE / (WIDTH, HEIGHT)) - there, axis=1)
        assert off.mean() / WIDTH < 0.001
        flat = np.linalg.norm(boxes - there, axis=1)
        assert flat.mean() / WIDTH > 0.005

    def test_a_page_with_few_features_is_described_once(
        self, references: list[Reference], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        described = Mock(wraps=describe)
        monkeypatch.setattr("core.alignment.reference.describe", described)
        assert not align(np.full((800, 600), 255, np.uint8), references[0]).good
        described.assert_called_once()

    def test_a_reference_without_details_finds_nothing(self, references: list[Reference]) -> None:
        bare = replace(references[0], details=np.empty((0, 2), np.intp))
        assert align(draw(0).page, bare).score == 0

    def test_learns_from_a_picture_of_any_resolution(self) -> None:
        picture, truth = move(draw(0, content=1).page, ANY_WAY_UP, seed=0)
        for size in ((1654, 2339), (450, 636)):
            found = align(picture, learn(0, size))
            assert found.good
            assert error(0, truth, found) < 0.003

    def test_the_same_page_lies_the_same_each_time(self, references: list[Reference]) -> None:
        picture, _ = move(draw(0, content=1).page, CROOKED, seed=1)
        assert np.array_equal(
            align(picture, references[0]).matrix, align(picture, references[0]).matrix
        )

    def test_other_forms_are_not_good(self, references: list[Reference]) -> None:
        for layout in LAYOUTS:
            picture, _ = move(draw(layout + 1, content=1).page, SCANNED, seed=layout)
            assert not align(picture, references[layout]).good

    def test_a_page_seen_from_behind_is_not_good(self, references: list[Reference]) -> None:
        assert not align(np.fliplr(draw(0, content=1).page).copy(), references[0]).good

    def test_a_page_that_shares_the_letterhead_alone_is_not_good(
        self, references: list[Reference]
    ) -> None:
        page = draw(0, content=1).page.copy()
        page[500:] = 255
        assert not align(page, references[0]).good

    @pytest.mark.parametrize("kind", ["white", "black", "noise", "grid", "prose", "clouds"])
    def test_what_is_no_form_scores_nothing(self, references: list[Reference], kind: str) -> None:
        found = align(_no_form(kind), references[0])
        assert found.score == 0
        assert found.method == "scale"
        # Boxes still have a place to be shown in.
        assert page_box((0, 0, *PAGE_SIZE), found, (HEIGHT, WIDTH)) == (0, 0, WIDTH, HEIGHT)


def _rise(y: Floats) -> Floats:
    """How far to the right, in pixels, a row of the page goes that curls towards the camera."""
    return 40 * np.sin(np.pi * y / HEIGHT)


def _no_form(kind: str) -> Gray:
    rng = np.random.default_rng(0)
    page = np.full((HEIGHT, WIDTH), 255, np.uint8)
    match kind:
        case "black":
            page[:] = 0
        case "noise":
            page = rng.integers(0, 255, page.shape, dtype=np.uint8)
        case "grid":
            page[::50] = 0
            page[:, ::60] = 0
        case "prose":
            for y in range(100, HEIGHT, 40):
                cv2.putText(page, "Lorem ipsum dolor sit amet consectetur", (80, y), 0, 1.2, 0, 2)
        case "clouds":
            clouds = rng.integers(0, 255, (60, 40), dtype=np.uint8)
            page = cv2.resize(clouds, (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC)
    return page


class TestReference:
    def test_names_what_is_wrong_with_it(self) -> None:
        blank = np.full((1170, 827), 255, np.uint8)
        scanned_blank = np.random.default_rng(0).normal(245, 4, blank.shape).astype(np.uint8)
        headline = blank.copy()
        cv2.putText(headline, "INVOICE", (100, 100), 0, 1.5, 0, 3)
        form = draw(0).page
        for picture, words in [
            (blank, "too little"),
            (scanned_blank, "too little"),
            (headline, "too little"),
            (cv2.resize(form, (200, 283)), "too small"),
            (form[:1654], "shape"),
        ]:
            with pytest.raises(TemplateError, match=f"^acme: .*{words}") as caught:
                Reference.from_image(picture, PAGE_SIZE, where="acme")
            assert caught.value.code == "reference_unusable"


class TestCrop:
    def test_of_a_straight_page_gives_its_own_pixels(self) -> None:
        page = np.random.default_rng(0).integers(0, 255, (600, 400), dtype=np.uint8)
        alignment = scale_only(page.shape, (200, 300))
        box = (10, 20, 60, 40)
        assert page_box(box, alignment, page.shape) == (20, 40, 120, 80)
        assert np.array_equal(crop(page, box, alignment), page[40:80, 20:120])

    def test_a_hair_of_rotation_is_not_resampled(self) -> None:
        page = np.random.default_rng(0).integers(0, 255, (600, 400), dtype=np.uint8)
        slightly = np.array([[1, 0.005, 30.2], [-0.005, 1, 40.3], [0, 0, 1]])
        cut = crop(page, (0, 0, 100, 20), Alignment(slightly, 1.0, "features"))
        assert np.shares_memory(cut, page)
        assert cut.shape == (20, 100)

    @pytest.mark.parametrize("degrees", [0, 20, 90, 180, 250])
    def test_is_upright_at_the_resolution_of_the_page(self, degrees: float) -> None:
        form = draw(0)
        motion = replace(SCANNED, scale=(0.8, 0.8), degrees=0, noise=0, blur=0, quality=95)
        picture, truth = move(form.page, replace(motion, turn=degrees / 90), seed=0)
        alignment = Alignment(truth, 1.0, "features")
        for box in form.boxes[:4]:
            flat = form.page[box[1] : box[3], box[0] : box[2]]
            cut = crop(picture, box, alignment)
            assert abs(cut.shape[0] - 0.8 * flat.shape[0]) <= 1
            assert abs(cut.shape[1] - 0.8 * flat.shape[1]) <= 1
            same_size = cv2.resize(flat, cut.shape[::-1], interpolation=cv2.INTER_AREA)
            assert np.corrcoef(cut.ravel(), same_size.ravel())[0, 1] > 0.9

    @pytest.mark.parametrize("degrees", [0, 8, 90, 180, 262, 270])
    def test_lies_turned_on_the_page_by_right_angles(self, degrees: float) -> None:
        form = draw(0)
        motion = replace(SCANNED, degrees=0, turn=degrees / 90)
        _, truth = move(form.page, motion, seed=0)
        turns = {turn(box, Alignment(truth, 1.0, "features")) for box in form.boxes}
        assert turns == {90 * round(degrees / 90) % 360}

    def test_is_white_beyond_the_page(self) -> None:
        page = np.zeros((300, 200), np.uint8)
        for matrix in (np.eye(3), cv2.getRotationMatrix2D((0, 0), 30, 1)):
            alignment = Alignment(np.vstack([matrix[:2], [0, 0, 1]]), 1.0, "features")
            assert crop(page, (-900, -900, -800, -850), alignment).min() == 255
        cut = crop(page, (150, 250, 260, 330), scale_only(page.shape, (200, 300)))
        assert cut.shape == (80, 110)
        assert cut[:50, :50].max() == 0
        assert cut[50:].min() == 255
        assert cut[:, 50:].min() == 255

    def test_follows_a_bend(self) -> None:
        page = np.random.default_rng(0).integers(0, 255, (300, 200), dtype=np.uint8)
        at = np.array([[0.0, 0.0], [200.0, 0.0], [0.0, 300.0], [200.0, 300.0]])
        bend = Bend.through(at, np.full((4, 2), (20.0, 0.0)), (200, 300))
        alignment = Alignment(np.eye(3), 1.0, "features", bend)
        assert page_box((50, 50, 90, 70), alignment, page.shape) == (70, 50, 110, 70)
        assert np.array_equal(crop(page, (50, 50, 90, 70), alignment), page[50:70, 70:110])

    def test_boxes_stay_on_the_page(self) -> None:
        alignment = scale_only((300, 200), (200, 300))
        assert page_box((150, 250, 260, 330), alignment, (300, 200)) == (150, 250, 200, 300)
        assert page_box((500, 500, 510, 510), alignment, (300, 200)) == (199, 299, 200, 300)

    def test_a_box_thinner_than_a_pixel_has_one(self) -> None:
        page = np.zeros((30, 20), np.uint8)
        alignment = scale_only(page.shape, (2000, 3000))
        assert crop(page, (0, 0, 10, 10), alignment).shape == (1, 1)
        assert page_box((0, 0, 10, 10), alignment, page.shape) == (0, 0, 1, 1)


@pytest.mark.parametrize("side", [0, 1])
@pytest.mark.parametrize("layout", [0, 2])
def test_two_sheets_in_one_picture_are_seen_to_be_two(
    references: list[Reference], layout: int, side: int
) -> None:
    sheets = [move(draw(layout, content).page, SCANNED, seed=content)[0] for content in (1, 2)]
    blank = np.full_like(sheets[0], 255)
    both, one = (np.concatenate(pair, axis=side) for pair in (sheets, (sheets[0], blank)))
    assert align(both, references[layout]).again
    assert not align(one, references[layout]).again
