"""Every word of the page in every language, and which of them a request gets."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from drawn import Read, local_alone
from flask.testing import FlaskClient

from core.export.rows import HEAD, TAIL
from core.invoice import ErrorInfo, Invoice, Reason, SourceRef, Status, now
from core.ports import Adapters
from core.review import correct, reject
from core.values.value import Value
from core.wording import label
from functions.api import languages, words

API = Path(languages.__file__).parents[1]
ARABIC = json.loads((API / "languages" / "ar.json").read_text(encoding="utf-8"))
QUOTED = re.compile(r"""_\((?:"([^"]+)"|'([^']+)')""")
SAID = re.compile(r'\bsay\(\s*"([^"]+)"')
LISTED = re.compile(r"{% for why in \(([^)]*)\)")


def _said_by_pages() -> set[str]:
    html = "".join(path.read_text(encoding="utf-8") for path in API.glob("templates/*.html"))
    tables = (
        words.STATUS,
        words.SOURCES,
        words.REMEDIES,
        words.NOTES,
        words.ERRORS,
        words.SIGN_IN_FAULTS,
    )
    listed = re.findall(r'"([^"]+)"', " ".join(LISTED.findall(html)))
    quoted = {double or single for double, single in QUOTED.findall(html)}
    return quoted | set(listed) | {text for table in tables for text in table.values()}


def _said_by_scripts() -> set[str]:
    return {text for path in API.rglob("static/**/*.js") for text in SAID.findall(path.read_text())}


def test_all_that_is_said_is_said_in_arabic_and_nothing_else_is_kept() -> None:
    assert set(ARABIC["page"]) == _said_by_pages()
    assert set(ARABIC["script"]) == _said_by_scripts()


def test_exported_files_say_all_in_arabic() -> None:
    wording = languages.wording(languages.LANGUAGES["ar"])
    names = [*HEAD, *TAIL, *(status.value for status in Status), "invoices"]
    assert {wording.label(name) for name in names} & {label(name) for name in names} == set()


def test_exported_files_say_why_in_arabic() -> None:
    wording = languages.wording(languages.LANGUAGES["ar"])
    said = "total == subtotal + tax does not hold: total is 5, subtotal is 5, tax is 1"
    parts = ("total", "subtotal", "tax")
    rule = "total == subtotal + tax"
    broken = Reason(code="rule_broken", message=said, fields=parts, rule=rule)
    earlier = Reason(code="rule_broken", message=said, fields=parts)
    odd = Reason(code="low_confidence", message="tax: “12” is only 60 % sure", fields=("tax",))
    unknown = Reason(code="of_a_later_release", message="total: is odd", fields=("total",))
    assert wording.why(_with(reasons=(broken, earlier, odd, unknown))) == [
        "لا تتحقق القاعدة: الإجمالي = المجموع قبل الضريبة + الضريبة",
        f"لا تتحقق القاعدة: {said}",
        "الضريبة: القراءة غير مؤكدة: قارنها بالصورة.",
        "total: is odd",
    ]
    failed = _with(error=ErrorInfo(code="password_needed", message="a.pdf: needs a password"))
    assert wording.why(failed) == ["الملف محمي بكلمة مرور."]
    astray = Reason(code="label_moved", message="total, tax: astray", fields=("total", "tax"))
    [said] = wording.why(_with(reasons=(astray,)))
    assert said.startswith("الإجمالي، الضريبة: عنوان هذه الخانة")
    refused = reject(_with(status=Status.DONE), "ليست فاتورة", by="منى")
    assert wording.why(refused) == ["رُفضت من قِبل منى: ليست فاتورة"]
    assert set(words.REMEDIES) <= set(ARABIC["faults"])


@local_alone
def test_the_page_says_in_words_which_rule_is_broken(client: FlaskClient, read: Read) -> None:
    rule = "date <= today and seller != 'total <b>'"
    broken = Reason(
        code="rule_broken", message=f"{rule} does not hold", fields=("date", "seller"), rule=rule
    )
    made = read(status=Status.NEEDS_REVIEW, reasons=[broken])
    path = f"/invoices/{made.id}"
    shown = client.get(path, headers={"Accept-Language": "ar"}).get_data(as_text=True)
    said = (
        "لا تتحقق القاعدة: <bdi>التاريخ &lt;= اليوم and البائع != &#39;total &lt;b&gt;&#39;</bdi>"
    )
    assert said in shown
    assert "does not hold" not in shown
    shown = client.get(path, headers={"Accept-Language": "en"}).get_data(as_text=True)
    assert "Date &lt;= Today and Seller != &#39;total &lt;b&gt;&#39; does not hold" in shown


@local_alone
@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("ar", "<bdi>رقم الفاتورة</bdi>، <bdi>الإجمالي</bdi>: عنوان هذه الخانة"),
        ("en", "<bdi>Invoice number</bdi>, <bdi>Total</bdi>: the label stands elsewhere"),
    ],
)
def test_a_reason_names_the_fields_that_it_does_not_stand_beside(
    client: FlaskClient, read: Read, language: str, said: str
) -> None:
    fields = ("invoice_number", "total")
    message = "invoice_number, total: the label stands elsewhere"
    astray = Reason(code="label_moved", message=message, fields=fields)
    made = read(status=Status.NEEDS_REVIEW, reasons=[astray])
    shown = client.get(f"/invoices/{made.id}", headers={"Accept-Language": language})
    assert said in shown.get_data(as_text=True)


@local_alone
def test_who_rejected_an_invoice_is_said_in_arabic(client: FlaskClient, read: Read) -> None:
    path = f"/invoices/{read('a: rejected by b.png').id}"
    said = {"status": "failed", "reviewed_by": "منى", "rejected_because": "ليست فاتورة"}
    assert client.patch(f"/v1{path}", json=said).status_code == 200
    shown = client.get(path, headers={"Accept-Language": "ar"}).get_data(as_text=True)
    assert 'رُفضت من قِبل <bdi dir="ltr">منى: ليست فاتورة</bdi>' in shown


@local_alone
def test_a_correction_points_from_what_was_to_what_is(
    client: FlaskClient, adapters: Adapters, read: Read
) -> None:
    made = read()
    adapters.store.update(made.id, lambda it: correct(it, {"total": Value("7")}, by="Mona"))
    for language, arrow in (("en", "→"), ("ar", "←")):
        asked = {"Accept-Language": language}
        shown = client.get(f"/invoices/{made.id}", headers=asked).get_data(as_text=True)
        assert f"<s><bdi>56000.50</bdi></s> {arrow} <bdi>7</bdi>" in shown


def _with(**what: Any) -> Invoice:
    source = SourceRef(kind="upload", file_id="a", name="a.pdf")
    return Invoice(id="a" * 32, source=source, received_at=now(), **what)


@pytest.mark.parametrize("part", ["page", "script", "faults"])
def test_a_translation_puts_in_what_the_english_does(part: str) -> None:
    for english, arabic in ARABIC[part].items():
        places = set(re.findall(r"\{\w+\}", arabic))
        allowed = (
            {"{message}", "{rule}"} if part == "faults" else set(re.findall(r"\{\w+\}", english))
        )
        assert places <= allowed if part == "faults" else places == allowed, english


@local_alone
@pytest.mark.parametrize(
    ("accepted", "chosen", "expected"),
    [
        ("", None, ("en", "ltr")),
        ("ar-EG,en;q=0.5", None, ("ar", "rtl")),
        ("fr", None, ("en", "ltr")),
        ("ar", "en", ("en", "ltr")),
        ("", "xx", ("en", "ltr")),
    ],
)
def test_the_language_is_the_chosen_one_else_the_browser_s(
    client: FlaskClient, accepted: str, chosen: str | None, expected: tuple[str, str]
) -> None:
    if chosen:
        client.set_cookie("language", chosen)
    page = client.get("/", headers={"Accept-Language": accepted}).get_data(as_text=True)
    assert '<html lang="{}" dir="{}"'.format(*expected) in page


@local_alone
@pytest.mark.parametrize(
    ("came_from", "back"),
    [
        ("http://localhost/invoices/1?status=done", "/invoices/1?status=done"),
        ("http://evil.example/x", "/"),
        ("http://localhost//evil.example", "/evil.example"),
        ("http://[", "/"),
        ("", "/"),
    ],
)
def test_a_preference_is_kept_and_leads_back(
    client: FlaskClient, came_from: str, back: str
) -> None:
    form = {"language": "ar", "theme": "purple"}
    answer = client.post("/preferences", data=form, headers={"Referer": came_from})
    assert (answer.status_code, answer.headers["Location"]) == (303, back)
    assert client.get_cookie("theme") is None
    assert 'lang="ar"' in client.get("/").get_data(as_text=True)
