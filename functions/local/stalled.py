"""Who asks and then takes nothing of the answer is hung up on.

A long export waits for whoever takes it, in one of the few threads that answer. Waitress alone ends
only connections that nobody answers at the moment: eight lines that were lost, as when computers
sleep, would leave no thread for anybody, for good.
"""

import socket
from contextlib import suppress
from typing import Any

from waitress.server import BaseWSGIServer

_usual = BaseWSGIServer.maintenance


def install() -> None:
    """Has waitress look for such connections, too, when it looks for idle ones."""
    BaseWSGIServer.maintenance = _maintain


def _maintain(server: Any, now: float) -> None:
    _usual(server, now)
    cutoff = now - server.adj.channel_timeout
    for channel in server.active_channels.values():
        # Under its lock: what has just been put there has also been tried to be sent.
        if not channel.outbuf_lock.acquire(blocking=False):
            continue
        try:
            if channel.total_outbufs_len and channel.last_activity < cutoff:
                with suppress(OSError):
                    # The next write fails, upon which waitress closes all that belongs to it.
                    channel.socket.shutdown(socket.SHUT_RDWR)
        finally:
            channel.outbuf_lock.release()
