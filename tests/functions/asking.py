"""Asking a function over its socket."""

import urllib.error
import urllib.request


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
