"""One test for each way a test can end."""

import pytest


def test_pass():
    assert True


def test_fail():
    print("before the failure")
    assert 1 == 2, "one is not two"


@pytest.fixture
def broken_setup():
    raise RuntimeError("no board found")


def test_setup_error(broken_setup):
    pass


@pytest.fixture
def broken_teardown():
    yield
    raise RuntimeError("board went away")


def test_teardown_error(broken_teardown):
    pass


@pytest.mark.skip(reason="needs a board")
def test_skip():
    pass


@pytest.mark.xfail(reason="known")
def test_xfail():
    assert False


@pytest.mark.xfail(reason="known")
def test_xpass():
    pass


@pytest.mark.xfail(reason="known", strict=True)
def test_xpass_strict():
    pass


@pytest.mark.parametrize("name", ["a<b&c\"d'", "::error::x", "\x1b[31mred", "é\u2028z"])
def test_hostile(name):
    print("\x1b[31m::error::no command\x00")
