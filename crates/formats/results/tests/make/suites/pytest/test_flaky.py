"""Tests that are run again."""

import pathlib

import pytest


@pytest.mark.flaky(reruns=2)
def test_second_time_lucky(tmp_path_factory):
    mark = pathlib.Path(__file__).with_suffix(".mark")
    if not mark.exists():
        mark.write_text("seen")
        assert False, "first time"
    mark.unlink()


@pytest.mark.flaky(reruns=2)
def test_never_lucky():
    assert False, "every time"
