"""Times daxprov against ndctl in one virtual machine with one kernel, side by side.

Usage: vm.py [TOPOLOGY]. The program is DAXPROV_BINARY, as for Tests/VM. Only ratios mean anything: the machine may be
an emulated one.
"""
import statistics
import sys
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "VM"))

from lab import Machine, labels  # noqa: E402

SIZE = "16 MiB"
INITIALISE_NFIT = " && ".join(
    f"ndctl {command} -b nfit_test.0 all"
    for command in ("disable-region", "init-labels -f -V 1.2", "disable-dimm", "enable-dimm", "enable-region"))


@dataclass(frozen=True)
class Case:
    """A region, and how many namespaces fill it; the larger the region, the more."""
    topology: str
    region: int
    count: int
    prepare: str


CASES = (
    Case("nvdimm-small", 0, 64, labels.INITIALISE),
    Case("nfit", 1, 4, INITIALISE_NFIT),
)


def profile(case):
    lines = ["version: 1", "regions:", f"  - match: {{region: {case.region}}}", "    namespaces:"]
    names = [f"      - {{name: n{index:02}, mode: devdax, size: {SIZE}}}" for index in range(case.count)]
    return "\n".join(lines + names) + "\n"


def seconds(machine, script):
    """The seconds that a script takes in the guest, by its clock."""
    timed = machine.run(
        "read a rest < /proc/uptime\n" + script + "\nread b rest < /proc/uptime\necho \"TIMES $a $b\"", timeout=900
    ).check()
    begin, end = next(line.split()[1:] for line in timed.out.splitlines() if line.startswith("TIMES"))
    return float(end) - float(begin)


def clear(machine, case):
    machine.run(f"ndctl destroy-namespace -f -r region{case.region} all", timeout=900)


def loop(machine, case):
    """The seconds of a shell loop, and of the first and last eighth of it."""
    eighth = max(case.count // 8, 1)
    create = f"ndctl create-namespace -r region{case.region} -m devdax -s 16M > /dev/null || exit 1"
    parts = [
        seconds(machine, f"for i in $(seq {eighth}); do {create}; done") for _ in range(case.count // eighth)]
    return sum(parts), parts[0], parts[-1]


def apply(machine, case):
    """The seconds of one apply, and of a create in its first and in its last eighth, by the lines of its progress."""
    machine.run("rm -rf /tmp/state")
    command = "daxprov apply --yes --state-dir /tmp/state /tmp/profile.yaml"
    stamp = "while read -r line; do read up rest < /proc/uptime; echo \"$up $line\"; done"
    total = seconds(machine, f"{command} 2>&1 > /dev/null | {{ {stamp}; }} > /tmp/progress")
    text = machine.run("cat /tmp/progress").check().out
    begun = [float(line.split()[0]) for line in text.splitlines() if f"/{case.count}]" in line]
    if len(begun) != case.count:
        sys.exit(f"{len(begun)} of {case.count} steps were seen:\n{text}")
    steps = [later - earlier for earlier, later in zip(begun, begun[1:])]
    eighth = max(case.count // 8, 1)
    return total, statistics.mean(steps[:eighth]), statistics.mean(steps[-eighth:])


def processor(machine, command):
    """The least processor time of a command, in seconds, by the guest's accounting."""
    times = []
    for _ in range(5):
        out = machine.run(f"sh -c '{command} > /dev/null'; times", timeout=300).check().out
        spent = out.split()[-2:]
        times.append(sum(int(t.split("m")[0]) * 60 + float(t.split("m")[1].rstrip("s")) for t in spent))
    return min(times)


def bench(case):
    with Machine(case.topology) as machine:
        machine.run(case.prepare, timeout=300).check()
        machine.write_file("/tmp/profile.yaml", profile(case))
        ours = apply(machine, case)
        inventory = processor(machine, "daxprov inventory --json")
        listing = processor(machine, "ndctl list -BDRNXv")
        unchanged = processor(machine, "daxprov plan /tmp/profile.yaml")
        clear(machine, case)
        theirs = loop(machine, case)
        clear(machine, case)
        best = min(ours, apply(machine, case))
    what = f"{case.count} devdax namespaces of {SIZE}"
    rows = [
        (f"{what}: shell loop of ndctl create-namespace, s", theirs[0]),
        (f"{what}: daxprov apply, s", best[0]),
        ("loop against apply", theirs[0] / best[0]),
        ("inventory --json against ndctl list -BDRNXv, processor time", inventory / listing),
        ("plan without changes against ndctl list -BDRNXv, processor time", unchanged / listing),
    ]
    if case.count >= 16:  # fewer steps are shorter than the clock's ticks
        rows += [
            ("ndctl: last eighth against first", theirs[2] / theirs[1]),
            ("daxprov: last eighth against first", best[2] / best[1]),
        ]
    width = max(len(text) for text, _ in rows)
    print(case.topology)
    for text, value in rows:
        print(f"  {text:{width}}  {value:8.2f}")


for chosen in CASES:
    if chosen.topology in (sys.argv[1:] or [case.topology for case in CASES]):
        bench(chosen)
