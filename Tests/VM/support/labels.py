"""Label areas as bytes: their slots, read and changed past the kernel (drivers/nvdimm/label.h)."""

import struct

SLOT, INDEXES, CHECKSUM = 256, 512, 248
NAME, FLAGS, ABSTRACTION = 16, 80, 144


def fletcher64(data):
    low = high = 0
    for (word,) in struct.iter_unpack("<I", data):
        low = (low + word) & 0xffffffff
        high = (high + low) & 0xffffffffffffffff
    return (high << 32 | low) & 0xffffffffffffffff


def slots(area, name):
    """Where the labels of that name begin in an area of 128 KiB with labels of version 1.2."""
    return [start for start in range(INDEXES, len(area) - SLOT, SLOT)
            if area[start + NAME:start + NAME + 64].rstrip(b"\0") == name.encode()]


def put(area, name, offset, data):
    """Writes bytes into the labels of that name."""
    found = slots(area, name)
    assert found
    for start in found:
        label = bytearray(area[start:start + SLOT])
        label[offset:offset + len(data)] = data
        label[CHECKSUM:] = bytes(8)
        label[CHECKSUM:] = struct.pack("<Q", fletcher64(bytes(label)))
        area[start:start + SLOT] = label
    return area


def read(vm, dimm="nmem0"):
    vm.run(f"ndctl read-labels -o /tmp/labels {dimm}", check=True)
    return bytearray(vm.read_file("/tmp/labels"))


def write(vm, area, dimm="nmem0", region="region0"):
    """Writes a whole label area, and lets the kernel read it."""
    vm.write_file("/tmp/labels", bytes(area))
    vm.run(f"ndctl disable-region {region}; ndctl write-labels -i /tmp/labels {dimm} && ndctl disable-dimm {dimm} && "
           f"ndctl enable-dimm {dimm} && ndctl enable-region {region}", check=True)
