"""Times daxprov wipe against daxio -z in one virtual machine with one kernel, side by side.

The program is DAXPROV_BINARY, as for Tests/VM; daxio is the machine's own (Debian's package pmdk-tools). Only ratios mean anything: the
machine may be an emulated one. The first pass over a device pays for its pages, so it is not counted.
"""
import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "VM"))

from lab import Machine, payload  # noqa: E402

PROFILE = """version: 1
regions:
  - match: {region: 0}
    namespaces:
      - {name: heap, mode: devdax, align: %s}
"""
SHORT, PASSES = 2 << 20, 10


def seconds(vm, command):
    """The seconds that a command takes in the guest, by its clock (in steps of 10 ms)."""
    timed = vm.run("read a rest < /proc/uptime\n" + command + "\nread b rest < /proc/uptime\necho \"TIMES $a $b\"", timeout=900)
    begin, end = next(line.split()[1:] for line in timed.check().out.splitlines() if line.startswith("TIMES"))
    return float(end) - float(begin)


def bench(topology, align):
    with Machine(topology, labelled=True) as vm:
        vm.write_file("/tmp/profile.yaml", PROFILE % align)
        vm.run("daxprov apply --yes /tmp/profile.yaml", timeout=300).check()
        namespace, = json.loads(vm.run("daxprov inventory --json").check().out)["buses"][0]["regions"][0]["namespaces"]
        node, size = "/dev/" + namespace["chardev"], namespace["usable_size"]
        daxio = f"LD_LIBRARY_PATH={payload.JUDGES_FOLDER} {payload.JUDGES_FOLDER}/daxio -z -o {node}"
        ours, theirs = [], []
        for index in range(PASSES + 1):
            report = json.loads(vm.run("daxprov wipe --yes --json --allow-destroy heap heap", timeout=900).check().out)
            item, = report["wipes"]
            whole, start = seconds(vm, f"{daxio} 2> /dev/null"), seconds(vm, f"{daxio} -l {SHORT} 2> /dev/null")
            if index > 0:
                ours.append(item["bytes"] / item["seconds"])
                theirs.append((size - SHORT) / max(whole - start, 0.01))
    ours, theirs = max(ours) / (1 << 20), max(theirs) / (1 << 20)
    print(f"devdax of {size >> 20} MiB, align {align}, best of {PASSES} passes after the first")
    print(f"  daxio -z, without its start, MiB/s  {theirs:8.0f}")
    print(f"  daxprov wipe, MiB/s                 {ours:8.0f}")
    print(f"  wipe against daxio                  {ours / theirs:8.2f}")


# The guest's clock is coarse: what is fast needs a large device.
for topology, align in (("nvdimm", "2 MiB"), ("nvdimm-small", "4 KiB")):
    bench(topology, align)
