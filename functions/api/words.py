"""What the page says in words, and how it writes numbers."""

import re
from collections.abc import Iterable
from decimal import Decimal

from markupsafe import Markup, escape

from core.invoice import ErrorInfo, Invoice, Reason, Status
from core.wording import broken_rule, label, own_words, rule_in_words
from functions.api import languages

STATUS = {
    Status.RECEIVED: "Waiting",
    Status.READING: "Being read",
    Status.DONE: "Done",
    Status.NEEDS_REVIEW: "Needs review",
    Status.FAILED: "Failed",
}

SOURCES = {"drive": "Google Drive", "upload": "Upload", "folder": "Folder"}

NOTES = {
    "renamed": "Renamed",
    "moved_out": "Moved out",
    "trashed": "In the trash",
    "removed": "Removed",
    "back": "Back again",
}
"""What became of a file at its source, by the code of the note."""

ERRORS = {
    400: "The address makes no sense",
    403: "You may not do that",
    404: "There is nothing here",
    429: "Too much at once: try again in a moment",
    500: "Khana hit a fault of its own",
    503: "Not now: try again in a moment",
}
"""What a page says instead of what was asked for, by the code of the answer."""

SIGN_IN_FAULTS = {
    "no_such_key": "There is no such key, or it was revoked.",
    "not_allowed": "Nobody has let this account in: ask who runs this Khana.",
    "not_signed_in": "Nobody signed in. Try again.",
    "too_often": "Too many tries. Wait a minute.",
}

REMEDIES = {
    "access_denied": "Let the account that Khana uses read it.",
    "corrupt_file": "Open the file yourself: if it looks whole, save it anew and upload that.",
    "empty_file": "Copy or scan it again: nothing of it has arrived.",
    "file_too_large": "Scan it at a lower resolution: 200 dpi is enough.",
    "image_too_large": "Scan it at a lower resolution: 200 dpi is enough.",
    "image_too_small": "Scan or photograph it larger: 200 dpi reads well.",
    "no_such_page": "A page that the template reads is missing: scan all of them.",
    "no_template": "Choose it below and press “Read again”.",
    "not_aligned": "Compare the boxes with the page, or scan it flat and upload that.",
    "password_needed": "Save a copy without the password and upload that.",
    "reader_crashed": "Have it read again; if that fails too, save the file anew and upload that.",
    "rejected": "If that was a mistake, have it read again.",
    "read_timeout": "Have it read again; if that fails too, scan it at a lower resolution.",
    "seen_before": "Reject it if it is a duplicate, or accept it if both count.",
    "templates_alike": "Choose it below and press “Read again”.",
    "too_many_pages": "Split it, and upload the invoices one by one.",
    "truncated_file": "Copy or scan it again: a part of it is missing.",
    "unknown_template": "Choose another below and press “Read again”.",
    "unsupported_format": "Save it as PDF, JPEG or PNG and upload that.",
}
"""What a person can do, by the code of an error or of a reason."""


def amount(value: Decimal | str) -> str:
    """An exact decimal with its thousands set apart, no digit lost: `20,717.50`."""
    return f"{Decimal(value):,f}"


def lowest_confidence(invoice: Invoice) -> float | None:
    """Of the readings that no person has looked at; None if there are none."""
    readings = invoice.fields.values()
    return min((r.confidence for r in readings if r.reviewed_by is None), default=None)


def rule(text: str, fields: Iterable[str]) -> str:
    """A rule over some of `fields`, in the language of the request: `Total = Net + Tax`."""
    return rule_in_words(text, fields, lambda name: languages.field(label(name)))


def without_name(message: str, name: str) -> str:
    """A sentence about a field without the field's name at its start, as the page has that."""
    rest = message.removeprefix(f"{name}: ")
    return rest[:1].upper() + rest[1:]


def in_words(fault: Reason | ErrorInfo, name: str, invoice: Invoice | None = None) -> Markup:
    """Why the invoice needs review or failed, beside the `name` of its file or field.

    It names its fields if there are several, for then it stands beside none of them.
    """
    said, names = languages.fault(fault.code), _names(fault)
    rule = broken_rule(fault, lambda name: languages.field(label(name)))
    if said is None:
        told = getattr(fault, "rule", None)
        message = fault.message.replace(told, rule) if told else fault.message
        rest = message.removeprefix(", ".join(_several(fault)) + ": ")
        return sentence(without_name(message, name)) if rest == message else names + sentence(rest)
    # A sentence that puts something in says of itself what it is about.
    return ("" if "{" in said else names) + escape(said).format(
        message=Markup('<bdi dir="ltr">{}</bdi>').format(own_words(fault, invoice)),
        rule=Markup("<bdi>{}</bdi>").format(rule),
    )


def _several(fault: Reason | ErrorInfo) -> tuple[str, ...]:
    """The fields that it is about, if it is about more than one."""
    fields = fault.fields if isinstance(fault, Reason) else ()
    return fields if len(fields) > 1 else ()


def _names(fault: Reason | ErrorInfo) -> Markup:
    """The `_several` fields as people call them, and a colon."""
    comma = "، " if languages.language().direction == "rtl" else ", "
    names = [Markup("<bdi>{}</bdi>").format(languages.field(label(n))) for n in _several(fault)]
    return Markup(comma).join(names) + (": " if names else "")


def sentence(message: str) -> Markup:
    """A sentence of Khana's with what it quotes in the quote's own direction.

    Digits and marks stand from left to right as they are printed: in a paragraph an Arabic date
    with hyphens would have its parts turned round.
    """
    return Markup("").join(
        _isolated(part) if part.startswith("“") else escape(part)
        for part in re.split("(“[^”]*”)", message)
    )


def _isolated(quote: str) -> Markup:
    inside = quote[1:-1]
    if any(char.isalpha() for char in inside):
        return Markup("“<bdi>{}</bdi>”").format(inside)
    return Markup('“<bdi class="digits" dir="ltr">{}</bdi>”').format(inside)
