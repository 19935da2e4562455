"""Where whoever signs in is led, and who may lead whoever is let in already."""

from urllib.parse import parse_qs, unquote, urlsplit

from core.access import Role, create_key
from core.ports import Adapters
from core.settings import Settings
from functions.api.app import create_app


def test_who_was_asked_to_sign_in_comes_to_what_they_asked_for(
    adapters: Adapters, settings: Settings
) -> None:
    app = create_app(adapters, settings.model_copy(update={"access": "required"}))
    client, (_, shown) = app.test_client(), create_key(adapters.store, "Mona", Role.READER)
    asked = client.get("/?q=شركة النور", headers={"Accept": "text/html"})
    onward = parse_qs(urlsplit(asked.headers["Location"]).query)["next"][0]
    answer = client.post("/sign-in", data={"key": shown, "next": onward})
    assert unquote(answer.headers["Location"]) == "/?q=شركة النور"


def test_a_page_of_another_site_changes_nothing_through_a_proxy_that_shows_a_token(
    adapters: Adapters, settings: Settings
) -> None:
    """As `gcloud run services proxy` does, which also puts the service's name for its own."""
    client = create_app(adapters, settings.model_copy(update={"access": "none"})).test_client()

    def status(**headers: str) -> int:
        sent = {"Authorization": "Bearer an ID token"} | {
            name.replace("_", "-"): h for name, h in headers.items()
        }
        return client.delete("/v1/templates/x", headers=sent).status_code

    assert status(Sec_Fetch_Site="cross-site", Origin="https://evil.example") == 403
    assert status(Origin="https://evil.example") == 403
    assert status(Origin="null") == 403
    assert status(Sec_Fetch_Site="same-origin", Origin="http://127.0.0.1:8080") == 404
    assert status(Origin="http://127.0.0.1:8080") == 404
    assert status() == 404  # a program
