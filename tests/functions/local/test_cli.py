"""The khana command, run as a person runs it: in a process of its own, on files."""

import csv
import json
import os
import socket
import subprocess
from io import BytesIO
from pathlib import Path

import cv2
import numpy as np
import openpyxl
import pytest
from batches import batch, form
from PIL import Image, ImageDraw, ImageFont
from running_khana import khana, unprivileged

from core.adapters import connect
from core.adapters.local.backend import open_backend
from core.intake.arrival import receive
from core.invoice import ErrorInfo, Invoice, Outcome, SourceRef, Status, finish, now
from core.ports import Adapters
from core.review import reject
from core.settings import Settings
from core.template import dump_template

FONT = "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf"


def draw(path: Path, number: str = "004217", total: str = "٥٦٠٠٠") -> Path:
    page = Image.new("L", (600, 400), 255)
    pen = ImageDraw.Draw(page)
    font = ImageFont.truetype(FONT, 24)
    pen.text((110, 52), number, font=font, fill=0)
    pen.text((110, 152), total, font=font, fill=0)
    page.save(path)
    return path


@pytest.fixture
def template(tmp_path: Path) -> Path:
    path = tmp_path / "form.json"
    fields = [
        {"name": "invoice_number", "kind": "number", "box": [100, 45, 280, 90]},
        {"name": "total", "kind": "amount", "box": [100, 145, 280, 190]},
    ]
    path.write_text(
        json.dumps({"id": "form", "version": 1, "page_size": [600, 400], "fields": fields})
    )
    return path


def lines(run: subprocess.CompletedProcess[str]) -> list[dict[str, object]]:
    return [json.loads(line) for line in run.stdout.splitlines()]


def test_read_prints_a_line_of_json_per_file(tmp_path: Path, template: Path) -> None:
    pages = [draw(tmp_path / "a.png"), draw(tmp_path / "b.jpg", "100230", "١٢٣٤٥")]
    run = khana("read", "--template", template, "--json", *pages)
    assert run.returncode == 0, run.stderr
    first, second = lines(run)
    assert list(first) == [
        "file",
        "status",
        "template",
        "fields",
        "reasons",
        "error",
        "elapsed_ms",
    ]
    assert first["file"] == str(pages[0])
    assert first["template"] == {"id": "form", "version": 1}
    fields = first["fields"]
    assert isinstance(fields, dict)
    assert (fields["invoice_number"]["text"], fields["invoice_number"]["value"]) == (
        "004217",
        "004217",
    )
    assert (fields["total"]["text"], fields["total"]["value"]) == ("٥٦٠٠٠", "56000")
    assert second["fields"]["total"]["value"] == "12345"  # type: ignore[index]


def test_read_prints_a_line_for_each_page_that_is_an_invoice(tmp_path: Path) -> None:
    forms = tmp_path / "forms"
    forms.mkdir()
    (forms / "form.json").write_text(json.dumps(dump_template(form())))
    scan = tmp_path / "scan.pdf"
    scan.write_bytes(batch(["004217", "100230", "000891"], "PDF"))
    for which in (["--templates", forms], ["--template", forms / "form.json"]):
        run = khana("read", *which, "--json", scan)
        assert run.returncode == 0, run.stderr
        read = lines(run)
        assert [(line["file"], line["page"]) for line in read] == [
            (str(scan), n) for n in (1, 2, 3)
        ]
        numbers = [line["fields"]["invoice_number"]["value"] for line in read]  # type: ignore[index]
        assert numbers == ["004217", "100230", "000891"]
    table = khana("read", "--templates", forms, scan).stdout
    assert "scan.pdf, page 3  " in table


def test_one_bad_file_costs_that_file_alone(tmp_path: Path, template: Path) -> None:
    bad = tmp_path / "notes.jpg"
    bad.write_text("not a picture")
    run = khana("read", "--template", template, "--json", bad, draw(tmp_path / "a.png"))
    assert run.returncode == 1
    failed, fine = lines(run)
    assert failed["status"] == "failed"
    assert failed["error"]["code"] == "unsupported_format"  # type: ignore[index]
    assert str(bad) in failed["error"]["message"]  # type: ignore[index]
    assert fine["fields"]["total"]["value"] == "56000"  # type: ignore[index]


def _declared_png(width: int, height: int) -> bytes:
    """A PNG whose header declares a size that its few bytes of pixels don't have."""
    data = bytearray(cv2.imencode(".png", np.zeros((2, 2), np.uint8))[1].tobytes())
    data[16:24] = width.to_bytes(4, "big") + height.to_bytes(4, "big")
    return bytes(data)


BAD_FILES = {
    "empty.jpg": (b"", "empty_file"),
    "dot.png": (cv2.imencode(".png", np.zeros((1, 1), np.uint8))[1].tobytes(), "image_too_small"),
    "bomb.png": (_declared_png(30_000, 30_000), "image_too_large"),
    "cut.jpg": (
        cv2.imencode(".jpg", np.random.default_rng(1).integers(0, 255, (300, 300), np.uint8))[
            1
        ].tobytes()[:9000],
        "truncated_file",
    ),
}


@pytest.mark.parametrize("name", BAD_FILES)
def test_bad_files_say_what_is_wrong(name: str, tmp_path: Path, template: Path) -> None:
    data, code = BAD_FILES[name]
    path = tmp_path / name
    path.write_bytes(data)
    run = khana("read", "--template", template, "--json", path)
    assert run.returncode == 1
    (line,) = lines(run)
    assert line["error"]["code"] == code  # type: ignore[index]
    assert line["error"]["message"].startswith(str(path))  # type: ignore[index]
    assert "Traceback" not in run.stderr


@pytest.mark.parametrize("name", ["[red]a.png", "a[/b].png"])
def test_a_file_is_named_as_it_is(name: str, tmp_path: Path, template: Path) -> None:
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    run = khana("read", "--template", template, draw(path))
    assert run.returncode == 0, run.stderr
    assert str(path) in run.stdout


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8:surrogateescape"])
def test_a_name_that_is_no_utf_8(encoding: str, tmp_path: Path, template: Path) -> None:
    path = draw(tmp_path / "page.png").rename(tmp_path / "a\udcff.png")
    env = {"PYTHONIOENCODING": encoding}
    run = khana("read", "--template", template, "--json", path, env=env)
    assert run.returncode == 0, run.stderr
    assert lines(run)[0]["file"] == str(path)
    assert "a\\udcff.png" in khana("read", "--template", template, path, env=env).stdout


def test_missing_file(tmp_path: Path, template: Path) -> None:
    run = khana("read", "--template", template, "--json", tmp_path / "nothing.jpg")
    assert run.returncode == 1
    assert lines(run)[0]["error"]["code"] == "file_unreadable"  # type: ignore[index]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"colour": "red"}, "invalid_template"),
        (
            {"fields": [{"name": "a", "kind": "number", "box": [0, 0, 9999, 10]}]},
            "box_outside_page",
        ),
        (
            {"fields": [{"name": "a", "kind": "number", "box": [0, 0, 9, 9]}] * 2},
            "duplicate_field",
        ),
    ],
)
def test_bad_templates_say_what_is_wrong(
    change: dict[str, object], code: str, tmp_path: Path, template: Path
) -> None:
    template.write_text(json.dumps(json.loads(template.read_text()) | change))
    run = khana("read", "--template", template, "--json", draw(tmp_path / "a.png"))
    assert run.returncode == 1
    assert f"[{code}]" in run.stderr
    assert str(template) in run.stderr
    assert lines(run)[0]["error"]["code"] == code  # type: ignore[index]
    checked = khana("template", "check", template)
    assert checked.returncode == 1
    assert f"[{code}]" in checked.stdout


@pytest.mark.parametrize(
    "args",
    [
        ["read", "x.jpg"],
        ["read"],
        ["nonsense"],
        ["read", "--templates", "/nowhere", "x.jpg"],
        ["read", "--template", "/nowhere.json", "x.jpg"],
        ["read", "--template", "/tmp", "x.jpg"],
    ],
)
def test_wrong_usage_is_2(args: list[str]) -> None:
    assert khana(*args).returncode == 2


def test_import_of_the_older_format(tmp_path: Path) -> None:
    boxes = tmp_path / "boxes.json"
    corners = {"1": [[280, 90], [100, 45]], "2": [[100, 190], [280, 145]]}
    boxes.write_text(json.dumps(corners), encoding="utf-8-sig")
    output = tmp_path / "made.json"
    run = khana(
        *("template", "import", boxes, "--image", draw(tmp_path / "page.jpg")),
        *("--names", "invoice_number,total", "--kinds", "number,amount", "-o", output),
    )
    assert run.returncode == 0, run.stderr
    made = json.loads(output.read_text())
    assert made["page_size"] == [600, 400]
    assert [field["box"] for field in made["fields"]] == [[100, 45, 280, 90], [100, 145, 280, 190]]
    read = khana("read", "--template", output, "--json", draw(tmp_path / "a.png"))
    assert lines(read)[0]["fields"]["total"]["value"] == "56000"  # type: ignore[index]


@pytest.mark.parametrize("name", ["Acme Form.json", "نموذج.json"])
def test_an_output_whose_name_is_no_id_asks_for_one(name: str, tmp_path: Path) -> None:
    (tmp_path / "boxes.json").write_text('{"1": [[280, 90], [100, 45]]}')
    args = ("template", "import", tmp_path / "boxes.json", "--image", draw(tmp_path / "page.png"),
            "--names", "number", "--kinds", "number", "-o", tmp_path / name)  # fmt: skip
    run = khana(*args)
    assert run.returncode == 2
    assert "--id" in run.stderr
    assert khana(*args, "--id", "acme").returncode == 0
    assert json.loads((tmp_path / name).read_text())["id"] == "acme"


def test_import_without_the_sample_page_is_wrong_usage(tmp_path: Path) -> None:
    (tmp_path / "boxes.json").write_text('{"1": [[280, 90], [100, 45]]}')
    run = khana(
        "template", "import", tmp_path / "boxes.json", "--image", tmp_path / "nothing.png",
        "--names", "number", "--kinds", "number", "-o", tmp_path / "made.json",
    )  # fmt: skip
    assert (run.returncode, (tmp_path / "made.json").exists()) == (2, False)


def test_an_output_without_its_folder_is_wrong_usage(tmp_path: Path) -> None:
    (tmp_path / "boxes.json").write_text('{"1": [[280, 90], [100, 45]]}')
    page = draw(tmp_path / "page.png")
    open_backend(Settings(data=tmp_path / "data"))
    nowhere = tmp_path / "none" / "out"
    for args in (
        ("template", "import", tmp_path / "boxes.json", "--image", page,
         "--names", "number", "--kinds", "number", "--id", "a", "-o", nowhere),
        ("export", "--data", tmp_path / "data", "-o", nowhere),
        ("backup", "--data", tmp_path / "data", nowhere),
    ):  # fmt: skip
        run = khana(*args)
        assert run.returncode == 2
        assert f"{nowhere.parent} is not a folder" in " ".join(run.stderr.split())
        assert "Traceback" not in run.stderr


def test_one_file_that_may_not_be_read_costs_that_file_alone(
    tmp_path: Path, template: Path
) -> None:
    closed, fine = draw(tmp_path / "a.png"), draw(tmp_path / "b.png")
    closed.chmod(0)
    run = unprivileged("read", "--template", template, "--json", closed, fine)
    assert run.returncode == 1, run.stderr
    assert [line["status"] == "failed" for line in lines(run)] == [True, False]
    assert "a.png: Permission denied" in run.stdout
    template.chmod(0)
    run = unprivileged("template", "check", template, tmp_path / "none.json")
    assert (run.returncode, run.stdout.count("form.json: Permission denied")) == (1, 1)


def test_an_output_that_may_not_be_written_is_wrong_usage(tmp_path: Path) -> None:
    (tmp_path / "boxes.json").write_text('{"1": [[280, 90], [100, 45]]}')
    closed = tmp_path / "closed.json"
    closed.touch(0o444)
    run = unprivileged(
        "template", "import", tmp_path / "boxes.json", "--image", draw(tmp_path / "page.png"),
        "--names", "number", "--kinds", "number", "-o", closed,
    )  # fmt: skip
    assert run.returncode == 2
    assert "is not writable" in run.stderr


def test_a_full_disk_is_one_sentence(tmp_path: Path, template: Path) -> None:
    page = draw(tmp_path / "page.png")
    open_backend(Settings(data=tmp_path / "data"))
    for args in (
        ("read", "--template", template, page),
        ("read", "--template", template, "--json", page),
        ("export", "--data", tmp_path / "data"),
    ):
        with Path("/dev/full").open("w") as full:
            run = khana(*args, stdout=full)
        assert run.returncode == 1
        assert run.stderr == "khana: No space left on device [system_error]\n"


def test_who_has_read_enough_is_told_nothing(tmp_path: Path, template: Path) -> None:
    """As with other programs, whose 141 says so to a script that asks."""
    page = draw(tmp_path / "page.png")
    store = connect(Settings(data=tmp_path / "data")).store
    for n in range(300):
        source = SourceRef(kind="upload", file_id=str(n), name=f"{n}.png")
        store.create(Invoice(id=f"{n:032x}", source=source, received_at=now()))
    for args in (
        ("export", "--data", tmp_path / "data"),
        ("read", "--template", template, page),
        ("read", "--template", template, "--json", page),
        ("config",),
        ("--help",),
        ("template", "check", template),
    ):
        reading, writing = os.pipe()
        os.close(reading)
        with os.fdopen(writing, "w") as read_by_nobody:
            run = khana(*args, stdout=read_by_nobody)
        assert (run.returncode, run.stderr) == (141, ""), args


@pytest.mark.parametrize("host", ["no.such.host.invalid", "192.0.2.1", ""])
def test_an_address_that_is_not_this_machine_s(host: str, tmp_path: Path) -> None:
    run = khana("serve", "--host", host, "--port", 0, "--data", tmp_path)
    assert run.returncode == 2
    assert run.stderr.startswith(f"khana: can't listen on {host}")
    assert run.stderr.endswith("with --host [address_unusable]\n")


def test_a_port_that_is_taken(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        run = khana("serve", "--port", taken.getsockname()[1], "--data", tmp_path)
    assert run.returncode == 2
    assert run.stderr.endswith("name another port with --port [address_in_use]\n")


def test_config_says_where_a_setting_comes_from(tmp_path: Path) -> None:
    file = tmp_path / "khana.toml"
    file.write_text("port = 9001\nworkers = 3\n")
    env = {"KHANA_CONFIG": str(file), "KHANA_WORKERS": "4"}
    table = khana("config", "--host", "0.0.0.0", env=env).stdout
    rows = {
        cells[0]: cells[1:3]
        for line in table.splitlines()
        if "│" in line
        for cells in [[cell.strip() for cell in line.strip("│").split("│")]]
    }
    assert rows["port"] == ["9001", f"file {file}"]
    assert rows["workers"] == ["4", "environment KHANA_WORKERS"]
    assert rows["host"] == ["0.0.0.0", "flag"]
    assert rows["settle"][1] == "default"


def test_a_setting_that_does_not_fit_is_wrong_usage() -> None:
    run = khana("config", env={"KHANA_PORT": "99999"})
    assert run.returncode == 2
    assert "port" in run.stderr
    assert "KHANA_PORT" in run.stderr


def test_serve_is_for_this_machine_alone() -> None:
    run = khana("serve", env={"KHANA_BACKEND": "google", "KHANA_BUCKET": "b"})
    assert run.returncode == 2
    assert run.stderr.startswith("khana: setting backend: ")


def test_export_writes_what_is_stored(tmp_path: Path) -> None:
    adapters = connect(Settings(data=tmp_path))
    source = SourceRef(kind="upload", file_id="a.png", name="a.png")
    invoice = receive(adapters, BytesIO(b"page"), source, Settings())
    table = khana("export", "--data", tmp_path)
    assert table.returncode == 0, table.stderr
    (row,) = csv.DictReader(table.stdout.removeprefix("\ufeff").splitlines())
    assert (row["id"], row["file"], row["status"]) == (invoice.id, "a.png", "received")
    (line,) = lines(khana("export", "--data", tmp_path, "--format", "json"))
    assert line["id"] == invoice.id
    assert khana("export", "--data", tmp_path, "--format", "json", "--status", "done").stdout == ""


@pytest.mark.parametrize(
    "command",
    [("export",), ("replay",), ("template", "list"), ("key", "list"), ("webhook", "list")],
)
def test_a_mistyped_data_folder_is_told_of_and_not_made(
    tmp_path: Path, command: tuple[str, ...]
) -> None:
    run = khana(*command, "--data", tmp_path / "daat")
    assert (run.returncode, run.stdout) == (1, "")
    assert run.stderr == (
        f"khana: {tmp_path / 'daat'}: holds no store: name its data folder with --data "
        "[not_found]\n"
    )
    assert not (tmp_path / "daat").exists()


def test_export_to_a_file_is_whole_or_not_there(tmp_path: Path) -> None:
    adapters = connect(Settings(data=tmp_path))
    receive(
        adapters, BytesIO(b"p"), SourceRef(kind="upload", file_id="a", name="a.png"), Settings()
    )
    book = tmp_path / "out.xlsx"
    run = khana("export", "--data", tmp_path, "--format", "xlsx", "-o", book, "--language", "ar")
    assert run.returncode == 0, run.stderr
    assert openpyxl.load_workbook(book).active.sheet_view.rightToLeft
    run = khana(
        "export", "--data", tmp_path, "--format", "pdf", "-o", tmp_path / "x.pdf", "--font", "nope"
    )
    assert run.returncode == 2
    assert run.stderr.startswith("khana: setting font: nope is not there")
    assert not (tmp_path / "x.pdf").exists()


def failed(adapters: Adapters, name: str) -> Invoice:
    source = SourceRef(kind="upload", file_id=name, name=name)
    made = receive(adapters, BytesIO(name.encode()), source, Settings())
    error = ErrorInfo(code="corrupt_file", message=name)
    outcome = Outcome(status=Status.FAILED, error=error)
    return adapters.store.update(made.id, lambda it: finish(it, outcome, reader="reader-1"))


def test_replay_has_what_failed_read_again(tmp_path: Path) -> None:
    backend = open_backend(Settings(data=tmp_path))
    adapters = backend.adapters
    bad, other = (failed(adapters, name) for name in ("a.png", "b.png"))
    source = SourceRef(kind="folder", file_id="huge", name="huge.png")
    huge = Invoice(id="f" * 32, status=Status.FAILED, source=source, received_at=now())
    adapters.store.create(huge)
    while (delivery := backend.queue.take()) is not None:
        backend.queue.acknowledge(delivery)

    one = khana("replay", "--data", tmp_path, bad.id)
    assert (one.returncode, one.stdout) == (0, "1 to be read again, 0 left as they are\n")
    rest = khana("replay", "--data", tmp_path)
    assert (rest.returncode, rest.stdout) == (1, "1 to be read again, 1 left as they are\n")
    assert rest.stderr == "khana: huge.png: its file was not taken in [no_file]\n"
    for again in (bad, other):
        assert adapters.store.get(again.id).status is Status.RECEIVED
        delivery = backend.queue.take()
        assert delivery is not None
        assert delivery.ref == again.object
    assert backend.queue.take() is None
    adapters.store.update(bad.id, lambda it: it.model_copy(update={"status": Status.DONE}))
    adapters.store.update(bad.id, lambda it: reject(it, "is a duplicate", by="Mona"))
    everything = khana("replay", "--data", tmp_path, "--all")
    assert everything.stdout == "1 to be read again, 1 left as they are\n"
    for wrong in (["--all", "--status", "done"], [bad.id, "--all"]):
        assert khana("replay", "--data", tmp_path, *wrong).returncode == 2


def test_check_says_which_templates_look_alike(tmp_path: Path) -> None:
    samples = Path("samples/templates")
    template = json.loads((samples / "rimal.json").read_text())
    for name in ("first", "second"):
        changed = template | {"id": name, "reference": "form.png"}
        (tmp_path / f"{name}.json").write_text(json.dumps(changed))
    (tmp_path / "form.png").write_bytes((samples / "rimal.png").read_bytes())
    files = tmp_path / "first.json", tmp_path / "second.json", samples / "waha.json"
    run = khana("template", "check", *files)
    assert run.returncode == 0
    (said,) = [line for line in run.stdout.splitlines() if "look alike" in line]
    assert said.startswith(f"{files[0]} and {files[1]} look alike")


def test_check_says_which_examples_tell_nothing(tmp_path: Path) -> None:
    template = json.loads(Path("samples/templates/rimal.json").read_text())
    examples = {"total": "١٢/٣", "date": "2026/03/25", "customer": "Coast Hardware"}
    for field in template["fields"]:
        if field["name"] in examples:
            field["example"] = examples[field["name"]]
    path = tmp_path / "rimal.json"
    path.write_text(json.dumps(template | {"reference": None}))
    run = khana("template", "check", path)
    assert run.returncode == 0
    assert run.stdout.splitlines()[1:] == [f"{path}: total: the example “١٢/٣” tells nothing"]


def test_check_says_which_boxes_cut_through_print(tmp_path: Path) -> None:
    template = json.loads(Path("samples/templates/rimal.json").read_text())
    for field in template["fields"]:
        left, top, right, bottom = field["box"]
        if field["name"] == "total":
            field["box"] = left, top, (left + right) // 2, bottom
        if field["name"] == "date":  # half a line too high
            field["box"] = left, top - (bottom - top) // 2, right, (top + bottom) // 2
    (tmp_path / "form.png").write_bytes(Path("samples/invoices/rimal-0091288.png").read_bytes())
    path = tmp_path / "rimal.json"
    path.write_text(json.dumps(template | {"reference": "form.png"}))
    run = khana("template", "check", path)
    assert run.returncode == 0
    assert run.stdout.splitlines()[1:] == [
        f"{path}: {name}: its box cuts through what stands there on the picture"
        for name in ("date", "total")
    ]
    whole = khana("template", "check", *Path("samples/templates").glob("*.json"))
    assert "cuts" not in whole.stdout


def test_check_refuses_a_blank_reference(tmp_path: Path) -> None:
    template = json.loads(Path("samples/templates/rimal.json").read_text())
    blank = np.full(template["page_size"][::-1], 255, np.uint8)
    cv2.imwrite(str(tmp_path / "blank.png"), blank)
    path = tmp_path / "blank.json"
    path.write_text(json.dumps(template | {"reference": "blank.png"}))
    run = khana("template", "check", path)
    assert run.returncode == 1
    assert "has too little on it to align pages to [reference_unusable]" in run.stdout
