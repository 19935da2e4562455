"""TIFF, WebP, BMP and HEIC, decoded by Pillow (libtiff, libwebp, its own code) and libheif."""

import io
import warnings
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from core.errors import FileError
from core.formats import bmp, heic, tiff, webp
from core.formats.decoder import Character

Kind = Literal["tiff", "webp", "bmp", "heic"]

_NAMES: dict[Kind, str] = {"tiff": "TIFF", "webp": "WebP", "bmp": "BMP", "heic": "HEIC"}
_PLUGINS: dict[Kind, str] = {"tiff": "TIFF", "webp": "WEBP", "bmp": "BMP", "heic": "HEIF"}

_UNEVEN = 1.2
"""Ratio of a picture's two resolutions from which it is stretched to be even: a fax of 204 x 98 dpi
shows a page at half its height."""
_MOST_UNEVEN = 4.0
_PHOTOMETRIC, _ORIENTATION = 262, 274
_SIDEWAYS = range(5, 9)
"""Orientations of a picture that is stored lying on its side."""

# The limit on pixels is Khana's own, held against what the header declares before any is made.
Image.MAX_IMAGE_PIXELS = None
# Of tags that make no sense; what can't be read for them is told as an error.
warnings.filterwarnings("ignore", module=r"PIL\.")


class PillowDecoder:
    """Pages of a TIFF, or one picture. Orientation is applied, transparency lies on white, 16 bits
    become 8, CMYK becomes RGB."""

    def __init__(
        self, data: bytes, kind: Kind, *, name: str, max_pages: int, max_pixels: int
    ) -> None:
        """Raises FileError: truncated_file, corrupt_file, too_many_pages."""
        self._kind, self._data, self._name = kind, data, name
        self._max_pixels = max_pixels
        self._pages: list[tiff.Directory] = []
        if kind == "tiff":
            self._pages = tiff.directories(data, most=max_pages + 1, name=name)
            if len(self._pages) > max_pages:
                raise FileError(
                    f"{name}: has more pages than the limit of {max_pages}", code="too_many_pages"
                )
        elif not {"webp": webp, "bmp": bmp, "heic": heic}[kind].is_whole(data):
            raise FileError(
                f"{name}: is cut off: the end of the picture is missing", code="truncated_file"
            )

    @property
    def pages(self) -> int:
        return len(self._pages) or 1

    def decode(self, number: int, size_hint: tuple[int, int], *, color: bool) -> NDArray[np.uint8]:
        """H×W grey or H×W×3 BGR. Raises FileError `corrupt_file` or `image_too_large`."""
        if self._pages:
            page = self._pages[number - 1]
            self._check(page.size)
            self._check(page.tile)
        if self._kind == "heic":
            _open_heic()
        try:
            with Image.open(io.BytesIO(self._data), formats=(_PLUGINS[self._kind],)) as image:
                if self._kind == "tiff":
                    image.seek(number - 1)
                self._check(image.size)
                resolution = _resolution(image)
                pixels = _pixels(image, color=color)
        except FileError:
            raise
        except MemoryError:
            raise
        except Exception as error:
            # Pillow's plugins let through whatever their parsing meets: struct.error, KeyError,
            # SyntaxError, warnings that are errors, ...
            raise FileError(
                f"{self._name}: is damaged: its {_NAMES[self._kind]} data makes no sense"
            ) from error
        return self._even(pixels, resolution)

    def characters(self, number: int) -> list[Character]:
        return []

    def close(self) -> None:
        self._data = b""

    def _check(self, size: tuple[int, int]) -> None:
        width, height = size
        if width * height > self._max_pixels:
            raise FileError(
                f"{self._name}: holds a picture of {width} x {height} pixels, more than the limit "
                f"of {self._max_pixels:,}",
                code="image_too_large",
            )

    def _even(
        self, pixels: NDArray[np.uint8], resolution: tuple[float, float]
    ) -> NDArray[np.uint8]:
        """The picture with as many pixels to an inch across as down."""
        across, down = (float(each) for each in resolution)
        if not (across > 0 and down > 0 and max(across / down, down / across) >= _UNEVEN):
            return pixels
        height, width = pixels.shape[:2]
        wanted = (width, round(height * across / down))
        if down > across:
            wanted = (round(width * down / across), height)
        if max(across / down, down / across) > _MOST_UNEVEN or np.prod(wanted) > self._max_pixels:
            return pixels
        return np.asarray(cv2.resize(pixels, wanted, interpolation=cv2.INTER_LINEAR), np.uint8)


def _resolution(image: Image.Image) -> tuple[float, float]:
    """Pixels to an inch (or any other unit) across and down, once the picture is upright."""
    # "resolution" is that of a TIFF without a unit: only the ratio of the two counts there.
    across, down = image.info.get("dpi") or image.info.get("resolution") or (1, 1)
    return (down, across) if image.getexif().get(_ORIENTATION) in _SIDEWAYS else (across, down)


def _pixels(image: Image.Image, *, color: bool) -> NDArray[np.uint8]:
    """H×W grey or H×W×3 BGR of the frame that `image` is at."""
    image.load()
    if image.mode.startswith("I"):  # 16 bits, of which 8 are kept
        values = np.asarray(image)
        light = (values >> 8 if values.max() > 255 else values).astype(np.uint8)
        # Of 16 bits Pillow leaves it to others that 0 may stand for white.
        white = image.getexif().get(_PHOTOMETRIC) == 0
        image = Image.fromarray(cv2.bitwise_not(light) if white else light)
    upright = ImageOps.exif_transpose(image)
    if upright.has_transparency_data:
        white = Image.new("RGBA", upright.size, "white")
        upright = Image.alpha_composite(white, upright.convert("RGBA"))
    if upright.mode in ("1", "L"):
        return np.asarray(upright.convert("L"), np.uint8)
    rgb = np.asarray(upright.convert("RGB"), np.uint8)
    code = cv2.COLOR_RGB2BGR if color else cv2.COLOR_RGB2GRAY
    return np.asarray(cv2.cvtColor(rgb, code), np.uint8)


def _open_heic() -> None:
    """Makes libheif known to Pillow, for one thread and without what only viewers want."""
    from pi_heif import register_heif_opener  # noqa: PLC0415  # few files need it

    register_heif_opener(thumbnails=False, depth_images=False, aux_images=False, decode_threads=1)
