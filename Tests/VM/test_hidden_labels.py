"""A label for which the kernel makes no namespace takes its capacity all the same."""

import struct

import pytest

from support import Daxprov, namespace, profile, region
from support.inventory import MIB

SLOT, INDEXES, COOKIE, SLOT_NUMBER, CHECKSUM = 256, 512, 88, 120, 248


def fletcher64(data):
    low = high = 0
    for (word,) in struct.iter_unpack("<I", data):
        low = (low + word) & 0xffffffff
        high = (high + low) & 0xffffffffffffffff
    return (high << 32 | low) & 0xffffffffffffffff


def estrange(area, name):
    """Gives the label of that name the cookie of another interleave set: the kernel leaves it out then."""
    found = 0
    for start in range(INDEXES, len(area) - SLOT, SLOT):
        label = bytearray(area[start:start + SLOT])
        if label[16:80].rstrip(b"\0") != name.encode():
            continue
        label[COOKIE:COOKIE + 8] = struct.pack("<Q", 0x1234)
        label[CHECKSUM:] = bytes(8)
        label[CHECKSUM:] = struct.pack("<Q", fletcher64(bytes(label)))
        area[start:start + SLOT] = label
        found += 1
    assert found
    return area


@pytest.mark.each_kernel
def test_capacity_of_a_label_without_namespace_is_seen_and_left_alone(labelled):
    vm, daxprov = labelled, Daxprov(labelled)
    daxprov.applied(profile(region(0, *(
        namespace(name=name, mode="raw", size="128 MiB") for name in ("first", "hidden", "last")))))
    hidden = daxprov.inventory().named("hidden")
    vm.run("ndctl disable-region region0 && ndctl read-labels -o /tmp/labels nmem0", check=True)
    vm.write_file("/tmp/labels", bytes(estrange(bytearray(vm.read_file("/tmp/labels")), "hidden")))
    vm.run("ndctl write-labels -i /tmp/labels nmem0 && ndctl disable-dimm nmem0 && ndctl enable-dimm nmem0 && "
           "ndctl enable-region region0", check=True)

    found = daxprov.inventory()
    assert [each["name"] for each in found.namespaces if "name" in each] == ["first", "last"]
    [label] = found.region(0)["uninstantiated_labels"]
    assert (label["name"], label["raw_uuid"]) == ("hidden", hidden["raw_uuid"])
    assert (label["offset"], label["length"]) == (128 * MIB, 128 * MIB)
    assert "hidden" in daxprov.run("inventory").out

    wanted = profile(region(
        0, namespace(name="first", mode="raw", size="128 MiB"), namespace(name="last", mode="raw", size="128 MiB"),
        namespace(name="rest", mode="fsdax", size="remaining")))
    # A region that was just enabled may need one of its namespaces enabled anew before it offers a seed.
    [change] = [each for each in daxprov.plan(wanted)["changes"] if each["kind"] != "enable"]
    made = daxprov.applied(wanted).named("rest")
    assert made["raw_size"] == found.region(0)["available_size"] == found.region(0)["size"] - 384 * MIB
    assert [made[key] for key in ("resource", "raw_size")] == [
        change["after"][key] for key in ("resource", "raw_size")]
    too_much = wanted.replace("remaining", f"{made['raw_size'] + 16 * MIB}").replace("rest", "more")
    assert daxprov.plan(too_much)["refusals"]
    assert daxprov.inventory().region(0)["uninstantiated_labels"] == [label]
