"""Asking a function over its socket, and what a refusal says."""

import urllib.error
import urllib.request

from werkzeug.test import TestResponse


def ask(
    url: str, *, data: bytes | None = None, headers: dict[str, str] | None = None, method: str = ""
) -> tuple[int, bytes]:
    """Status and body of the answer."""
    request = urllib.request.Request(
        url, data=data, headers=headers or {}, method=method or ("POST" if data else "GET")
    )
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


def refusal(answer: TestResponse) -> tuple[int, str]:
    """The code of an error and its stable reason, having checked its form."""
    error = answer.get_json()["error"]
    assert set(error) == {"code", "status", "message", "details"}
    assert error["code"] == answer.status_code
    return error["code"], error["details"][0]["reason"]
