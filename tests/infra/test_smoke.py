"""`make smoke` on doubles of Google Cloud: what it finds right and wrong, and what it leaves."""

import json
import sys
import urllib.request

import pytest
from emulators.serving import ROOT, free_port

sys.path.append(str(ROOT / "infra"))

import smoke

from tests.emulators.run_google import khana_on_google

pytestmark = pytest.mark.infra


def test_a_sample_goes_through_and_nothing_stays(capsys) -> None:
    with khana_on_google(free_port()) as khana:
        assert smoke.main([khana.url]) == 0
        for path in ("invoices", "templates"):
            with urllib.request.urlopen(f"{khana.url}/v1/{path}") as answer:
                assert json.load(answer)[path] == []
    assert "7 of 7 numbers right" in capsys.readouterr().out


def test_a_wrong_value_is_said(capsys, monkeypatch) -> None:
    read = json.loads

    def lies(text: str) -> dict:
        found = read(text)
        if smoke.INVOICE in found:
            found[smoke.INVOICE]["fields"]["total"]["value"] = "1.00"
        return found

    monkeypatch.setattr(smoke.json, "loads", lies)
    with khana_on_google(free_port()) as khana:
        assert smoke.main([khana.url]) == 1
    assert ", not 1.00" in capsys.readouterr().err


def test_a_deployment_that_is_not_there_is_said(capsys) -> None:
    assert smoke.main([f"http://127.0.0.1:{free_port()}"]) == 1
    assert "POST http://127.0.0.1" in capsys.readouterr().err
