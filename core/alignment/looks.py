"""A form's looks, boiled down to some kilobytes: enough to find it among a thousand others.

Each feature keeps 128 bits of its descriptor, and where it is. The bits are signs of the
descriptor's Walsh-Hadamard transform about the mean of its picture (sign projections: Charikar,
"Similarity estimation techniques from rounding algorithms", STOC 2002), so that there is nothing
trained and a stored one stays good. Root-SIFT (Arandjelović and Zisserman, CVPR 2012) comes first,
since a few strong bins would decide all signs.
"""

from dataclasses import dataclass, field
from functools import cache
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from core.alignment.glance import COLUMNS, ROWS, Glance, glance
from core.alignment.reference import Features, Reference
from core.geometry import Floats

BITS = 128
_HEAD = b"looks2"
"""Before all else: who changes what follows changes the number, and old ones are made anew from the
picture."""
_FEATURE = np.dtype(
    [("bits", "u1", BITS // 8), ("place", "<i2", 2), ("size", "u1"), ("angle", "u1")]
)
_PLACES = 8192
"""Steps of a place in a width of the page, which lets places be up to four widths off."""
_SIZES, _SMALLEST = 24, -10
"""Steps in an octave of a feature's size, and the binary logarithm of the first, in widths."""
_ANGLES = 256


@dataclass(frozen=True, eq=False)
class Looks:
    """N features of a picture, and the whole of it at a glance.

    Attributes:
        bits: N×16 bytes.
        places: N×2, from the picture's centre, in widths of it.
        sizes: N, the binary logarithm of the size in widths of the picture.
        angles: N, in turns.
    """

    bits: NDArray[np.uint8] = field(repr=False)
    places: Floats = field(repr=False)
    sizes: Floats = field(repr=False)
    angles: Floats = field(repr=False)
    glance: Glance = field(repr=False)

    @classmethod
    def of_form(cls, form: Reference) -> Self:
        """What a form is found by among others."""
        return cls.of(form.features, form.page_size, glance(form.picture))

    @classmethod
    def of(cls, features: Features, size: tuple[int, int], seen: Glance) -> Self:
        """The looks of a picture of `size` (width, height), which the points are in."""
        stored = np.zeros(len(features.points), _FEATURE)
        stored["bits"] = _bits(features.descriptors)
        places = (features.points - np.array(size) / 2) / size[0]
        stored["place"] = np.clip(np.rint(places * _PLACES), -32768, 32767)
        octaves = np.log2(np.maximum(features.sizes / size[0], 2.0**_SMALLEST)) - _SMALLEST
        stored["size"] = np.clip(np.rint(octaves * _SIZES), 0, 255)
        stored["angle"] = np.rint(features.angles / 360 * _ANGLES).astype(int) % _ANGLES
        return cls._stored(stored, seen)

    @classmethod
    def from_bytes(cls, data: bytes) -> Self | None:
        """What `to_bytes` gave; None if that was another release's."""
        cells = ROWS * COLUMNS
        start = len(_HEAD) + cells
        if not data.startswith(_HEAD) or len(data) < start:
            return None
        if (len(data) - start) % _FEATURE.itemsize:
            return None
        seen = np.frombuffer(data, np.uint8, cells, offset=len(_HEAD))
        features = np.frombuffer(data, _FEATURE, offset=start)
        return cls._stored(features, seen.reshape(ROWS, COLUMNS))

    def to_bytes(self) -> bytes:
        """22 bytes a feature, and a byte for each cell of the glance."""
        stored = np.zeros(len(self.bits), _FEATURE)
        stored["bits"] = self.bits
        stored["place"] = np.rint(self.places * _PLACES)
        stored["size"] = np.rint((self.sizes - _SMALLEST) * _SIZES)
        stored["angle"] = np.rint(self.angles * _ANGLES)
        return _HEAD + self.glance.tobytes() + stored.tobytes()

    @classmethod
    def _stored(cls, features: NDArray[Any], seen: Glance) -> Self:
        return cls(
            bits=np.ascontiguousarray(features["bits"]),
            places=features["place"] / _PLACES,
            sizes=features["size"] / _SIZES + _SMALLEST,
            angles=features["angle"] / _ANGLES,
            glance=seen,
        )


def _bits(descriptors: NDArray[np.float32]) -> NDArray[np.uint8]:
    """N×16 bytes of N×128 descriptors."""
    if not len(descriptors):
        return np.empty((0, BITS // 8), np.uint8)
    rooted = np.sqrt(descriptors)
    return np.packbits((rooted - rooted.mean(axis=0)) @ _hadamard() > 0, axis=1)


@cache
def _hadamard() -> NDArray[np.float32]:
    """Sylvester's matrix of 128 rows."""
    matrix = np.ones((1, 1), np.float32)
    while len(matrix) < BITS:
        matrix = np.block([[matrix, matrix], [matrix, -matrix]])
    return matrix
