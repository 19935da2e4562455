"""An invoice that seems to be there already, where such wait for a person, as people meet it."""

from pathlib import Path

import pytest
from drawn import Read, readings
from flask.testing import FlaskClient
from playwright.sync_api import Page, expect

from core.checking.twins import SEEN_BEFORE
from core.invoice import Invoice, Reason, Status
from core.settings import Settings

SAID = {"status": "done", "reviewed_by": "Mona"}


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data=tmp_path / "data", duplicates="review")


def held_back(read: Read) -> tuple[Invoice, Invoice]:
    """An invoice, and one that waits because of it."""
    reason = Reason(code=SEEN_BEFORE, message="seems to be the same invoice as “first.png”")
    first = read("first.png")
    return first, read("again.png", seed=1, status=Status.NEEDS_REVIEW, reasons=(reason,))


def test_its_page_says_once_why_it_waits(client: FlaskClient, read: Read) -> None:
    first, again = held_back(read)

    def page() -> str:
        return (
            client.get(f"/invoices/{again.id}")
            .get_data(as_text=True)
            .split('<form class="review"')[0]
        )

    both = page()
    assert f'href="/invoices/{first.id}"' in both
    assert (both.count("to be the same invoice"), both.count("Reject it if")) == (1, 1)
    assert client.delete(f"/v1/invoices/{first.id}").status_code == 204
    alone = page()
    assert (alone.count("to be the same invoice"), alone.count("Reject it if")) == (1, 1)


def test_the_list_says_so_also_where_the_other_is_on_another_page(
    client: FlaskClient, read: Read
) -> None:
    held_back(read)
    listed = client.get("/?status=needs_review").get_data(as_text=True)
    assert "again.png" in listed
    assert "first.png" not in listed
    assert "This seems to be here twice." in listed


def test_a_correction_that_makes_it_a_double_is_held_back_unless_insisted_on(
    client: FlaskClient, read: Read
) -> None:
    number = readings()["invoice_number"]
    assert number.value is not None
    read("first.png")
    other = number.model_copy(update={"value": "9" + number.value})
    again = read("again.png", seed=1, fields=readings() | {"invoice_number": other})
    at = f"/v1/invoices/{again.id}"
    right = SAID | {"fields": {"invoice_number": {"value": number.value}}}
    told = client.patch(at, json=right).get_json()
    assert told["fields"]["invoice_number"]["value"] == number.value
    assert (told["status"], [each["code"] for each in told["reasons"]]) == (
        "needs_review",
        [SEEN_BEFORE],
    )
    done = client.patch(at, json=SAID | {"insist": True}).get_json()
    assert done["status"] == "done"
    assert [each["code"] for each in done["decisions"][-1]["reasons"]] == [SEEN_BEFORE]
    # What it seems to be already is no news.
    date = SAID | {"fields": {"date": {"value": "2020-01-02"}}}
    assert client.patch(at, json=date).get_json()["status"] == "done"


@pytest.mark.parametrize("adapters", ["local"], indirect=True)
def test_doubles_are_not_accepted_with_many_others(page: Page, read: Read) -> None:
    held_back(read)
    page.goto("/")
    page.get_by_label("Choose all on this page").check()
    page.get_by_role("button", name="Accept").click()
    said = page.locator("#bulk-said")
    expect(said).to_have_text("Not done: 1. This seems to be here twice: look at it by itself.")
    expect(page.locator(".badge.needs_review")).to_have_count(1)
