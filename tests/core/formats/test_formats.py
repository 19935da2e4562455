"""Scanners' and phones' formats: each gives its pixels, upright, on white, within the limits."""

import io
import struct
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image
from pillow_heif import register_heif_opener
from test_page import HINT, LIMITS, drawn, gray, refused

from core.formats.sniff import sniff
from core.page import Info, Limits, check, looks_complete, open_document

register_heif_opener()

PAGE = Image.fromarray(cv2.cvtColor(drawn(), cv2.COLOR_BGR2RGB))
TURN_RIGHT = 6
"""The EXIF orientation of a picture that has to be turned clockwise to stand upright."""


def saved(image: Image.Image, form: str, **options: Any) -> bytes:
    out = io.BytesIO()
    image.save(out, form, **options)
    return out.getvalue()


def turned() -> Image.Exif:
    exif = Image.Exif()
    exif[274] = TURN_RIGHT
    return exif


TIFF = saved(PAGE, "TIFF", compression="tiff_lzw")
WEBP = saved(PAGE, "WEBP", quality=90)
BMP = saved(PAGE, "BMP")
HEIC = saved(PAGE, "HEIF", quality=90)
FAX = saved(PAGE.convert("1"), "TIFF", compression="group4")
PAGES = saved(PAGE, "TIFF", save_all=True, append_images=[PAGE.rotate(180), PAGE.convert("1")])
ALL = {
    "tiff": TIFF,
    "fax": FAX,
    "pages": PAGES,
    "plain": saved(PAGE, "TIFF"),
    "deflated": saved(PAGE, "TIFF", compression="tiff_adobe_deflate"),
    "jpeg": saved(PAGE, "TIFF", compression="jpeg"),
    "big": saved(PAGE, "TIFF", big_tiff=True),
    "webp": WEBP,
    "lossless": saved(PAGE, "WEBP", lossless=True),
    "bmp": BMP,
    "heic": HEIC,
}


def gray_of(image: Image.Image) -> np.ndarray[Any, Any]:
    return cv2.cvtColor(np.asarray(image.convert("RGB")), cv2.COLOR_RGB2GRAY)


def off(data: bytes, image: Image.Image) -> float:
    """Mean difference, in grey levels, of what is decoded from what was drawn."""
    page = gray(data)
    assert page.shape == image.size[::-1]
    return float(np.abs(page.astype(int) - gray_of(image)).mean())


class TestPixels:
    @pytest.mark.parametrize("kind", [kind for kind in ALL if kind != "fax"])
    def test_are_what_was_drawn(self, kind: str) -> None:
        assert off(ALL[kind], PAGE) < 3
        with open_document(ALL[kind], LIMITS, name="a") as document:
            color = document.color(1, HINT)
        assert color.shape == (300, 220, 3)
        assert np.abs(color.astype(int) - drawn()).mean() < 4

    def test_of_a_fax(self) -> None:
        assert off(FAX, PAGE.convert("1")) == 0
        inverted = saved(PAGE.convert("1"), "TIFF", compression="group4", tiffinfo={262: 0})
        assert set(np.unique(gray(inverted))) <= {0, 255}

    def test_of_a_fax_whose_pixels_are_taller_than_wide(self) -> None:
        flat = PAGE.resize((220, 144)).convert("1")
        data = saved(flat, "TIFF", compression="group4", dpi=(204, 98))
        assert gray(data).shape == (300, 220)

    @pytest.mark.parametrize(
        ("turned", "tags"),
        [
            (False, {282: 2.0, 283: 1.0, 296: 1}),  # no unit: only the ratio counts
            (True, {282: 98.0, 283: 204.0, 274: TURN_RIGHT}),
        ],
    )
    def test_of_a_fax_that_says_so_in_another_way(self, turned: bool, tags: dict[int, Any]) -> None:
        flat = PAGE.resize((220, 150)).convert("1")
        lying = flat.rotate(90, expand=True) if turned else flat
        page = gray(saved(lying, "TIFF", compression="group4", tiffinfo=tags))
        wanted = (220, 312 if turned else 300)
        assert np.array_equal(page, cv2.resize(gray_of(flat), wanted))

    def test_of_each_page(self) -> None:
        with open_document(PAGES, LIMITS, name="a") as document:
            assert document.pages == 3
            first, second = (document.gray(number, HINT) for number in (1, 2))
        assert np.array_equal(np.rot90(first, 2), second)
        assert refused(PAGES, number=4).code == "no_such_page"

    @pytest.mark.parametrize("form", ["JPEG", "WEBP", "TIFF", "PNG"])
    def test_stand_upright(self, form: str) -> None:
        data = saved(PAGE.rotate(90, expand=True), form, exif=turned())
        assert off(data, PAGE) < 6

    def test_of_a_phone_that_was_held_on_its_side(self) -> None:
        data = saved(PAGE.rotate(90, expand=True), "HEIF", quality=90, exif=turned().tobytes())
        assert off(data, PAGE) < 3

    @pytest.mark.parametrize("form", ["JPEG", "TIFF"])
    def test_of_inks(self, form: str) -> None:
        inks = PAGE.convert("CMYK")
        assert off(saved(inks, form, **({"quality": 95} if form == "JPEG" else {})), PAGE) < 3

    @pytest.mark.parametrize("form", ["PNG", "TIFF", "BMP"])
    def test_of_a_palette(self, form: str) -> None:
        assert off(saved(PAGE.convert("P", palette=Image.Palette.ADAPTIVE), form), PAGE) < 3

    @pytest.mark.parametrize("form", ["PNG", "TIFF", "WEBP"])
    def test_lie_on_white_where_they_are_transparent(self, form: str) -> None:
        image = Image.new("RGBA", (60, 40), (0, 0, 0, 0))
        image.paste((10, 20, 30, 255), (30, 0, 60, 40))
        page = gray(saved(image, form, **({"lossless": True} if form == "WEBP" else {})))
        assert (page[5, 5], page[5, 50]) == (255, 18)

    def test_of_a_palette_with_a_transparent_entry(self) -> None:
        image = Image.new("P", (60, 40), 0)
        image.putpalette([0, 0, 0, 10, 10, 10])
        image.paste(1, (30, 0, 60, 40))
        page = gray(saved(image, "PNG", transparency=0))
        assert (page[5, 5], page[5, 50]) == (255, 10)

    def test_of_16_bits(self) -> None:
        deep = Image.fromarray(gray_of(PAGE).astype(np.uint16) * 257)
        assert off(saved(deep, "TIFF"), PAGE) == 0
        assert off(saved(deep, "PNG"), PAGE) == 0
        negative = Image.fromarray(np.uint16(65535) - np.asarray(deep))
        assert off(saved(negative, "TIFF", tiffinfo={262: 0}), PAGE) == 0


class TestDoor:
    @pytest.mark.parametrize(
        ("data", "kind", "size"),
        [
            (TIFF, "tiff", None),
            (ALL["big"], "tiff", None),
            (WEBP, "webp", (220, 300)),
            (ALL["lossless"], "webp", (220, 300)),
            (saved(PAGE, "WEBP", exif=turned()), "webp", (220, 300)),
            (BMP, "bmp", (220, 300)),
            (HEIC, "heic", None),
        ],
    )
    def test_knows_them_by_their_first_bytes(
        self, data: bytes, kind: str, size: tuple[int, int] | None
    ) -> None:
        assert sniff(data) == kind
        width, height = size or (None, None)
        assert check(data[:200], LIMITS, name="a") == Info(
            kind,  # type: ignore[arg-type]
            width,
            height,
            1 if size else None,
        )

    @pytest.mark.parametrize(
        "data",
        [
            b"BM" + bytes(12) + struct.pack("<IiiHHI", 40, 30_000, -30_000, 1, 24, 0) + bytes(20),
            b"RIFF\x40\0\0\0WEBPVP8X\x0a\0\0\0\0\0\0\0\xff\x3f\0\xff\x3f\0" + bytes(50),
            b"RIFF\x40\0\0\0WEBPVP8L\x0a\0\0\0\x2f\xff\xff\xff\x0f" + bytes(50),
        ],
    )
    def test_keeps_bombs_out(self, data: bytes) -> None:
        with pytest.raises(Exception, match="larger than the limit") as caught:
            check(data, LIMITS, name="a")
        assert caught.value.code == "image_too_large"  # type: ignore[attr-defined]

    def test_too_small(self) -> None:
        for form in ("TIFF", "WEBP", "BMP", "HEIF"):
            assert refused(saved(PAGE.resize((12, 12)), form)).code == "image_too_small"


class TestBombs:
    def test_a_page_that_declares_too_much(self) -> None:
        assert refused(_tiff({256: 30_000, 257: 30_000})).code == "image_too_large"

    def test_a_tile_that_is_larger_than_its_page(self) -> None:
        bomb = _tiff({256: 64, 257: 64, 322: 40_000, 323: 40_000}, tiled=True)
        assert refused(bomb).code == "image_too_large"

    def test_more_pages_than_anyone_scans(self) -> None:
        few = Limits(LIMITS.max_bytes, LIMITS.max_pixels, max_pages=2)
        assert refused(PAGES, few).code == "too_many_pages"

    def test_directories_in_a_ring(self) -> None:
        ring = bytearray(_tiff({256: 64, 257: 64}))
        ring[-4:] = struct.pack("<I", 8)
        assert refused(bytes(ring)).code in ("corrupt_file", "truncated_file")

    def test_a_photo_larger_than_the_limit(self) -> None:
        small = Limits(LIMITS.max_bytes, 220 * 299, 10)
        assert refused(HEIC, small).code == "image_too_large"


class TestCutOff:
    @pytest.mark.parametrize("kind", [kind for kind in ALL if kind != "plain"])
    @pytest.mark.parametrize("part", [0.3, 0.6, 0.95])
    def test_is_refused_wherever_the_copy_stopped(
        self, kind: str, part: float, tmp_path: Path
    ) -> None:
        data = ALL[kind]
        there = int(len(data) * part)
        assert refused(data[:there]).code == "truncated_file"
        path = tmp_path / "a"
        path.write_bytes(data[:there])
        assert not looks_complete(path)
        path.write_bytes(data)
        assert looks_complete(path)
        path.write_bytes(data + b"appended")
        assert looks_complete(path)
        assert np.array_equal(gray(data + b"appended"), gray(data))

    def test_damage_ends_as_pixels_or_a_file_error(self) -> None:
        rng = np.random.default_rng(5)
        ends = {"read": 0, "refused": 0}
        for kind, data in ALL.items():
            for _ in range(25):
                damaged = bytearray(data)
                for at in rng.integers(8, len(data) - 1, 3):
                    damaged[at] ^= 1 << int(rng.integers(8))
                try:
                    gray(bytes(damaged))
                    ends["read"] += 1
                except Exception as error:
                    code = error.code  # type: ignore[attr-defined]
                    assert code in {
                        "corrupt_file",
                        "truncated_file",
                        "image_too_large",
                        "image_too_small",
                        "unsupported_format",
                        "too_many_pages",
                    }, (kind, error)
                    ends["refused"] += 1
        assert min(ends.values()) > 20


def _tiff(tags: dict[int, int], *, tiled: bool = False) -> bytes:
    """A TIFF of one grey page with these tags, and data that is far too short."""
    places = {324: 100, 325: 20} if tiled else {273: 100, 279: 20, 278: tags[257]}
    values = {258: 8, 259: 1, 262: 1, 277: 1} | places | tags
    entries = b"".join(struct.pack("<HHII", tag, 4, 1, values[tag]) for tag in sorted(values))
    return b"II*\0\x08\0\0\0" + struct.pack("<H", len(values)) + entries + bytes(4) + bytes(100)
