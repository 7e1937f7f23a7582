"""Times what a long record costs: commands beside many transactions of many namespaces, and the simulated host itself.

Usage: record.py BINARY [TRANSACTIONS [NAMESPACES]]. One transaction is applied to a simulated host and copied under other names. Every
figure is the least of several runs; ratios compare figures of this run, and are near 1 where the cost is linear.
"""
import pathlib
import resource
import shutil
import subprocess
import sys
import tempfile
import time

RUNS = 3
TABLE = []
for number in range(256):
    for _ in range(8):
        number = number >> 1 ^ (0x82F63B78 if number & 1 else 0)
    TABLE.append(number)


def checksum(data):
    """CRC-32C, as the lines of a journal begin with it."""
    register = 0xFFFFFFFF
    for byte in data:
        register = TABLE[(register ^ byte) & 255] ^ register >> 8
    return register ^ 0xFFFFFFFF


def host(namespaces):
    return ('{"format_version": 1, "simulated_host": {"buses": [{"dimms": [{"id": "d", "size": "%d GiB", "label_size": "2 MiB"}],'
            ' "regions": [{"dimms": ["d"], "numa_node": 0}]}]}}' % (namespaces // 16 + 8))


def profile(namespaces):
    lines = ["version: 1", "regions:", "  - match: {numa_node: 0}", "    namespaces:"]
    return "\n".join(lines + [f"      - {{name: n{n}, mode: devdax, size: 32 MiB}}" for n in range(namespaces)]) + "\n"


def run(command):
    """The wall clock and processor time of one run, in seconds."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.perf_counter()
    done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    wall = time.perf_counter() - start
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode != 0:
        sys.exit(f"{command} exited with {done.returncode}: {done.stderr.decode()[-500:]}")
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def least(command):
    return tuple(map(min, zip(*(run(command) for _ in range(RUNS)))))


class Place:
    """A simulated host with a profile applied to it, and its record."""

    def __init__(self, folder, binary, namespaces):
        folder.mkdir()
        self.binary, self.folder = binary, folder
        self.host, self.profile, self.state = folder / "host.json", folder / "profile.yaml", folder / "state"
        self.host.write_text(host(namespaces))
        self.profile.write_text(profile(namespaces))
        self.applied = run(self.command("apply", "--yes", str(self.profile)))

    def command(self, *words):
        return [self.binary, *words, "--simulate", str(self.host), "--state-dir", str(self.state)]

    def copy(self, count):
        """Makes this many transactions of the first one."""
        transactions = self.state / "transactions"
        [first] = transactions.iterdir()
        journal = (first / "journal").read_bytes()
        head, rest = journal.split(b"\n", 1)
        name = first.name.encode()
        for number in range(count, 1, -1):
            copied = b"%06d" % number + name[6:]
            text = head[9:].replace(name, copied)
            (transactions / copied.decode()).mkdir(mode=0o700)
            path = transactions / copied.decode() / "journal"
            path.write_bytes(b"%08x " % checksum(text) + text + b"\n" + rest)
            path.chmod(0o600)


def main():
    binary = sys.argv[1]
    most = int(sys.argv[2]) if len(sys.argv) > 2 else 100
    namespaces = int(sys.argv[3]) if len(sys.argv) > 3 else 1000
    rows = []
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        small = Place(folder / "small", binary, namespaces // 10)
        large = Place(folder / "large", binary, namespaces)
        for place, count in ((small, namespaces // 10), (large, namespaces)):
            rows.append((f"apply of {count} namespaces to a simulated host", *place.applied))
        growth = [("apply, ten times the namespaces", large.applied[1] / small.applied[1] / 10)]
        commands = {
            "history": ["history"], "history --json": ["history", "--json"], "status": ["status"],
            "show of one": ["show", "1"], "apply without changes": ["apply", "--yes", str(large.profile)],
        }
        times = {}
        for count in (most // 10, most):
            for path in (large.state / "transactions").iterdir():
                if not path.name.startswith("000001-"):
                    shutil.rmtree(path)
            large.copy(count)
            for what, words in commands.items():
                times[what, count] = least(large.command(*words))
                rows.append((f"{what}, {count} transactions of {namespaces}", *times[what, count]))
        for what in commands:
            growth.append((f"{what}, ten times the transactions", times[what, most][1] / times[what, most // 10][1] / 10))
    width = max(len(what) for what, *_ in rows + growth)
    print(f"{'':{width}}  {'wall, s':>10}  {'processor, s':>14}")
    for what, wall, processor in rows:
        print(f"{what:{width}}  {wall:10.2f}  {processor:14.2f}")
    print("\nprocessor time for each, against a tenth of them (1: linear; less: starting counts)")
    for what, ratio in growth:
        print(f"{what:{width}}  {ratio:10.2f}")


main()
