"""What happened, said once: a record of the log that programs can read, too.

Whoever runs Khana decides what becomes of it: a line of text or JSON, a trace, a metric
(`functions.telemetry`). An invoice's id is in every record about it, from Drive to the API.
"""

import logging

log = logging.getLogger("khana")

EVENT = "khana_event"
"""The attribute of a record that holds what happened, with its facts."""


def tell(happened: str, **facts: object) -> None:
    """Notes that something happened. Facts are what JSON can hold; those that are None are left
    out. `invoice` is the id of the invoice that it is about."""
    known = {name: value for name, value in facts.items() if value is not None}
    log.info(happened, extra={EVENT: {"event": happened, **known}})
