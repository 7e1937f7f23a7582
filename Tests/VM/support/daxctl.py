"""What `daxctl list` says of the same machine."""

import json

from . import ndctl


def listed(vm, options="-DRiM"):
    """The JSON of `daxctl list`; [] where it prints nothing."""
    text = vm.run(["daxctl", "list", options], check=True).out
    return json.loads(text) if text.strip() else []


def assert_agrees(vm, but_blocks_of=()):
    """Asserts that `inventory --daxctl-json` says what `daxctl list -DRiM` says, field by field, and, with its numbers written for
    people, what `daxctl list -DRiuM` says. Returns what it says of each device.

    `but_blocks_of`: devices whose memory blocks daxctl counts where they are not.
    """
    text = vm.run(["daxprov", "inventory", "--daxctl-json"], check=True).out
    ours = json.loads(text) if text.strip() else []
    found = {device["chardev"]: dict(device) for region in ours for device in region.get("devices", [])}
    theirs, for_people = listed(vm), listed(vm, "-DRiuM")
    if isinstance(for_people, dict):  # of one region
        for_people = [for_people]
    for document in (ours, theirs, for_people):
        for device in (device for region in document for device in region.get("devices", [])):
            if device["chardev"] in but_blocks_of:
                for key in ("online_memblocks", "total_memblocks", "movable"):
                    device.pop(key, None)
    ndctl.assert_equal_as_sets(ours, theirs, "daxctl")
    ndctl.assert_equal_as_sets(written_for_people(ours), for_people, "daxctl -u")
    return found


def written_for_people(value, key=None, parent=None):
    """The document of `daxctl list` as its option -u prints it: sizes with units, places as hexadecimal numbers."""
    if isinstance(value, dict):
        return {name: written_for_people(each, name, value) for name, each in value.items()}
    if isinstance(value, list):
        return [written_for_people(each, key, parent) for each in value]
    if key in ("page_offset", "start", "end"):
        return f"{value:#x}" if value else "0"
    # The alignment of a region stays a number.
    if key in ("size", "available_size") or key == "align" and "chardev" in parent:
        return size_for_people(value)
    return value


def size_for_people(size):
    """Below 5000 KiB the number; else hundredths of MiB and MB, from 2 GiB on of GiB and GB."""
    if size < 5000 * 1024:
        return size
    letter, binary, decimal = ("M", 1 << 20, 10 ** 6) if size < 2 << 30 else ("G", 1 << 30, 10 ** 9)
    shown = ((200 * size // unit + 1) // 2 for unit in (binary, decimal))
    of_binary, of_decimal = (f"{each // 100}.{each % 100:02}" for each in shown)
    return f"{of_binary} {letter}iB ({of_decimal} {letter}B)"
