"""What all stores share so that a query means the same in each: sort keys, folding, page tokens.

A store keeps text keys beside each invoice and compares them as text, byte by byte.
"""

import base64
import binascii
import hashlib
import json
import unicodedata
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

from core.errors import RequestError
from core.invoice import Invoice
from core.ports import Order, Query
from core.values.letters import spelt_alike
from core.values.numbers import parse_number
from core.values.plain import clean_text

_EXPONENT_BIAS = 1_000_000
_NINES = str.maketrans("0123456789", "9876543210")
_SEPARATORS = str.maketrans({"٫": ".", "٬": ","})


def amount_key(amount: Decimal) -> str:
    """Text that sorts as the amounts do, whatever their size, without rounding.

    It is the sign, the power of ten of the first digit, and the digits without trailing zeros. A
    database's own numbers are binary or 64 bits wide, so 0.1 or 20 digits would not compare
    exactly; equal amounts (1.5 and 1.50) have equal keys.
    """
    sign, digits, _ = amount.as_tuple()
    if not amount:
        return "1"
    significant = "".join(map(str, digits)).lstrip("0").rstrip("0")
    magnitude = f"{amount.adjusted() + _EXPONENT_BIAS:07d}{significant}"
    # Below zero the larger magnitude comes first; "~" sorts after every digit, which puts the
    # longer of two numbers with the same beginning first as well.
    return f"0{magnitude.translate(_NINES)}~" if sign else f"2{magnitude}"


def time_key(at: datetime) -> str:
    """Text that sorts as times do."""
    return at.astimezone(UTC).isoformat(timespec="microseconds")


def fold(text: str) -> str:
    """`text` as keys hold it: one form of letters and marks, ASCII digits, lower case."""
    normal = unicodedata.normalize("NFKC", text).casefold().translate(_SEPARATORS)
    return "".join(str(unicodedata.decimal(char)) if char.isdecimal() else char for char in normal)


def number_keys(number: str) -> list[str]:
    """The keys that an invoice may have whose number is asked for so: as it is typed, and without
    the marks that set digits apart, as in the '0012-34' of a form whose template asks for none."""
    plain = clean_text(number)
    return list(dict.fromkeys(fold(key) for key in (plain, parse_number(plain)) if key is not None))


def searched(text: str) -> str:
    """`text` as it is searched for: folded, however its Arabic is spelt (شركه for شركة)."""
    return spelt_alike(fold(text))


def words(query: str) -> list[str]:
    """What a text search looks for: each of these must be found."""
    return searched(query).split()


def titles(query: Query) -> dict[str, str]:
    """By id, what a text search looks in of an invoice's template: its name and its id."""
    names = query.template_names if query.q else {}
    return {id_: searched(f"{name}\n{id_}") for id_, name in names.items()}


def search_text(invoice: Invoice) -> str:
    """All else that it looks in, `searched`: names of the invoice's sources, texts and values."""
    names = [source.name for source in (invoice.source, *invoice.duplicates)]
    texts = [reading.text for reading in invoice.fields.values()]
    values = [reading.value for reading in invoice.fields.values() if reading.value]
    return searched("\n".join([*names, *texts, *values]))


def sort_keys(invoice: Invoice) -> dict[Order, str]:
    """The keys of an invoice for each order; empty, which sorts first, where it has no value."""
    total = invoice.total
    return {
        "received_at": time_key(invoice.received_at),
        "date": invoice.date or "",
        "total": "" if total is None else amount_key(total),
        "number": fold(invoice.number or ""),
    }


def check_version(template_id: str, *, latest: int, after: int | None) -> None:
    """Raises RequestError unless the latest version is the one that whoever changes it has seen
    (`after`), if they say which that is."""
    if after not in (None, latest):
        raise RequestError(
            f"{template_id}: has version {latest} by now, not {after}", code="changed_meanwhile"
        )


def last_version_key(template_id: str) -> str:
    """What the version that a deleted template ended with is kept under, as state: made again, it
    goes on from there, for a version names one template forever."""
    return f"last_version:{template_id}"


def encode_token(query: Query, key: str, invoice_id: str) -> str:
    """A page token that goes on after the invoice with this sort key and id."""
    data = json.dumps([_fingerprint(query), key, invoice_id]).encode()
    return base64.urlsafe_b64encode(data).decode()


def decode_token(query: Query) -> tuple[str, str] | None:
    """The sort key and id to go on after, or None for the first page.

    Raises:
        RequestError: the token is damaged, or was given for another query.
    """
    if query.page_token is None:
        return None
    try:
        fingerprint, key, invoice_id = json.loads(
            base64.b64decode(query.page_token, altchars=b"-_", validate=True)
        )
    except (binascii.Error, ValueError, TypeError, RecursionError) as error:
        raise RequestError("the page token is damaged", code="invalid_page_token") from error
    if fingerprint != _fingerprint(query) or not all(isinstance(x, str) for x in (key, invoice_id)):
        raise RequestError(
            "the page token belongs to another query: filters and order must stay the same",
            code="invalid_page_token",
        )
    return key, invoice_id


def _fingerprint(query: Query) -> str:
    """Names a query whatever its page: the size of a page may change on the way."""
    plain = repr(replace(query, page_token=None, page_size=0))
    return hashlib.sha256(plain.encode()).hexdigest()[:16]
