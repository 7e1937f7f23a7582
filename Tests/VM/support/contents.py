"""What is on the devices."""

import hashlib

DAXMAP = "/opt/daxprov/bin/daxmap"  # see guest/daxmap.c


def digest(vm, node):
    """The SHA-256 of the whole device as its users see it; a character device is read through a mapping."""
    command = f"{DAXMAP} read {node} | sha256sum" if "dax" in node else f"sha256sum < {node}"
    return vm.run(command, check=True).out.split()[0]


def start_digest(vm, node, length=1 << 20):
    """The SHA-256 of the first `length` bytes of the device as its users see it."""
    source = f"{DAXMAP} read {node}" if "dax" in node else f"cat {node}"
    return vm.run(f"{source} | head -c {length} | sha256sum", check=True).out.split()[0]


def media_digest(vm, namespace, region):
    """The SHA-256 of the media that hold the namespace's data, read by the host; on a region of one DIMM.

    Of fsdax and devdax that is what lies behind the page map, which is the kernel's own.
    """
    return image_digest(vm, *media_range(namespace, region))


def media_range(namespace, region):
    """Where that is: the image, the offset in it, and the length."""
    direct = namespace["mode"] in ("fsdax", "devdax")
    length = namespace["usable_size"] if direct else namespace["raw_size"]
    end = namespace["resource"] + namespace["raw_size"] - region["resource"]
    return f"dimm{region['dev'].removeprefix('region')}", end - length, length


def image_digest(vm, image, offset, length):
    """The SHA-256 of a part of a DIMM's media, read by the host."""
    with open(vm.images[image], "rb") as file:
        file.seek(offset)
        return hashlib.sha256(file.read(length)).hexdigest()


def fill(vm, node, seed, length=1 << 20):
    """Writes `length` bytes that `seed` determines to the start of the device."""
    data = pattern(seed, length)
    command = f"{DAXMAP} write {node}" if "dax" in node else f"dd of={node} bs=64k oflag=direct conv=sync iflag=fullblock"
    vm.run(command, stdin=data, check=True)
    return data


def fill_all(vm, node, seed):
    """Writes the whole device, with a mebibyte again and again that `seed` determines."""
    sink = f"{DAXMAP} write {node}" if "dax" in node else f"dd of={node} bs=1M oflag=direct iflag=fullblock"
    vm.run("cat > /tmp/pattern", stdin=pattern(seed, 1 << 20), check=True)
    vm.run(f"while cat /tmp/pattern; do :; done 2> /dev/null | {sink} 2> /dev/null; sync")


def pattern(seed, length):
    """Bytes without a period."""
    return hashlib.shake_256(str(seed).encode()).digest(length)


def make_file(vm, node, directory, seed, length=1 << 20):
    """Makes an ext4 file system on the device, mounts it with DAX and writes the file `data` into it. The kernel has nothing to
    initialise there later."""
    vm.run(f"mkfs.ext4 -q -b 4096 -E lazy_itable_init=0,lazy_journal_init=0 {node} && mkdir -p {directory} && mount -o dax {node} {directory}", check=True)
    vm.run(f"cat > {directory}/data && sync", stdin=pattern(seed, length), check=True)
    return hashlib.sha256(pattern(seed, length)).hexdigest()


def file_digest(vm, directory):
    """The SHA-256 of the file `data`, read from the media, not from a cache."""
    return vm.run(f"echo 3 > /proc/sys/vm/drop_caches; sha256sum < {directory}/data", check=True).out.split()[0]
