"""A template: where the boxes of one supplier's form are, and what is in them."""

import json
import keyword
import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path, PurePosixPath
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, StringConstraints, ValidationError, model_validator
from pydantic import Field as Constrained
from pydantic_core import PydanticCustomError

from core.errors import TemplateError
from core.faults import first_fault

MAX_PAGE_SIDE = 20_000
MAX_FIELDS = 500
MAX_RULES = 100
MAX_PATTERN_LENGTH = 200
MAX_EXAMPLE_LENGTH = 100

TODAY = "today"
"""What rules call the day on which they are checked."""

Box = tuple[int, int, int, int]
"""`(left, top, right, bottom)` in pixels; right and bottom are exclusive."""

Turn = Literal[0, 90, 180, 270]
"""Degrees, clockwise."""

TemplateId = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9._-]{0,99}$")]
Side = Annotated[int, Constrained(ge=1, le=MAX_PAGE_SIDE)]


class Kind(StrEnum):
    """What a box holds, which decides who reads it and what its value is."""

    NUMBER = "number"
    AMOUNT = "amount"
    DATE = "date"
    TEXT = "text"


DateOrder = Literal["dmy", "mdy", "ymd"]
Language = Literal["ara", "eng"]


class Field(BaseModel):
    """One box (khana) of a template.

    `example` is what is printed in it on the sample page: other invoices of the form have the same
    digits, marks and decimals, which tells apart what looks alike. Words need none.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Annotated[str, StringConstraints(min_length=1, max_length=64)]
    kind: Kind
    box: Box
    page: Annotated[int, Constrained(ge=1)] | None = None
    required: bool = True
    pattern: Annotated[str, StringConstraints(max_length=MAX_PATTERN_LENGTH)] | None = None
    languages: Annotated[tuple[Language, ...], Constrained(min_length=1)] = ("ara", "eng")
    example: Annotated[str, StringConstraints(max_length=MAX_EXAMPLE_LENGTH)] | None = None

    @model_validator(mode="after")
    def _check(self) -> Self:
        # Rules name fields, so a name must be readable in an expression, which folds letters
        # that only look different (NFKC).
        if not self.name.isidentifier() or unicodedata.normalize("NFKC", self.name) != self.name:
            raise ValueError(f"the name {self.name!r} must be letters, digits and _ only")
        if self.name == TODAY or keyword.iskeyword(self.name):
            raise ValueError(f"the name {self.name!r} is a word that rules use")
        left, top, right, bottom = self.box
        if left >= right or top >= bottom:
            raise ValueError(f"the box {list(self.box)} must be [left, top, right, bottom]")
        if self.pattern is not None:
            try:
                re.compile(self.pattern)
            except (re.error, OverflowError, RecursionError) as error:
                raise ValueError(f"the pattern {self.pattern!r} is not valid: {error}") from error
        return self


class Template(BaseModel):
    """The form of one supplier: boxes in pixels of a page of `page_size` `(width, height)`.

    `reference` is a file name relative to the template file: a picture of the form that pages are
    aligned to. Without it a page is only scaled to `page_size`. `page` is the page of a document
    that fields are on which name none (1 is the first). With `split`, each page of a file whose
    first page is of this form is an invoice of its own, of this form or another.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: TemplateId
    version: Annotated[int, Constrained(ge=1)] = 1
    name: Annotated[str, StringConstraints(max_length=200)] = ""
    page_size: tuple[Side, Side]
    reference: str | None = None
    page: Annotated[int, Constrained(ge=1)] = 1
    split: Literal["pages"] | None = None
    date_order: DateOrder = "dmy"
    fields: Annotated[tuple[Field, ...], Constrained(min_length=1, max_length=MAX_FIELDS)]
    rules: Annotated[tuple[str, ...], Constrained(max_length=MAX_RULES)] = ()

    @model_validator(mode="after")
    def _check(self) -> Self:
        doubled = [name for name, n in Counter(f.name for f in self.fields).items() if n > 1]
        if doubled:
            raise PydanticCustomError(
                "duplicate_field", "two fields are called '{name}'", {"name": doubled[0]}
            )
        width, height = self.page_size
        for field in self.fields:
            left, top, right, bottom = field.box
            if left < 0 or top < 0 or right > width or bottom > height:
                raise PydanticCustomError(
                    "box_outside_page",
                    "the box {box} of field '{name}' reaches outside the page of {width} x "
                    "{height} pixels",
                    {"box": list(field.box), "name": field.name, "width": width, "height": height},
                )
        if self.split and any(self.page_of(field) > 1 for field in self.fields):
            raise ValueError("where each page is an invoice (split), all boxes must be on page 1")
        if self.reference is not None:
            path = PurePosixPath(self.reference)
            if path.is_absolute() or ".." in path.parts or not path.name:
                raise ValueError(f"the reference {self.reference!r} must be a file beside it")
        return self

    def page_of(self, field: Field) -> int:
        """The page (1 is the first) that `field` is on."""
        return field.page or self.page


def parse_template(data: Any, *, where: str = "template") -> Template:
    """Checks `data` (as JSON gives it) against the contract.

    Raises:
        TemplateError: with one sentence that starts with `where` and says the first fault.
    """
    try:
        return Template.model_validate(data)
    except ValidationError as error:
        first, place, reason = first_fault(error)
        if first["type"] == "extra_forbidden":
            reason = f"unknown key {first['loc'][-1]!r}"
            place = ".".join(str(part) for part in first["loc"][:-1])
        code = first["type"] if first["type"] in ("duplicate_field", "box_outside_page") else None
        raise TemplateError(
            f"{where}: {place + ': ' if place else ''}{reason}", code=code
        ) from error


def load_template(path: Path) -> Template:
    """Reads a template file.

    Raises:
        TemplateError: if the file is missing, not JSON, or breaks the contract.
    """
    try:
        data = json.loads(path.read_bytes())  # it may begin with a byte order mark, as of Notepad
    except OSError as error:
        raise TemplateError(f"{path}: {error.strerror}", code="template_missing") from error
    except (ValueError, RecursionError) as error:
        raise TemplateError(f"{path}: not JSON: {error}") from error
    return parse_template(data, where=str(path))


def import_corners(
    data: Any,
    *,
    template_id: str,
    page_size: tuple[int, int],
    names: Sequence[str],
    kinds: Sequence[str],
    reference: str | None = None,
    where: str = "boxes",
) -> Template:
    """Turns the older coordinates format into a template.

    The format is `{"1": [[x1, y1], [x2, y2]], …}`: one pair of opposite corners per field, in any
    order, the fields in the order of their numbers. `names` and `kinds` go to them in that order.

    Raises:
        TemplateError: if the format, or the count of names or kinds, doesn't fit.
    """
    if not isinstance(data, dict) or not data:
        raise TemplateError(f'{where}: expected {{"1": [[x1, y1], [x2, y2]], …}}')
    if not len(data) == len(names) == len(kinds):
        raise TemplateError(
            f"{where}: holds {len(data)} boxes, but {len(names)} names and {len(kinds)} kinds came"
        )
    try:
        keys = sorted(data, key=int)
        corners = [[(round(x), round(y)) for x, y in data[key]] for key in keys]
        pairs = [(first, second) for first, second in corners]
    except (TypeError, ValueError, OverflowError) as error:
        raise TemplateError(f'{where}: expected {{"1": [[x1, y1], [x2, y2]], …}}') from error
    fields = [
        {
            "name": name,
            "kind": kind,
            "box": (min(x1, x2), min(y1, y2), max(x1, x2), max(y1, y2)),
        }
        for ((x1, y1), (x2, y2)), name, kind in zip(pairs, names, kinds, strict=True)
    ]
    return parse_template(
        {"id": template_id, "page_size": page_size, "reference": reference, "fields": fields},
        where=where,
    )


def dump_template(template: Template) -> dict[str, Any]:
    """The template as the contract's JSON, without what is at its default."""
    return template.model_dump(mode="json", exclude_defaults=True) | {"version": template.version}
