"""The door: each kind of good file gives its pixels, each kind of bad one its code and sentence."""

import re
import resource
import struct
import subprocess
import sys
import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from pdfs import pdf, pdf_of_image

from core.errors import FileError
from core.formats.sniff import sniff
from core.page import Info, Limits, check, looks_complete, open_document
from core.settings import Settings

LIMITS = Limits(max_bytes=2_000_000, max_pixels=4_000_000, max_pages=100)
HINT = (1, 1)


def drawn(width: int = 220, height: int = 300) -> NDArray[np.uint8]:
    page = np.full((height, width, 3), 235, np.uint8)
    for y in range(20, height - 5, 22):
        cv2.putText(page, f"Total 1{y},456.78", (6, y), 0, 0.5, (60, 20, 20), 1)
    return page


def encoded(extension: str, pixels: NDArray[np.generic], *options: int) -> bytes:
    return cv2.imencode(extension, pixels, options)[1].tobytes()


JPEG = encoded(".jpg", drawn(), cv2.IMWRITE_JPEG_QUALITY, 90)
PROGRESSIVE = encoded(".jpg", drawn(), cv2.IMWRITE_JPEG_PROGRESSIVE, 1)
PNG = encoded(".png", drawn())
PDF = pdf()


def gray(data: bytes, number: int = 1, limits: Limits = LIMITS) -> NDArray[np.uint8]:
    with open_document(data, limits, name="a.jpg") as document:
        return document.gray(number, HINT)


def refused(data: bytes, limits: Limits = LIMITS, number: int = 1) -> FileError:
    """The error of a file that must not give a page."""
    with pytest.raises(FileError) as caught:
        gray(data, number, limits)
    assert caught.value.message.startswith("a.jpg: ")
    assert "\n" not in caught.value.message
    return caught.value


def png_header(width: int, height: int) -> bytes:
    content = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n\0\0\0\r" + content + struct.pack(">I", zlib.crc32(content))


def jpeg_header(width: int, height: int, bits: int = 8) -> bytes:
    return b"\xff\xd8\xff\xc1\0\x0b" + struct.pack(">BHHI", bits, height, width, 0x01011100)


class TestSniff:
    @pytest.mark.parametrize(
        ("data", "expected"),
        [(JPEG, "jpeg"), (PNG, "png"), (PDF, "pdf"), (b"junk\n\n" + PDF, "pdf")],
    )
    def test_goes_by_the_bytes(self, data: bytes, expected: str) -> None:
        assert sniff(data) == expected

    @pytest.mark.parametrize(
        ("data", "words"),
        [
            (b"\0\0\0\x18ftypavif", "AVIF"),
            (b"\0\0\0\x18ftypmif1\0\0\0\0mif1avif", "AVIF"),
            (b"\0\0\0\x18ftypmp42", "video"),
            (b"GIF89a", "GIF"),
            (b"BMW is a maker of cars and motorcycles\n", "plain text"),
            (b"PK\x03\x04\x14\0", "Office"),
            (b"MM\0+\0\x08\0\0", "BigTIFF"),
            (b"<!DOCTYPE html><html>", "web page"),
            (b"<?xml version='1.0'?>", "XML"),
            (b"Return-Path: <a@b.c>\r\nReceived: from b\r\n\tby c\r\nDate: ", "an e-mail"),
            ("From: شركة\nSubject: فاتورة\n\n".encode("cp1256"), "an e-mail"),
            (b"From: the desk of A. Smith\nDear Sir, the total is 12.50\n", "plain text"),
            (b"Dear Sir, the total is 12.50\n", "plain text"),
            ("المجموع ١٢٫٥٠\n".encode() * 100, "plain text"),
            (b"\x07\x01\x02\x00\xff\xfe", "no known format"),
        ],
    )
    def test_says_what_an_unreadable_file_looks_like(self, data: bytes, words: str) -> None:
        error = refused(data)
        assert error.code == "unsupported_format"
        assert words in error.message


class TestCheck:
    def test_reads_the_header_alone(self) -> None:
        assert check(JPEG[:700], LIMITS, name="a") == Info("jpeg", 220, 300, 1)
        assert check(PNG[:40], LIMITS, name="a") == Info("png", 220, 300, 1)
        assert check(PDF[:40], LIMITS, name="a") == Info("pdf", None, None, None)

    @pytest.mark.parametrize(
        ("data", "code"),
        [
            (b"", "empty_file"),
            (bytes(LIMITS.max_bytes + 1), "file_too_large"),
            (png_header(30_000, 30_000), "image_too_large"),
            (jpeg_header(30_000, 30_000), "image_too_large"),
            (jpeg_header(300, 300, bits=12), "unsupported_format"),
            (png_header(1, 1), "image_too_small"),
            (encoded(".jpg", drawn(1, 1)), "image_too_small"),
            (png_header(15, 500), "image_too_small"),
            (PNG[:20], "truncated_file"),
            (JPEG[:20], "truncated_file"),
            (b"\x89PNG\r\n\x1a\n" + b"garbage, and more of it", "truncated_file"),
            (b"\x89PNG\r\n\x1a\n\0\0\0\x04tEXtabcdefgh", "corrupt_file"),
            (b"\xff\xd8\xff" + bytes(100), "corrupt_file"),
            (b"\xff\xd8" + b"\xff\xe1\0\x02" * 100_000, "corrupt_file"),
        ],
    )
    def test_refuses_at_the_door(self, data: bytes, code: str) -> None:
        with pytest.raises(FileError, match=r"^b\.png: ") as caught:
            check(data, LIMITS, name="b.png")
        assert caught.value.code == code

    def test_limits_come_from_the_settings(self) -> None:
        settings = Settings(max_file_bytes=7, max_pixels=8, max_pages=9)
        assert Limits.of(settings) == Limits(7, 8, 9)


class TestPictures:
    @pytest.mark.parametrize("data", [JPEG, PROGRESSIVE, PNG])
    def test_gives_what_was_drawn(self, data: bytes) -> None:
        truth = drawn()
        with open_document(data, LIMITS, name="a") as document:
            assert document.pages == 1
            color, page = document.color(1, HINT), document.gray(1, HINT)
        assert color.shape == truth.shape
        assert np.abs(color.astype(int) - truth).mean() < 3
        assert page.dtype == np.uint8
        assert np.abs(page.astype(int) - cv2.cvtColor(truth, cv2.COLOR_BGR2GRAY)).mean() < 3

    @pytest.mark.parametrize("ending", [".jpg", ".png"])
    def test_a_grey_file_is_grey_in_colour_too(self, ending: str) -> None:
        data = encoded(ending, cv2.cvtColor(drawn(), cv2.COLOR_BGR2GRAY))
        with open_document(data, LIMITS, name="a") as document:
            assert np.array_equal(document.color(1, HINT), document.gray(1, HINT))

    def test_turns_a_picture_upright(self) -> None:
        # An EXIF block that says "rotate by 90 degrees clockwise", put in front of the rest.
        exif = b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0"
        block = b"\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif
        turned = gray(JPEG[:2] + block + JPEG[2:])
        assert np.array_equal(turned, np.rot90(gray(JPEG), -1))

    def test_lays_transparency_on_white(self) -> None:
        pixels = np.zeros((40, 60, 4), np.uint8)
        pixels[:, 20:, 3] = 128
        pixels[:, 40:, 3] = 255
        data = encoded(".png", pixels)
        assert gray(data)[0, [0, 30, 50]].tolist() == [255, 127, 0]
        with open_document(data, LIMITS, name="a") as document:
            assert document.color(1, HINT)[0, [0, 30, 50]].tolist() == [
                [v] * 3 for v in (255, 127, 0)
            ]

    @pytest.mark.parametrize("channels", [1, 3, 4])
    def test_reduces_16_bits(self, channels: int) -> None:
        pixels = np.full((40, 60, channels), 65535, np.uint16)
        pixels[..., : min(channels, 3)] = 200 * 257
        page = gray(encoded(".png", pixels))
        assert page.dtype == np.uint8
        assert page[0, 0] == 200

    def test_garbage_behind_the_end_does_no_harm(self) -> None:
        for data in (JPEG, PNG):
            assert np.array_equal(gray(data + b"\xff\xd9 video " * 500), gray(data))


class TestCutOff:
    @pytest.mark.parametrize(
        "data", [JPEG, PROGRESSIVE, PNG, PDF, encoded(".jpg", drawn()[..., 0])]
    )
    @pytest.mark.parametrize("part", [0.2, 0.5, 0.9, 0.995])
    def test_is_refused_wherever_the_copy_stopped(self, data: bytes, part: float) -> None:
        there = int(len(data) * part)
        assert refused(data[:there]).code == "truncated_file"
        room_made_beforehand = data[:there] + bytes(len(data) - there)
        assert refused(room_made_beforehand).code == "truncated_file"

    def test_a_thumbnail_is_not_taken_for_the_end(self) -> None:
        thumbnail = b"\xff\xe1" + struct.pack(">H", len(JPEG) // 4 + 2) + JPEG[-(len(JPEG) // 4) :]
        data = JPEG[:2] + thumbnail + JPEG[2:]
        assert np.array_equal(gray(data), gray(JPEG))
        assert refused(data[: len(data) * 2 // 3]).code == "truncated_file"

    def test_zeros_are_not_taken_for_coded_data(self) -> None:
        # In so fine a picture zeros would do for the rest, as they code few bits a block.
        noise = np.random.default_rng(0).integers(0, 255, (200, 200), dtype=np.uint8)
        data = encoded(".jpg", noise, cv2.IMWRITE_JPEG_QUALITY, 100)
        there = len(data) // 2
        assert refused(data[:there] + bytes(len(data) - there)).code == "truncated_file"

    def test_a_jpeg_that_merely_lacks_its_end_marker_is_read(self) -> None:
        assert np.array_equal(gray(JPEG[:-2]), gray(JPEG))

    def test_whole_jpegs_of_many_kinds_are_read(self) -> None:
        rng = np.random.default_rng(3)
        for quality in (5, 30, 60, 85, 98):
            for interval in (0, 1, 7):
                width, height = rng.integers(16, 300, 2)
                noise = rng.integers(0, 255, (height, width, 3), dtype=np.uint8)
                pixels = cv2.GaussianBlur(noise, (0, 0), float(rng.uniform(0.3, 6)))
                options = cv2.IMWRITE_JPEG_QUALITY, quality, cv2.IMWRITE_JPEG_RST_INTERVAL, interval
                data = encoded(".jpg", pixels, *options)
                plain = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_GRAYSCALE)
                assert np.array_equal(gray(data), plain)


class TestDamaged:
    def test_jpeg_cut_and_closed_again(self) -> None:
        assert refused(JPEG[: len(JPEG) // 2] + b"\xff\xd9").code == "corrupt_file"

    def test_one_bit_of_a_png(self) -> None:
        data = bytearray(PNG)
        data[len(data) // 2] ^= 1
        assert refused(bytes(data)).code == "corrupt_file"

    def test_png_whose_checksums_are_right_and_data_wrong(self) -> None:
        content = b"IDAT" + b"not deflated"
        chunk = struct.pack(">I", 12) + content + struct.pack(">I", zlib.crc32(content))
        end = b"\0\0\0\0IEND\xaeB`\x82"
        assert refused(png_header(100, 100) + chunk + end).code == "corrupt_file"

    def test_pdf_without_a_page_tree(self) -> None:
        assert refused(b"%PDF-1.4\nnothing here\n%%EOF\n").code == "corrupt_file"

    def test_anything_ends_as_pixels_or_a_file_error(self) -> None:
        rng = np.random.default_rng(11)
        ends = {"read": 0, "refused": 0}
        for data in (JPEG, PROGRESSIVE, PNG, PDF):
            for _ in range(60):
                at = int(rng.integers(4, len(data) - 1))
                damaged = bytearray(data)
                match int(rng.integers(3)):
                    case 0:
                        del damaged[at:]
                    case 1:
                        damaged[at] ^= 1 << int(rng.integers(8))
                    case _:
                        del damaged[at : at + int(rng.integers(1, 400))]
                try:
                    gray(bytes(damaged))
                    ends["read"] += 1
                except FileError as error:
                    assert re.match(r"a\.jpg: .+", error.message)
                    ends["refused"] += 1
        assert min(ends.values()) > 20


class TestPdf:
    def test_renders_at_200_dpi(self) -> None:
        page = gray(PDF)
        assert page.shape == (2339, 1654)
        assert page[2339 - 2200 : 2339 - 2190, 60:300].max() < 10  # the bar
        assert page[2000:, 1000:].min() == 255

    def test_renders_as_fine_as_the_hint_and_as_coarse_as_the_limit(self) -> None:
        with open_document(PDF, LIMITS, name="a") as document:
            assert document.gray(1, (1680, 1000)).shape[1] == 1680
            height, width = document.gray(1, (20_000, 20_000)).shape
        assert 0.99 * LIMITS.max_pixels < width * height <= LIMITS.max_pixels

    def test_color_and_gray_have_the_same_pixels(self) -> None:
        with open_document(PDF, LIMITS, name="a") as document:
            color, page = document.color(1, HINT), document.gray(1, HINT)
        assert np.array_equal(cv2.cvtColor(color, cv2.COLOR_BGR2GRAY), page)

    def test_an_empty_password_is_tried(self) -> None:
        assert np.array_equal(gray(pdf(password="")), gray(PDF))

    def test_a_password_is_asked_for(self) -> None:
        error = refused(pdf(password="secret"))
        assert error.code == "password_needed"

    def test_without_pages_it_is_not_what_the_file_before_it_was(self) -> None:
        assert refused(pdf(password="secret")).code == "password_needed"
        error = refused(pdf(0))
        assert (error.code, error.message) == ("corrupt_file", "a.jpg: is damaged: it has no pages")

    def test_pages(self) -> None:
        data = pdf(3, size=(200, 100))
        assert gray(data, 3).shape == (278, 556)
        for number in (0, 4):
            assert refused(data, number=number).code == "no_such_page"
        assert refused(JPEG, number=2).code == "no_such_page"

    def test_too_many_pages(self) -> None:
        error = refused(pdf(500, size=(200, 100)))
        assert error.code == "too_many_pages"
        assert "500" in error.message

    def test_a_page_too_thin_to_hold_anything(self) -> None:
        assert refused(pdf(size=(300, 3))).code == "image_too_small"

    def test_an_endless_page_stays_within_the_limit(self) -> None:
        page = gray(pdf(size=(14_400, 14_400)))
        assert page.size <= LIMITS.max_pixels

    def test_a_picture_in_the_page_counts_too(self) -> None:
        assert gray(pdf_of_image(60, 80))[500, 400] == 128
        assert refused(pdf_of_image(60, 80, declared=(30_000, 30_000))).code == "image_too_large"

    def test_threads_take_turns(self) -> None:
        """PDFium can't serve several at once: that would take the process down."""
        documents = [pdf(2, size=(200, 100), text=f"Total {i}") for i in range(150)]
        alone = [gray(data) for data in documents]
        with ThreadPoolExecutor(8) as pool:
            together = list(pool.map(gray, documents))
        assert all(np.array_equal(a, b) for a, b in zip(alone, together, strict=True))


def test_bombs_take_no_memory_and_bad_files_leave_the_terminal_clean(tmp_path: Path) -> None:
    """In a process of its own, with no room for the pixels that the headers declare."""
    (tmp_path / "bomb.png").write_bytes(png_header(30_000, 30_000) + PNG[33:])
    (tmp_path / "bomb.jpg").write_bytes(jpeg_header(30_000, 30_000) + JPEG[200:])
    (tmp_path / "bomb.pdf").write_bytes(pdf_of_image(60, 80, declared=(30_000, 30_000)))
    (tmp_path / "cut.jpg").write_bytes(JPEG[: len(JPEG) // 2])
    (tmp_path / "closed.jpg").write_bytes(JPEG[: len(JPEG) // 2] + b"\xff\xd9")
    (tmp_path / "cut.png").write_bytes(PNG[: len(PNG) // 2])
    (tmp_path / "hole.png").write_bytes(PNG[: len(PNG) // 2] + PNG[len(PNG) // 2 + 9 :])
    script = """
import sys
from pathlib import Path
from core.errors import FileError
from core.page import Limits, open_document

limits = Limits(2_000_000, 100_000_000, 100)
for path in sorted(Path(sys.argv[1]).iterdir()):
    try:
        with open_document(path.read_bytes(), limits, name=path.name) as document:
            document.gray(1, (1, 1))
        print(path.name, "read")
    except FileError as error:
        print(path.name, error.code)
"""
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path)],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_DATA, (400 << 20, 400 << 20)),
    )
    assert done.stdout.splitlines() == [
        "bomb.jpg image_too_large",
        "bomb.pdf image_too_large",
        "bomb.png image_too_large",
        "closed.jpg corrupt_file",
        "cut.jpg truncated_file",
        "cut.png truncated_file",
        "hole.png corrupt_file",
    ]
    assert done.stderr == ""


class TestLooksComplete:
    @pytest.mark.parametrize("data", [JPEG, PROGRESSIVE, PNG, PDF])
    def test_tells_a_copy_that_goes_on(self, data: bytes, tmp_path: Path) -> None:
        path = tmp_path / "a"
        path.write_bytes(b"")
        assert not looks_complete(path)
        for there in range(len(data) // 9, len(data) - 12, len(data) // 9):
            path.write_bytes(data[:there])
            assert not looks_complete(path)
            path.write_bytes(data[:there] + bytes(len(data) - there))
            assert not looks_complete(path)
        path.write_bytes(data)
        assert looks_complete(path)
        path.write_bytes(data + b"appended")
        assert looks_complete(path)

    def test_other_formats_count_as_whole(self, tmp_path: Path) -> None:
        path = tmp_path / "a.jpg"
        path.write_bytes(b"some text")
        assert looks_complete(path)

    def test_damage_is_no_reason_to_wait(self, tmp_path: Path) -> None:
        path = tmp_path / "a.jpg"
        path.write_bytes(b"\xff\xd8\xff" + bytes(100))
        assert looks_complete(path)
