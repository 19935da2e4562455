"""The model of costs and of a peak."""

import json
from random import Random

import pytest

from tests.bench.cost import PRICES, Use, bill, peak


def test_each_invoice_costs_about_the_same_however_many_come() -> None:
    prices = json.loads(PRICES.read_text(encoding="utf-8"))
    million = bill(1_000_000, Use(seconds=0.1), prices)
    many = bill(100_000_000, Use(seconds=0.1), prices)
    for part in ("reading", "Storage", "Firestore", "API and page", "events"):
        assert many[part] == pytest.approx(100 * million[part])
    assert many["watching Drive"] < 100 * million["watching Drive"]  # it looks as often


def test_webhooks_cost_their_rounds_and_what_is_told() -> None:
    prices = json.loads(PRICES.read_text(encoding="utf-8"))
    nobody = bill(1_000_000, Use(seconds=0.1, messages=0), prices)["webhooks"]
    one, two = (bill(1_000_000, Use(seconds=0.1, messages=n), prices)["webhooks"] for n in (1, 2))
    assert 0.1 < nobody < 1  # a round each minute, with nothing to tell
    assert one > 10 * nobody
    assert two == pytest.approx(2 * one, rel=0.05)


def test_reading_is_billed_in_whole_tenths_of_a_second() -> None:
    prices = json.loads(PRICES.read_text(encoding="utf-8"))
    short, longer = (bill(1000, Use(seconds=s, waiting=0.0), prices) for s in (0.11, 0.19))
    assert short["reading"] == longer["reading"]


def test_enough_instances_answer_at_once_and_too_few_fall_behind() -> None:
    enough = peak(3600, 3600.0, [0.5], most=20, start=2.0, rng=Random(1))
    assert enough.delays[len(enough.delays) // 2] == 0.5
    assert enough.delays[-1] <= 2.5
    few = peak(3600, 3600.0, [2.0], most=1, start=2.0, rng=Random(1))
    assert few.done_after == pytest.approx(7200, rel=0.01)
    assert few.longest_queue == pytest.approx(1800, rel=0.05)
    assert few.most_results_a_second == pytest.approx(0.5)
