"""The page about Drive and folders, in a real browser."""

from drawn import local_alone, picture
from playwright.sync_api import Page, expect

from core.settings import Settings

pytestmark = local_alone


def test_a_look_is_taken_now_and_what_came_is_there(page: Page, settings: Settings) -> None:
    page.goto("/drive")
    expect(page.get_by_text("Nothing yet.")).to_be_visible()
    (settings.inbox_dir / "<b>فاتورة.png").write_bytes(picture())
    page.get_by_role("button", name="Look now").click()
    expect(page.get_by_role("status").filter(has_text="Came:")).to_be_visible()
    page.get_by_role("button", name="Look now").click()  # it hasn't changed since the look before
    came = page.get_by_role("region", name="What came")
    expect(came.get_by_role("link", name="<b>فاتورة.png")).to_be_visible()
