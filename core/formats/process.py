"""The process in which files are decoded: see `core.formats.decoding`, which starts it and asks it.

Started as `python -m core.formats.process FD`. A request is JSON, then the file's bytes where it
says so; an answer is JSON, and a page lies in memory that both sides have
(`core.formats.handover`). Never pickle: what a hostile file makes of this process must not get
further. It ends when the other end of the pipe does.
"""

import json
import resource
import signal
import sys
from collections.abc import Mapping
from multiprocessing.connection import Connection
from typing import Any

import cv2

from core.errors import FileError
from core.formats.decoder import Decoder
from core.formats.handover import Outgoing, send


def main() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal's goes to the one that asks
    cv2.setNumThreads(1)
    pipe: Connection[bytes, bytes] = Connection(int(sys.argv[1]))
    documents: dict[int, Decoder] = {}
    outgoing = Outgoing()
    while True:
        try:
            request = json.loads(pipe.recv_bytes())
            data = pipe.recv_bytes() if request["sent"] else b""
        except EOFError:
            return
        for number in request["drop"]:
            if dropped := documents.pop(number, None):
                dropped.close()
        outgoing.take_back(request["done"])
        _limit(request["seconds"], request["memory"])
        answer: dict[str, Any]
        piece: int | None = None
        try:
            if request["document"] not in documents:
                documents[request["document"]] = _decoder(data, request)
            answer, piece = _answer(documents[request["document"]], request, outgoing)
        except FileError as error:
            answer = {"code": error.code, "message": error.message}
        except MemoryError:
            answer = {
                "code": "image_too_large",
                "message": f"{request['name']}: takes more memory to decode than the limit of "
                f"{request['memory']:,} bytes",
            }
        del data
        # Libraries that ran short of memory may not be themselves any more.
        unit = 1 if sys.platform == "darwin" else 1024
        peak = unit * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        answer["worn"] = peak > request["memory"] / 2
        pipe.send_bytes(json.dumps(answer).encode())
        if piece is not None:
            send(pipe, piece)


def _answer(
    decoder: Decoder, request: Mapping[str, Any], outgoing: Outgoing
) -> tuple[dict[str, Any], int | None]:
    if request["page"] is None:
        return {"pages": decoder.pages}, None
    if request["size_hint"] is None:
        return {"characters": decoder.characters(request["page"])}, None
    width, height = request["size_hint"]
    return outgoing.put(decoder.decode(request["page"], (width, height), color=request["color"]))


def _decoder(data: bytes, request: Mapping[str, Any]) -> Decoder:
    name, max_pages, max_pixels = (request[key] for key in ("name", "max_pages", "max_pixels"))
    # Each is loaded by the first file that needs it.
    match request["format"]:
        case "jpeg":
            from core.formats.jpeg import JpegDecoder  # noqa: PLC0415

            return JpegDecoder(data, name=name)
        case "png":
            from core.formats.png import PngDecoder  # noqa: PLC0415

            return PngDecoder(data, name=name)
        case "pdf":
            from core.formats.pdf import PdfDecoder  # noqa: PLC0415

            return PdfDecoder(data, name=name, max_pages=max_pages, max_pixels=max_pixels)
        case kind:
            from core.formats.pillow import PillowDecoder  # noqa: PLC0415

            return PillowDecoder(data, kind, name=name, max_pages=max_pages, max_pixels=max_pixels)


def _limit(seconds: float, memory: int) -> None:
    """Has the kernel end this process after so much more processor time, and refuse it more than
    `memory` bytes. A system that can't is left to the one that asks, who waits no longer."""
    spent = resource.getrusage(resource.RUSAGE_SELF)
    end = int(spent.ru_utime + spent.ru_stime + seconds) + 1
    for which, amount in ((resource.RLIMIT_CPU, end), (resource.RLIMIT_DATA, memory)):
        _, most = resource.getrlimit(which)
        wanted = amount if most == resource.RLIM_INFINITY else min(amount, most)
        resource.setrlimit(which, (wanted, most))


if __name__ == "__main__":
    main()
