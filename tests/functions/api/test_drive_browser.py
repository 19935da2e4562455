"""The page about Drive and folders, in a real browser."""

from collections.abc import Iterator

import pytest
from drawn import local_alone, picture
from emulators.cloud import Cloud
from emulators.drive import DriveServer
from emulators.serving import running
from playwright.sync_api import Locator, Page, expect

from core.settings import Settings


def look(page: Page, says: str) -> None:
    page.get_by_role("button", name="Look now").click()
    expect(page.locator("#said")).to_contain_text(says)


def listed(page: Page, region: str) -> Locator:
    return page.get_by_role("region", name=region).get_by_role("listitem")


@local_alone
def test_a_look_is_taken_now_and_what_came_is_there(page: Page, settings: Settings) -> None:
    page.goto("/drive")
    expect(page.get_by_text("Nothing yet.")).to_be_visible()
    (settings.inbox_dir / "<b>فاتورة.png").write_bytes(picture())
    look(page, "Came:")
    look(page, "Came:")  # it hasn't changed since the look before
    expect(listed(page, "What came").get_by_role("link", name="<b>فاتورة.png")).to_be_visible()


@pytest.mark.parametrize("adapters", ["google"], indirect=True)
class TestDrive:
    """On Google Cloud, where drive_watch looks at Drive for the page."""

    @pytest.fixture
    def drive(self) -> Iterator[DriveServer]:
        with DriveServer() as server:
            yield server

    @pytest.fixture
    def inbox(self, drive: DriveServer) -> str:
        return drive.state.folder("Inbox")

    @pytest.fixture
    def settings(
        self, settings: Settings, cloud: Cloud, drive: DriveServer, inbox: str
    ) -> Iterator[Settings]:
        variables = cloud.variables | {"DRIVE_EMULATOR_HOST": drive.url}
        with running("drive_watch", KHANA_DRIVE_FOLDERS=inbox, **variables) as url:
            yield settings.model_copy(update={"drive_watch_url": url})

    def test_what_came_and_what_did_not_is_told_apart(
        self, page: Page, drive: DriveServer, inbox: str
    ) -> None:
        page.goto("/drive")
        place = page.get_by_role("region", name="Google Drive")
        expect(place).to_contain_text("not yet")
        drive.state.file("فاتورة ٧.png", picture(), inbox)
        drive.state.google_file("Notes", inbox)

        look(page, "Came: 1.")

        expect(place.get_by_role("time").first).to_be_visible()
        expect(place).not_to_contain_text("not yet")
        expect(listed(page, "What came")).to_have_count(2)
        failed = listed(page, "What failed")
        expect(failed).to_have_count(1)
        expect(failed).to_contain_text("Notes")
        expect(failed).to_contain_text("Save it as PDF, JPEG or PNG and upload that.")
        listed(page, "What came").get_by_role("link", name="فاتورة ٧.png").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("فاتورة ٧.png")

    def test_a_folder_that_is_not_shared_any_more_is_said_with_what_to_do(
        self, page: Page, drive: DriveServer, inbox: str, faults: list[str]
    ) -> None:
        page.goto("/drive")
        drive.state.share(inbox, False)
        look(page, "share it with that account")
        faults.clear()  # the browser notes the refusal on its console
        place = page.get_by_role("region", name="Google Drive")
        expect(place).to_contain_text("share it with that account")
        drive.state.share(inbox, True)
        drive.state.file("a.png", picture(), inbox)
        look(page, "Came: 1.")
        expect(place).not_to_contain_text("share it with that account")

    def test_it_reads_from_right_to_left_too(
        self, page: Page, drive: DriveServer, inbox: str
    ) -> None:
        page.context.set_extra_http_headers({"Accept-Language": "ar"})
        drive.state.file("a.png", picture(), inbox)
        drive.state.google_file("Notes", inbox)
        page.goto("/drive")
        page.get_by_role("button", name="انظر الآن").click()
        expect(page.locator("#said")).to_have_text("وصل: 1. لم يُستلم: 1.")
        failed = listed(page, "ما تعذّر")
        expect(failed).to_contain_text("هذا النوع من الملفات لا يمكن قراءته.")
