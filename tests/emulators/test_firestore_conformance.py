from emulators.conformance import compare


def test_the_list_must_be_true():
    results = {"a": "passed", "b": "failed", "c": "skipped", "d": "passed"}

    assert compare(results, {"b", "c"}) == []
    assert compare(results, {"c"}) == ["b failed, which is not listed"]
    assert compare(results, {"b", "c", "d"}) == ["d passes, but is listed"]
    assert compare(results, {"b", "c", "e"}) == ["e is listed, but there is no such test"]
