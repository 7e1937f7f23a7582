import pytest

from controller import BINARY, Controller, programs


STACKS = ("debian", "pypi")


def pytest_collection_modifyitems(items):
    """The longest test comes first, so that the others run beside it."""
    items.sort(key=lambda item: "test_walkthrough" not in item.nodeid)



@pytest.fixture(scope="session", params=STACKS)
def stack(request):
    """A version of ansible-core: Debian's, and the newest on PyPI for this Python. "any": the first that is there, for what does not
    depend on it."""
    assert BINARY.exists(), f"{BINARY} is missing: make release"
    reasons = []
    for name in STACKS if request.param == "any" else [request.param]:
        try:
            programs(name)
            return name
        except RuntimeError as error:
            reasons.append(f"no ansible-core of {name}: {error}")
    pytest.skip("; ".join(reasons))


@pytest.fixture
def ansible(stack, tmp_path):
    return Controller(tmp_path, stack)
