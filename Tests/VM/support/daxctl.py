"""What `daxctl list` says of the same machine."""

import json

from . import ndctl


def listed(vm):
    """The JSON of `daxctl list -DRiM`; [] where it prints nothing."""
    text = vm.run(["daxctl", "list", "-DRiM"], check=True).out
    return json.loads(text) if text.strip() else []


def assert_agrees(vm, but_blocks_of=()):
    """Asserts that `inventory --daxctl-json` says what `daxctl list -DRiM` says, field by field, and returns it.

    `but_blocks_of`: devices whose memory blocks daxctl counts where they are not.
    """
    theirs = listed(vm)
    text = vm.run(["daxprov", "inventory", "--daxctl-json"], check=True).out
    ours = json.loads(text) if text.strip() else []
    found = {device["chardev"]: dict(device) for region in ours for device in region.get("devices", [])}
    for document in (ours, theirs):
        for device in (device for region in document for device in region.get("devices", [])):
            if device["chardev"] in but_blocks_of:
                for key in ("online_memblocks", "total_memblocks", "movable"):
                    device.pop(key, None)
    ndctl.assert_equal_as_sets(ours, theirs, "daxctl")
    return found
