"""What comes in and goes out as JSON; OpenAPI and all validation are made from it."""

import io
import re
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from functools import cache
from typing import Annotated, Any, ClassVar, Literal, cast

import flask
import werkzeug.datastructures
from flask_openapi3.models.file import FileStorage
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    WithJsonSchema,
    create_model,
    model_validator,
)

from core.formats.sniff import READABLE
from core.invoice import INTERNAL, Invoice, Reading, Reason, Status
from core.ports import Order, Query
from core.template import Template, TemplateId

MAX_PAGE_SIZE = 500
MAX_VALUE_LENGTH = 2000

_AMOUNT = r"^-?[0-9]{1,20}(\.[0-9]{1,20})?$"
_DAY = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"


def _written(pattern: str) -> BeforeValidator:
    """Pydantic alone would take 6e16 for an amount, and 0 for a day in 1970."""

    def check(value: object) -> object:
        if isinstance(value, str) and not re.fullmatch(pattern, value):
            raise ValueError(f"must be written as {pattern}")
        return value

    return BeforeValidator(check)


Amount = Annotated[
    Decimal, _written(_AMOUNT), WithJsonSchema({"type": "string", "pattern": _AMOUNT})
]
Day = Annotated[date, _written(_DAY)]


class _Described(BaseModel):
    # Each route describes each of its answers, and most of these are the same few: to make each of
    # them once takes a quarter off the time until the API answers.
    @classmethod
    @cache
    def model_json_schema(  # type: ignore[override]
        cls, *args: Any, **kwargs: Any
    ) -> dict[str, Any]:
        return super().model_json_schema(*args, **kwargs)


class _Model(_Described):
    model_config = ConfigDict(extra="forbid")


def _check_once(*sent: werkzeug.datastructures.MultiDict[str, Any]) -> None:
    """Of what comes twice the library takes one: the other file, or filter, would be lost unsaid.

    Raises:
        ValueError: one of these came more than once.
    """
    for name, values in (each for part in sent for each in part.lists()):
        if len(values) > 1:
            raise ValueError(f"{name}: came {len(values)} times, and is taken once")


class _Query(_Model):
    @model_validator(mode="before")
    @classmethod
    def _once(cls, data: Any) -> Any:
        _check_once(flask.request.args)
        return data


# --- answers -------------------------------------------------------------------------------------


class ErrorDetail(_Model):
    reason: str


class Error(_Model):
    code: int
    status: str
    message: str
    details: list[ErrorDetail]


class ErrorBody(_Model):
    error: Error


_shown: dict[str, Any] = {
    name: (info.annotation, info)
    for name, info in Invoice.model_fields.items()
    if name not in INTERNAL
}


class _Shown(_Described):
    model_config = ConfigDict(json_schema_serialization_defaults_required=True)


InvoiceBody = create_model(
    "Invoice",
    __base__=_Shown,
    __doc__="One file, however often and under whatever names it came in, and what was read in it.",
    **_shown,
)
"""What `core.invoice.public` gives."""


class InvoiceList(_Model):
    invoices: list[InvoiceBody]  # type: ignore[valid-type]
    next_page_token: str | None


class TemplateList(_Model):
    templates: list[Template]


class SyncReport(_Model):
    """How many files were taken in, and one sentence for each that couldn't be.

    `busy` are the sources that another look has in hand. `finished` is false if time was up before
    everything was seen.
    """

    received: int
    failed: list[str]
    busy: list[str]
    finished: bool


class Health(_Model):
    status: Literal["ok"]


# --- paths and queries ---------------------------------------------------------------------------


class InvoicePath(_Model):
    invoice_id: str


class CropPath(_Model):
    invoice_id: str
    field: str


class TemplatePath(_Model):
    template_id: str


class ChangeHeaders(BaseModel):
    if_match: str | None = Field(
        None,
        alias="If-Match",
        description="the ETag of what you saw: 412 if it is something else by now",
    )


class UploadHeaders(BaseModel):
    idempotency_key: str | None = Field(
        None,
        alias="Idempotency-Key",
        min_length=1,
        max_length=255,
        description="a new random text for each upload: sent again with the same, it is the same",
    )


class PushHeaders(BaseModel):
    """https://developers.google.com/workspace/drive/api/guides/push#receive-notifications"""

    channel_id: str = Field("", alias="X-Goog-Channel-ID")
    channel_token: str = Field("", alias="X-Goog-Channel-Token")
    resource_state: str = Field("", alias="X-Goog-Resource-State")


class Filters(_Model):
    """Which invoices, in which order."""

    status: Status | None = None
    template: TemplateId | None = None
    number: Annotated[str, Field(max_length=200)] | None = Field(
        None, description="as it is printed, or its digits alone"
    )
    date_from: Day | None = None
    date_to: Day | None = None
    total_min: Amount | None = None
    total_max: Amount | None = None
    q: Annotated[str, Field(max_length=200)] | None = Field(
        None,
        description="words that must be in file names, the template's name, texts or values, in "
        "digits of either family and however their Arabic is spelt",
    )
    order_by: str = Field(
        "received_at desc",
        pattern=r"^(received_at|date|total|number)( asc| desc)?$",
        description="`received_at`, `date`, `total` or `number`; then ` desc` for the last first",
    )

    def query(
        self,
        template_names: Mapping[str, str],
        *,
        page_size: int = MAX_PAGE_SIZE,
        page_token: str | None = None,
    ) -> Query:
        """`template_names`, by id, are what `q` looks in besides."""
        order, _, direction = self.order_by.partition(" ")
        return Query(
            **self.model_dump(include=_FILTERS),
            template_names=template_names,
            order_by=cast(Order, order),
            descending=direction == "desc",
            page_size=page_size,
            page_token=page_token or None,
        )


_FILTERS = set(Filters.model_fields) - {"order_by"}


class ListQuery(Filters, _Query):
    page_size: int = Field(50, ge=1, le=MAX_PAGE_SIZE)
    page_token: str | None = Field(
        None, description="`next_page_token` of the page before; without it, or empty, the first"
    )


class ExportQuery(Filters, _Query):
    format: Literal["csv", "xlsx", "pdf", "json"] = Field(
        "csv",
        description="`json` gives one invoice a line; `xlsx` and `pdf` are in the language that "
        "the request accepts (Accept-Language: ar or en)",
    )


class UploadQuery(_Query):
    wait: bool = Field(
        False,
        description="answer when it has been read, after half a minute, or if too many wait",
    )


class ImageQuery(_Query):
    page: int = Field(1, ge=1, description="of a document; 1 is the first")
    width: int | None = Field(None, ge=16, le=2000, description="scaled down to this, as JPEG")


# --- bodies --------------------------------------------------------------------------------------


class _Form(_Model):
    _may_come_alone: ClassVar[str | None] = None
    """The part whose JSON may be all of the body."""

    @model_validator(mode="before")
    @classmethod
    def _as_sent(cls, data: Any) -> Any:
        request = flask.request
        if request.is_json and cls._may_come_alone is not None:
            body = io.BytesIO(request.get_data())
            return {cls._may_come_alone: werkzeug.datastructures.FileStorage(body, "body")}
        if request.mimetype != "multipart/form-data":
            raise ValueError("the body must be multipart/form-data")
        _check_once(request.form, request.files)
        # The library takes each part for JSON where it can, so that the text 1e5 were a number.
        sent = request.form.to_dict() | request.files.to_dict()
        if not sent:
            raise ValueError("nothing of the multipart/form-data can be understood")
        return sent


def _is_file(value: object) -> object:
    if not isinstance(value, werkzeug.datastructures.FileStorage):
        raise ValueError("must be a file")  # noqa: TRY004  # pydantic takes no other for a fault
    return value


Upload = Annotated[FileStorage, AfterValidator(_is_file)]


class UploadForm(_Form):
    file: Upload = Field(description=f"a {READABLE}")
    template: TemplateId | None = Field(None, description="id of the template to read it with")


class TemplateForm(_Form):
    """A template as `khana template` writes it, and the picture that its `reference` names."""

    model_config = cast(
        ConfigDict,
        {
            "extra": "forbid",
            "openapi_extra": {
                "description": "A form with the template as a file. Where no picture comes along, "
                "the template alone, as `application/json`, will do."
            },
        },
    )

    template: Upload = Field(description="JSON")
    reference: Upload | None = Field(
        None,
        description=f"a {READABLE}; without it the picture of the version before stays",
    )

    _may_come_alone: ClassVar[str | None] = "template"


class TrialForm(_Form):
    """A page, and the boxes that are being drawn: on it, or on a picture of the same form."""

    file: Upload | None = Field(None, description=f"the page: a {READABLE}")
    invoice: str | None = Field(None, description="in its place, the id of an invoice")
    template: Upload = Field(description="JSON: `page_size` and `fields`, as in a template")
    reference: Upload | None = Field(
        None,
        description="a picture of the form that the page is aligned to; without it, it is scaled",
    )


class TrialResult(_Model):
    """What the boxes hold. Nothing of it is stored."""

    fields: dict[str, Reading]
    reasons: tuple[Reason, ...]
    timings_ms: dict[str, float]


class TypedValue(_Model):
    value: Annotated[str, StringConstraints(max_length=MAX_VALUE_LENGTH)] | None = Field(
        description="as a person types it: digits of either family; null if there is nothing"
    )


class Review(_Model):
    """That a person has looked, and what they corrected."""

    fields: dict[str, TypedValue] = {}
    reviewed_by: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)] = Field(
        max_length=200,
        description="where a proof of identity is asked for, its name counts instead",
    )
    status: Literal["done", "failed"] = Field(
        "done", description="`failed` rejects it: it is no invoice, or not one to be kept"
    )
    insist: bool = Field(
        False,
        description="done although a required value is missing or a rule is broken, which is how "
        "the invoice itself may be; without it, it is kept as `needs_review` for that",
    )
    rejected_because: (
        Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
        | None
    ) = Field(None, description="one sentence; goes with `failed`, and only with it")

    @model_validator(mode="after")
    def _reason_of_a_rejection(self) -> "Review":
        if (self.status == "failed") != (self.rejected_because is not None):
            raise ValueError("rejected_because must come with status failed, and only with it")
        if self.status == "failed" and self.fields:
            raise ValueError("what is rejected is not corrected: leave fields out")
        return self


class ReadRequest(_Model):
    """The body may be left out."""

    model_config = cast(ConfigDict, {"extra": "forbid", "openapi_extra": {"required": False}})

    template: TemplateId | None = Field(
        None, description="read it with this template, whatever the page looks like"
    )

    @model_validator(mode="before")
    @classmethod
    def _nothing_sent(cls, data: Any) -> Any:
        return {} if data is None and not flask.request.get_data() else data
