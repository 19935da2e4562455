"""What invoices are called: ids made of a file's bytes, or of it and a page of it."""

import hashlib
from typing import Self

from pydantic import BaseModel, ConfigDict


def invoice_id(sha256_hex: str) -> str:
    """The id of the file whose SHA-256 is given in hex: the same bytes are the same invoice.

    128 bits: far from a chance collision, and short enough for a web address.
    """
    return sha256_hex[:32]


def sha256_hex(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


class Part(BaseModel):
    """Which page of its file an invoice is, where the file holds an invoice a page.

    `page` counts from 1. `ids` are the invoices of all its pages, in order; that of the first page
    has the id of the file, and keeps it.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    page: int
    ids: tuple[str, ...]

    @classmethod
    def of(cls, file: str, page: int, pages: int) -> Self:
        """Page `page` of the `pages` pages of the file whose id is `file`."""
        return cls(page=page, ids=(file, *(_page_id(file, n) for n in range(2, pages + 1))))

    @property
    def file(self) -> str:
        """The id of the invoice that keeps the file."""
        return self.ids[0]

    @property
    def id(self) -> str:
        return self.ids[self.page - 1]


def _page_id(file: str, page: int) -> str:
    # The other half of the hash: no bytes can be sent that would have this id.
    return sha256_hex(f"{file} {page}".encode())[32:]
