"""The kinds of persistent memory a machine can have, and how QEMU and the kernel are told about each."""

from dataclasses import dataclass, field

KIB, MIB, GIB = 1 << 10, 1 << 20, 1 << 30


@dataclass(frozen=True)
class Image:
    """A file that keeps the contents of one device; it survives reboot and kill."""
    name: str
    size: int


@dataclass(frozen=True)
class Topology:
    name: str
    describes: str
    machine: str = "q35"
    cpu: str = "max,la57=off,-erms,-fsrm"  # emulated, "rep movsb" and its like go byte by byte
    memory: int = 256 * MIB        # ordinary memory, saved with the machine's state
    image_memory: int = 0          # memory that one of the devices adds, kept in an image
    hotplug: bool = False          # the board has slots for memory devices
    devices: tuple = ()            # QEMU arguments; {NAME} is replaced by the path of the image NAME
    images: tuple = ()
    kernel_arguments: str = ""
    modules_before: tuple = ()     # loaded before the machine's state is saved: they read no image
    modules_after: tuple = ()      # loaded at each start: they find the devices, as a boot would
    setup: str = ""                # a shell command run after modules_after
    can_be_saved: bool = True
    emulated_dimm_mebibytes: int = 0  # not 0: the kernel's nfit_test modules; all state is in the guest's RAM


DRIVERS = ("nd_pmem", "nd_btt", "device_dax", "dax_pmem", "loop", "dm_mod")


def nvdimms(name, describes, size, label, memory=256 * MIB, kernel_arguments=""):
    """Two DIMMs, each a region of its own. The label area lies behind the data, in the same file."""
    images, devices = [], []
    for index in range(2):
        images.append(Image(f"dimm{index}", size + label))
        devices += [
            "-object", f"memory-backend-file,id=m{index},share=on,align=1G,size={size + label},"
                       f"mem-path={{dimm{index}}}",
            "-device", f"nvdimm,id=n{index},memdev=m{index},label-size={label}"]
    return Topology(
        name, describes, machine="q35,nvdimm=on", hotplug=True, memory=memory,
        devices=tuple(devices), images=tuple(images), kernel_arguments=kernel_arguments, modules_before=DRIVERS,
        modules_after=("nfit",))


def placed(name, describes, *dimms, size=1024 * MIB, label=128 * KIB):
    """The small DIMMs in places of one's own: each has the name of its image, its slot, which its identity follows, its
    address, and its turn, which its region's number follows: that of its slot, if none is given. QEMU cannot take these over
    from a saved state."""
    images, devices = [], []
    for image, slot, address, *turn in dimms:
        images.append(Image(image, size + label))
        # QEMU lists DIMMs to the kernel in the order of a hash of their ids.
        devices += [
            "-object", f"memory-backend-file,id=m{slot},share=on,align=1G,size={size + label},"
                       f"mem-path={{{image}}}",
            "-device", f"nvdimm,id=n{turn[0] if turn else slot},memdev=m{slot},label-size={label},slot={slot},addr={address:#x}"]
    return Topology(
        name, describes, machine="q35,nvdimm=on", hotplug=True, devices=tuple(devices), images=tuple(images),
        modules_before=DRIVERS, modules_after=("nfit",), can_be_saved=False)


FIRST, SECOND, THIRD = 4 * GIB, 6 * GIB, 8 * GIB


def split_memory(name, describes, kernel_arguments, driver):
    """The guest's memory above 4 GiB is an image of its own, and the kernel is told that it is special."""
    low, high = 2 * GIB, 1536 * MIB  # QEMU's q35 puts the first 2 GiB below, the rest at 4 GiB
    return Topology(
        name, describes, memory=low, image_memory=high,
        images=(Image("high", high),), kernel_arguments=kernel_arguments,
        devices=(
            "-object", f"memory-backend-file,id=high,share=on,size={high},mem-path={{high}}",
            "-numa", "node,nodeid=0,memdev=ram,cpus=0", "-numa", "node,nodeid=1,memdev=high"),
        modules_before=DRIVERS, modules_after=driver)


def cxl(name, describes, *devices, size=1 * GIB, setup="", volatile=False, kernel_arguments=""):
    """CXL memory devices below one host bridge, each with the number of its images and its serial, in the order of the root
    ports that they are plugged into. No boot makes regions on them: QEMU's firmware has none, and the kernel forgets them."""
    images, arguments = [], ["-device", "pxb-cxl,bus_nr=12,bus=pcie.0,id=cxl.1"]
    for port in range(2):
        arguments += ["-device", f"cxl-rp,port={port},bus=cxl.1,id=rp{port},chassis=0,slot={port + 2}"]
    for port, (image, serial) in enumerate(devices):
        images += [Image(f"cxl{image}", size), Image(f"lsa{image}", 1 * MIB)]
        media = f"volatile-memdev=c{image}" if volatile else f"memdev=c{image},lsa=l{image}"
        arguments += [
            "-object", f"memory-backend-file,id=c{image},share=on,size={size},mem-path={{cxl{image}}}",
            "-object", f"memory-backend-file,id=l{image},share=on,size={1 * MIB},mem-path={{lsa{image}}}",
            "-device", f"cxl-type3,bus=rp{port},{media},id=mem{image},sn={serial:#x}"]
    return Topology(
        name, describes, machine="q35,cxl=on,cxl-fmw.0.targets.0=cxl.1,cxl-fmw.0.size=4G",
        cpu="max,la57=off,-erms,-fsrm,-hypervisor", hotplug=True, images=tuple(images), devices=tuple(arguments),
        modules_before=DRIVERS,
        modules_after=("cxl_acpi", "cxl_pci", "cxl_mem", *(("dax_cxl", "kmem") if volatile else ("cxl_pmem",))),
        can_be_saved=False, setup=setup, kernel_arguments=kernel_arguments)


SOFT_RESERVED = "memmap=1G%4G-1+0xefffffff memmap=512M%5G-1+0xefffffff"
HMEM = f"{SOFT_RESERVED} memhp_default_state=offline"
MEMMAP = "memory_hotplug.memmap_on_memory=1"

ALL = {topology.name: topology for topology in (
    # Longer than 4 GiB: within one region the kernel then numbers namespaces in an order other than by address.
    nvdimms("nvdimm", "two 6 GiB NVDIMMs with 2 MiB label areas, a region each, label-less when fresh",
            6144 * MIB, 2 * MIB, memory=512 * MIB),  # what is saved of 6 GiB lies in memory as well
    nvdimms("nvdimm-small", "two 1 GiB NVDIMMs with 128 KiB label areas, a region each, label-less when fresh",
            1024 * MIB, 128 * KIB),
    nvdimms("nvdimm-memmap", "the two small NVDIMMs; new memory may hold its own page map",
            1024 * MIB, 128 * KIB, kernel_arguments=MEMMAP),
    placed("nvdimm-placed", "the two small NVDIMMs, the first below the second",
           ("dimm0", 0, FIRST), ("dimm1", 1, SECOND)),
    placed("nvdimm-swapped", "the same two, the second below the first", ("dimm0", 0, SECOND), ("dimm1", 1, FIRST)),
    placed("nvdimm-moved", "the same two, higher, below them one that was added",
           ("dimm2", 2, FIRST), ("dimm0", 0, SECOND), ("dimm1", 1, THIRD)),
    placed("nvdimm-replaced", "another NVDIMM in the place of the first", ("dimm2", 2, FIRST), ("dimm1", 1, SECOND)),
    Topology("nfit", "the kernel's emulated NFIT: interleaved regions, bad blocks, scrub, sick DIMMs",
             memory=1 * GIB, emulated_dimm_mebibytes=32, modules_before=(*DRIVERS, "nfit_test")),
    Topology("nfit-large", "the emulated NFIT with DIMMs twice as large: room for several namespaces in a region",
             memory=1280 * MIB, emulated_dimm_mebibytes=64, modules_before=(*DRIVERS, "nfit_test")),
    split_memory("e820", "label-less regions of 1 GiB and 512 MiB, declared by the kernel's command line",
                 "memmap=1G!4G memmap=512M!5G", ("nd_e820",)),
    split_memory("hmem", "dynamic device-dax regions of 1 GiB and 512 MiB in soft-reserved memory",
                 # Since 6.12 its drivers make it system memory, which must not go online: that would be for good.
                 HMEM, ("dax_hmem", "kmem")),
    split_memory("hmem-idle", "the same regions, which no kernel makes memory of (region_idle)", f"{SOFT_RESERVED} dax_hmem.region_idle=1",
                 ("dax_hmem", "kmem")),
    split_memory("hmem-memmap", "the same regions; new memory may hold its own page map", f"{HMEM} {MEMMAP}",
                 ("dax_hmem", "kmem")),
    Topology("virtio-pmem", "a 1 GiB virtio-pmem device: a label-less region without DIMMs", memory=512 * MIB,
             hotplug=True, images=(Image("pmem", 1 * GIB),), modules_before=DRIVERS,
             modules_after=("virtio_pmem",), can_be_saved=False,  # QEMU 7.2 does not save this device
             devices=("-object", f"memory-backend-file,id=m0,share=on,size={1 * GIB},mem-path={{pmem}}",
                      "-device", "virtio-pmem-pci,memdev=m0")),
    cxl("cxl", "a 1 GiB CXL memory device and one region on it; labels in its label storage area", (0, 0x1),
        setup="cxl create-region -m -t pmem -d decoder0.0 -w 1 -g 256 mem0 > /dev/null"),  # after each boot
    cxl("cxl-two", "two 512 MiB CXL memory devices without a region; labels in their label storage areas",
        (0, 0x1111), (1, 0x2222), size=512 * MIB),
    cxl("cxl-two-turned", "the same two, each in the other's port", (1, 0x2222), (0, 0x1111), size=512 * MIB),
    cxl("cxl-volatile", "a 1 GiB CXL memory device that keeps nothing, and a region on it; new memory may hold its own page map",
        (0, 0x1), volatile=True, kernel_arguments=f"memhp_default_state=offline {MEMMAP}",
        setup="cxl create-region -m -t ram -d decoder0.0 -w 1 -g 256 mem0 > /dev/null"),
    Topology("none", "no persistent memory; the drivers are loaded", modules_before=(*DRIVERS, "nfit")),
)}
