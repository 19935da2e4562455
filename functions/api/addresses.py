"""Addresses that a request names, which may be anything."""

from urllib.parse import SplitResult, urlsplit


def parts_of(address: str) -> SplitResult:
    """The parts of the address; all of them empty if it is none (`http://[`)."""
    try:
        return urlsplit(address)
    except ValueError:
        return urlsplit("")
