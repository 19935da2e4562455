"""The page's HTML, where no browser is needed to see it."""

import re
from datetime import timedelta

import pytest
from drawn import Read, readings
from flask.testing import FlaskClient

from core.intake.origin import add_note
from core.invoice import Invoice, Reading
from core.ports import Adapters

HTML = {"Accept": "text/html"}


def _with(**values: str) -> dict[str, Reading]:
    fields = readings()
    changed = {n: fields[n].model_copy(update={"value": v}) for n, v in values.items()}
    return fields | changed


def _names(page: str) -> list[str]:
    return re.findall(r'class="file"><bdi>([^<]+)', page)


def test_older_invoices_are_a_page_further(
    client: FlaskClient, read: Read, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("functions.api.pages.inbox.PAGE_SIZE", 2)
    for n in range(5):
        read(f"{n}.png", seed=n, ago=timedelta(hours=n))
    page, seen = client.get("/?status=done").get_data(as_text=True), []
    while True:
        seen.append(_names(page))
        older = re.search(r'rel="next" href="([^"]+)"', page)
        if older is None:
            break
        page = client.get(older[1].replace("&amp;", "&")).get_data(as_text=True)
    assert seen == [["0.png", "1.png"], ["2.png", "3.png"], ["4.png"]]
    assert 'href="/?status=done">Newest' in page


def test_an_unchanged_page_is_not_sent_again(client: FlaskClient, read: Read) -> None:
    read()
    tag = client.get("/").headers["ETag"]
    answer = client.get("/", headers={"If-None-Match": tag})
    assert (answer.status_code, answer.data) == (304, b"")
    read("b.png", seed=1)
    assert client.get("/", headers={"If-None-Match": tag}).status_code == 200


def test_addresses_that_lead_nowhere(client: FlaskClient, read: Read) -> None:
    read()
    assert _names(client.get("/?status=lost").get_data(as_text=True)) == ["scan.png"]
    damaged = client.get("/?page_token=x", headers=HTML)
    assert (damaged.status_code, damaged.mimetype) == (400, "text/html")
    assert "the page token is damaged" in damaged.get_data(as_text=True)
    assert client.get("/invoices/nobody", headers=HTML).status_code == 404


@pytest.mark.parametrize(
    ("link", "shown"), [("https://drive.google.com/x", True), ("javascript:alert(1)", False)]
)
def test_a_link_of_a_source_is_one_of_the_web(
    client: FlaskClient, adapters: Adapters, read: Read, link: str, shown: bool
) -> None:
    made = read()
    source = made.source.model_copy(update={"link": link})
    adapters.store.update(made.id, lambda x: x.model_copy(update={"source": source}))
    page = client.get(f"/invoices/{made.id}").get_data(as_text=True)
    assert (link in page) is shown
    assert ("open at its source" in page) is shown


def test_an_invoice_that_was_scanned_twice_is_told_of(client: FlaskClient, read: Read) -> None:
    first = read("first.png")
    again = read("again.png", seed=1)
    another = read("another.png", seed=2, fields=_with(invoice_number="0043"))
    # Of a form whose first number is no invoice's own, as a quantity.
    elsewhere = read("elsewhere.png", seed=3, fields=_with(date="2025-01-01", total="-1.00"))
    refused = read("refused.png", seed=4)
    said = {"status": "failed", "reviewed_by": "Mona", "rejected_because": "is a duplicate"}
    assert client.patch(f"/v1/invoices/{refused.id}", json=said).status_code == 200

    def twins(invoice: Invoice) -> list[str]:
        page = client.get(f"/invoices/{invoice.id}").get_data(as_text=True)
        return re.findall(r'the same invoice: <a href="/invoices/(\w+)"', page)

    listed = client.get("/").get_data(as_text=True).split('<tr role="row" id=')
    twice = [_names(row)[0] for row in listed if "here twice" in row]
    assert sorted(twice) == ["again.png", "first.png"]
    assert twins(first) == [again.id]
    assert twins(again) == [first.id]
    assert twins(another) == twins(elsewhere) == []


def test_without_templates_the_page_says_what_is_missing(client: FlaskClient) -> None:
    page = client.get("/").get_data(as_text=True)
    assert "Khana knows no form yet." in page
    assert "data/inbox" in page


def test_what_became_of_the_file_is_on_its_page(
    client: FlaskClient, adapters: Adapters, read: Read
) -> None:
    older, newer = read(), read("b.png", seed=1)
    adapters.store.update(
        older.id,
        lambda one: add_note(one, "renamed", "scan.png: is now called <b>.png").model_copy(
            update={"replaced_by": newer.id}
        ),
    )
    page = client.get(f"/invoices/{older.id}").get_data(as_text=True)
    assert "is now called &lt;b&gt;.png" in page
    assert f'<dt>Newer revision</dt><dd><a href="/invoices/{newer.id}">' in page
