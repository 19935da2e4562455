"""A small run of the simulation on each world; `make chaos` is the large one."""

import pytest

from .__main__ import came_to, compared


@pytest.mark.timeout(300)
def test_everything_goes_wrong_and_nothing_is_lost() -> None:
    calm = came_to(5, 8, "local", calm=True)
    local, again, google = (came_to(5, 8, where) for where in ("local", "local", "google"))
    assert compared(local, calm) == []
    assert compared(google, calm) == []
    assert local.met["processes killed"] > 0
    # The same seed is the same run.
    assert (local.steps, local.met, local.answers) == (again.steps, again.met, again.answers)
    assert local.simulated_s == again.simulated_s


def test_what_goes_wrong_without_a_remedy_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Here a reader that forgets to store what it has read."""
    monkeypatch.setattr("core.pipeline.finish", lambda current, *_, **__: current)
    monkeypatch.setattr("tests.chaos.run.LONGEST_S", 100.0)
    came = came_to(7, 3, "local", calm=True)
    assert any("is reading" in each for each in came.wrong)
