"""What `ndctl list` says of the same machine."""

import json


def listed(vm, *options):
    """The JSON of `ndctl list`; [] where it prints nothing."""
    text = vm.run(["ndctl", "list", *options], check=True).out
    return json.loads(text) if text.strip() else []


def assert_agrees(vm):
    """Asserts that `inventory --ndctl-json` says what `ndctl list -BDRNv` says, field by field."""
    text = vm.run(["daxprov", "inventory", "--ndctl-json"], check=True).out
    assert_equal_as_sets(json.loads(text) if text.strip() else [], listed(vm, "-BDRNv"), "ndctl")


def assert_equal_as_sets(ours, theirs, tool):
    """Asserts that two documents say the same, in whatever order they list devices."""
    differences = list(_differences("", _by_device(ours), _by_device(theirs), tool))
    assert not differences, f"daxprov and {tool} differ:\n" + "\n".join(differences)


def _by_device(value):
    """The value with every list of devices as a mapping from device to what is said of it."""
    if isinstance(value, dict):
        return {key: _by_device(each) for key, each in value.items()}
    if not isinstance(value, list):
        return value
    key = next((key for key in ("dev", "chardev", "dimm", "path", "page_offset") if value and all(
        isinstance(each, dict) and key in each for each in value)), None)
    if key is None:
        return [_by_device(each) for each in value]
    assert len({each[key] for each in value}) == len(value), f"a device is listed twice: {value}"
    return {each[key]: _by_device(each) for each in value}


def _differences(place, ours, theirs, tool):
    if isinstance(ours, dict) and isinstance(theirs, dict):
        for key in sorted({*ours, *theirs}):
            yield from _differences(f"{place}/{key}", ours.get(key, "(absent)"), theirs.get(key, "(absent)"), tool)
    elif (type(ours), ours) != (type(theirs), theirs):
        yield f"{place}: {ours!r}, {tool}: {theirs!r}"
