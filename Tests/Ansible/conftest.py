import pytest

from controller import BINARY, Controller, programs


@pytest.fixture(scope="session", params=["debian", "pypi"])
def stack(request):
    """A version of ansible-core: Debian's, and the newest on PyPI for this Python."""
    assert BINARY.exists(), f"{BINARY} is missing: make release"
    try:
        programs(request.param)
    except RuntimeError as error:
        pytest.skip(f"no ansible-core of {request.param}: {error}")
    return request.param


@pytest.fixture
def ansible(stack, tmp_path):
    return Controller(tmp_path, stack)
