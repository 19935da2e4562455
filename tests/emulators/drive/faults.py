"""Faults on order, and a record of every call.

drive.fail("files.list", status=403, reason="userRateLimitExceeded", times=2)
drive.fail("files.get:media", cut_after=1000, skip=1)
"""

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

from .errors import ApiError


@dataclass
class Fault:
    """What goes wrong with the calls that `pattern` matches (`*` is any), of `file` alone if its id
    is given.

    It passes over the first `skip` of them, then hits `times` (None: all that follow). With a
    `status` the call is refused with `reason`; else it is done, after `delay` seconds, and its
    answer breaks off after `cut_after` bytes of its body, or holds another first byte (`corrupt`),
    or never comes (`drop`).
    """

    pattern: str
    file: str | None = None
    status: int | None = None
    reason: str = "backendError"
    message: str = "a fault on order"
    cut_after: int | None = None
    corrupt: bool = False
    drop: bool = False
    delay: float = 0.0
    skip: int = 0
    times: int | None = 1
    hits: int = 0

    def refuse(self) -> None:
        """Raises the refusal, if it is one."""
        if self.status:
            raise ApiError(self.status, self.reason, self.message)


@dataclass(frozen=True)
class RecordedCall:
    """One call as it came, with the status of its answer (0: none was given)."""

    method: str
    params: Mapping[str, str]
    headers: Mapping[str, str]
    body: Any
    status: int


@dataclass
class Faults:
    """The faults in force; the first that matches a call and isn't used up is taken."""

    _faults: list[Fault] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, fault: Fault) -> None:
        with self._lock:
            self._faults.append(fault)

    def take(self, method: str, file: str | None = None) -> Fault | None:
        with self._lock:
            for fault in self._faults:
                if not fnmatchcase(method, fault.pattern):
                    continue
                if fault.file not in (None, file):
                    continue
                if fault.skip:
                    fault.skip -= 1
                elif fault.times is None or fault.hits < fault.times:
                    fault.hits += 1
                    return fault
        return None

    def clear(self) -> None:
        with self._lock:
            self._faults.clear()
