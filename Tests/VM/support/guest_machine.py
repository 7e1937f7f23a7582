"""A virtual machine inside the machine, whose memory is a device-dax device."""

from .contents import DAXMAP
from .judge import Shipped

ROM_SIZE = 1 << 16
# What the guest stores: a pattern in 64 KiB of its memory, of which it then counts up the first two bytes for ever.
START, LENGTH, PATTERN = 0x10000, 0x10000, 0xA55A
CODE = bytes.fromhex(
    "b80010 8ec0"       # mov ax, START / 16; mov es, ax
    "31ff b90080"       # xor di, di; mov cx, LENGTH / 2
    "b85aa5 fcf3ab"     # mov ax, PATTERN; cld; rep stosw
    "baf803 b077 ee"    # mov dx, 0x3f8 (the serial line); mov al, 'w'; out dx, al
    "26ff060000 ebf9")  # inc word [es:0]; jmp to the inc
AT_RESET = bytes.fromhex("ea000000f0")  # jmp f000:0000


def rom():
    """What such a guest executes, in place of a firmware."""
    return CODE.ljust(ROM_SIZE - 16, b"\xf4") + AT_RESET.ljust(16, b"\xf4")


class GuestMachine:
    """QEMU in the machine, on the device at `node`; it has stored its pattern when this returns."""

    def __init__(self, vm, node, size, align):
        self.vm, self.node = vm, node
        vm.write_file("/tmp/rom", rom())
        memory = f"memory-backend-file,id=ram,share=on,mem-path={node},size={size},align={align}"
        self.job = Shipped(vm, "qemu-system-x86_64").start(
            "-machine", "microvm,memory-backend=ram", "-accel", "tcg,tb-size=8", "-nodefaults", "-no-user-config", "-display", "none",
            "-object", memory, "-m", f"{size >> 20}M", "-bios", "/tmp/rom", "-serial", "stdio", stdin=True)
        self.job.wait_for_output(b"w")

    def assert_works(self):
        """It goes on storing, and its memory is what it stored."""
        assert self.job.running, self.job.wait()
        seen = {stored(self.vm, self.node) for _ in range(3)}
        assert len(seen) > 1, seen


def stored(vm, node):
    """What a guest counted to, read from its device; the rest of its pattern must be there."""
    found = vm.run(f"{DAXMAP} read {node} | head -c {START + LENGTH} | tail -c {LENGTH}", check=True).stdout
    assert found[2:] == PATTERN.to_bytes(2, "little") * (LENGTH // 2 - 1)
    return int.from_bytes(found[:2], "little")
