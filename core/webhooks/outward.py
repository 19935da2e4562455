"""Requests to addresses that people have named, and never into the network that Khana stands in.

A name is looked up, every address that it has must be one of the internet, and the connection goes
to the very address that was checked: a name that leads elsewhere a moment later leads nowhere.
Redirects are not followed, and no proxy of the environment is used.

What is accepted: who runs Khana may allow private addresses (`webhook_private`), and then any.
"""

import ipaddress
import logging
import socket
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import certifi
import urllib3

from core.errors import RequestError, TransientError

CONNECT_S, ANSWER_S = 5.0, 10.0
"""Longest waits for a connection, and for a part of the answer."""
LONGEST_S = 30.0
"""And for all of an answer, and before the last address is tried: who sends a byte now and then, or
has a hundred addresses, must not keep the others waiting."""

_NOBODY_THERE = (urllib3.exceptions.NewConnectionError, urllib3.exceptions.ConnectTimeoutError)
"""After which the next address is tried."""

# At `debug` it would note the whole of each address, and what follows the host may be a secret.
logging.getLogger("urllib3.connectionpool").setLevel(logging.INFO)

_EMBEDDED = [ipaddress.ip_network(each) for each in ("64:ff9b::/96", "64:ff9b:1::/48")]
"""Where NAT64 has IPv4 addresses, private ones too (RFC 6052, RFC 8215)."""


@dataclass(frozen=True)
class Target:
    """Where a URL leads: `path` with its query; `addresses` in the order in which to try them."""

    secure: bool
    host: str
    port: int
    path: str
    addresses: tuple[str, ...]


def resolve(url: str, *, private: bool) -> Target:
    """Where `url` leads now. `private` lets it lead anywhere, and over plain HTTP.

    Raises:
        RequestError: `invalid_url`, or `private_address` if it leads into a private network.
        TransientError: its name can't be looked up.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise RequestError(f"{url}: is no URL: {error}", code="invalid_url") from error
    secure = parts.scheme == "https"
    if not host or not (secure or (private and parts.scheme == "http")):
        raise RequestError(f"{url}: must begin with https:// and a host", code="invalid_url")
    if parts.username is not None or parts.password is not None or not url.isascii():
        raise RequestError(
            f"{url}: must be ASCII, without a user name or password", code="invalid_url"
        )
    port = port or (443 if secure else 80)
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise TransientError(f"{host}: can't be looked up", code="unknown_host") from error
    addresses = tuple(dict.fromkeys(str(each[4][0]) for each in found))
    if not private and not all(map(is_public, addresses)):
        raise RequestError(
            f"{host}: leads into a private network; KHANA_WEBHOOK_PRIVATE would allow that",
            code="private_address",
        )
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Target(secure, host, port, path, addresses)


def post(url: str, body: bytes, headers: Mapping[str, str], *, private: bool) -> int:
    """The status code that a POST of `body` is answered with; what else comes back is not read.

    Raises:
        RequestError, TransientError: as `resolve`.
        TransientError: it can't be reached, shows no certificate of its name, or doesn't answer.
    """
    target = resolve(url, private=private)
    begun = time.monotonic()
    for address in target.addresses:
        try:
            return _post(target, address, body, headers)
        except (urllib3.exceptions.HTTPError, OSError) as error:
            trouble: Exception = error
        if not isinstance(trouble, _NOBODY_THERE) or time.monotonic() - begun > LONGEST_S:
            break
    raise TransientError(f"{target.host}: {type(trouble).__name__}") from trouble


def is_public(address: str) -> bool:
    """Whether an IP address is one of the internet, whatever it is wrapped in."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        inner = ip.ipv4_mapped or ip.sixtofour or (ip.teredo[1] if ip.teredo else None)
        if inner is None and any(ip in network for network in _EMBEDDED):
            inner = ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(str(inner))
        if ip.is_site_local:
            return False
    return ip.is_global and not ip.is_multicast and not ip.is_reserved


def _post(target: Target, address: str, body: bytes, headers: Mapping[str, str]) -> int:
    place = f"[{address}]" if ":" in address else address
    timeout = urllib3.Timeout(connect=CONNECT_S, read=ANSWER_S)
    pool: urllib3.HTTPConnectionPool
    if target.secure:
        pool = urllib3.HTTPSConnectionPool(
            place,
            target.port,
            timeout=timeout,
            ca_certs=certifi.where(),
            server_hostname=target.host,
            assert_hostname=target.host,
        )
    else:
        pool = urllib3.HTTPConnectionPool(place, target.port, timeout=timeout)
    name = f"[{target.host}]" if ":" in target.host else target.host
    standard = {443} if target.secure else {80}
    host = name if target.port in standard else f"{name}:{target.port}"
    with pool, _hung_up_after(LONGEST_S, pool):
        answer = pool.urlopen(
            "POST",
            target.path,
            body=body,
            headers={"Host": host, **headers},
            retries=False,
            redirect=False,
            preload_content=False,
        )
        try:
            return answer.status
        finally:
            answer.close()


@contextmanager
def _hung_up_after(seconds: float, pool: urllib3.HTTPConnectionPool) -> Iterator[None]:
    """Ends the connections that the pool makes, if the block has not ended by then."""
    made: list[Any] = []
    kind = pool.ConnectionCls

    def connect(*args: Any, **kwargs: Any) -> Any:
        made.append(kind(*args, **kwargs))
        return made[-1]

    def hang_up() -> None:
        for connection in made:
            with suppress(OSError, AttributeError):  # it has ended, or has not begun
                connection.sock.shutdown(socket.SHUT_RDWR)

    pool.ConnectionCls = connect  # type: ignore[assignment]
    timer = threading.Timer(seconds, hang_up)
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        timer.join()
