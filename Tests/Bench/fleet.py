"""Times `daxprov plan --inventory-dir` for many hosts, and what it consists of, in one run on one machine.

Usage: fleet.py BINARY [HOSTS]. Every figure is the least of several runs, and ratios compare figures of this run.
"""
import json
import pathlib
import resource
import subprocess
import sys
import tempfile
import time

NAMESPACES = 16
RUNS = 3


def state(host, namespaces=NAMESPACES):
    """A simulated host: one interleave set of six DIMMs with this many namespaces of several modes."""
    modes = [{"mode": "fsdax"}, {"mode": "devdax"}, {"mode": "sector"}, {"mode": "devdax", "map": "mem"}]
    dimms = [{"id": f"{host}-{n}", "size": "126 GiB", "label_size": "128 KiB"} for n in range(6)]
    named = [{"name": f"ns{n}", "size": "12 GiB", **modes[n % 4]} for n in range(namespaces)]
    region = {"dimms": [d["id"] for d in dimms], "numa_node": 0, "target_node": 2, "namespaces": named}
    buses = [{"provider": "ACPI.NFIT", "dimms": dimms, "regions": [region]}]
    return {"format_version": 1, "simulated_host": {"buses": buses}}


def profile(namespaces):
    """What the host has, but that one namespace has another size and one more is wanted."""
    modes = ["fsdax", "devdax", "sector", "devdax"]
    lines = ["version: 1", "regions:", "  - match: {numa_node: 0}", "    namespaces:"]
    for n in range(namespaces):
        size = "24 GiB" if n == namespaces - 1 else "12 GiB"
        lines.append(f"      - {{name: ns{n}, mode: {modes[n % 4]}, size: {size}}}")
    lines.append("      - {name: rest, mode: fsdax, size: remaining}")
    return "\n".join(lines) + "\n"


def measure(command):
    """The least wall clock and processor time of some runs, in seconds."""
    walls, processors = [], []
    for _ in range(RUNS):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        start = time.perf_counter()
        done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        walls.append(time.perf_counter() - start)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        processors.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
        if done.returncode not in (0, 2):
            sys.exit(f"{command} exited with {done.returncode}: {done.stderr.decode()}")
    return min(walls), min(processors)


def main():
    binary = sys.argv[1]
    most = int(sys.argv[2]) if len(sys.argv) > 2 else 10_000
    rows = []

    def row(what, seconds, count, processor):
        rows.append((what, seconds / count * 1e6, processor / count * 1e6))

    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        few, many = folder / "few", folder / "many"
        for directory, count in ((few, most // 10), (many, most)):
            directory.mkdir()
        host = folder / "state"
        host.write_text(json.dumps(state("h")))
        text = subprocess.run(
            [binary, "inventory", "--json", "--simulate", str(host)], check=True, capture_output=True, text=True
        ).stdout
        for number in range(most):
            copy = text.replace('"h-', f'"{number}-')
            (many / f"host{number:05}.json").write_text(copy)
            if number < most // 10:
                (few / f"host{number:05}.json").write_text(copy)
        wanted = folder / "profile.yaml"
        wanted.write_text(profile(NAMESPACES))

        start, start_cpu = measure([binary, "--version"])
        plan = [binary, "plan", str(wanted), "--inventory-dir"]
        few_wall, few_cpu = measure(plan + [str(few)])
        row(f"plan, table, {most // 10} hosts: a host", few_wall, most // 10, few_cpu)
        many_wall, many_cpu = measure(plan + [str(many)])
        row(f"plan, table, {most} hosts: a host", many_wall, most, many_cpu)
        lines_wall, lines_cpu = measure(plan + [str(many), "--json"])
        row(f"plan, JSON lines, {most} hosts: a host", lines_wall, most, lines_cpu)

        wide = folder / "wide.yaml"
        wide.write_text(profile(2000))
        small = measure([binary, "validate"] + [str(wanted)] * 200)
        large = measure([binary, "validate"] + [str(wide)] * 2)
        row("profile of 17 namespaces: a namespace", small[0] - start, 200 * 17, small[1] - start_cpu)
        row("profile of 2001 namespaces: a namespace", large[0] - start, 2 * 2001, large[1] - start_cpu)

        big = folder / "big"
        big.write_text(json.dumps(state("h", 60)))
        saved = folder / "big.json"
        written = subprocess.run(
            [binary, "inventory", "--json", "--simulate", str(big)], check=True, capture_output=True
        ).stdout
        saved.write_bytes(written)
        empty = folder / "empty.yaml"
        empty.write_text("version: 1\nregions:\n  - {match: {numa_node: 0}, namespaces: []}\n")
        read = measure([binary, "plan", str(empty)] + ["--inventory-dir", str(many)])
        row("inventory of 16 namespaces read: a host", read[0], most, read[1])
        parsed = time.perf_counter()
        for path in list(many.iterdir())[:1000]:
            json.loads(path.read_bytes())
        parsed = time.perf_counter() - parsed
        row("the same, Python's json.loads alone", parsed, 1000, parsed)

    width = max(len(what) for what, _, _ in rows)
    print(f"{'':{width}}  {'wall, µs':>10}  {'processor, µs':>14}")
    for what, wall, processor in rows:
        print(f"{what:{width}}  {wall:10.1f}  {processor:14.1f}")
    growth = many_cpu / most / (few_cpu / (most // 10))
    print(f"\n{most} hosts against {most // 10}: {growth:.2f} times the processor time a host")
    print(f"reading against Python's json.loads, processor time: {read[1] / most / (parsed / 1000):.2f}")
    print(f"one start of the program: {start * 1e3:.1f} ms")


main()
