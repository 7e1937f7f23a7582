"""Times what a hostile profile costs, and how that grows with its length.

Usage: profile.py BINARY. Each kind of profile is validated in 60 kB and in 240, which is within the limits; the ratio is at most 4 where
the cost is linear, and near 16 where it is quadratic. Processor times, each the least of several runs.
"""
import pathlib
import resource
import subprocess
import sys
import tempfile

RUNS = 3
SHORT, LONG = 60_000, 240_000
HEAD = "version: 1\nregions:"
STARTS = ("", f"{HEAD} [", f"{HEAD} \"", f"{HEAD} |\n  ")
REPEATED = (
    "[", "{a: ", "- ", "? ", "a ", "a: ", "a: b\n", "- a\n", "'a' ", '"\\u00e9"\n', "&a ", "*a ", "!a ", "# c\n", " \n", "a,", "%A\n",
    "---\n", "|\n", "{a: b}, ", "é", "\t", "\r\n", ": ", ">\n  a\n\n", "''")


def unknown_keys(length):
    count = length // len("namespace00000: 1, ")
    return "{version: 1, " + "".join(f"namespace{number:05}: 1, " for number in range(count)) + "regions: 1}"


def kinds():
    yield "unknown keys", unknown_keys
    for start in STARTS:
        for text in REPEATED:
            yield f"{start + text!r}...", lambda length: start + text * ((length - len(start)) // len(text.encode()))


def processor_time(command):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode < 0:
        sys.exit(f"{command} was ended by signal {-done.returncode}")
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main():
    binary = str(pathlib.Path(sys.argv[1]).resolve())
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        file = pathlib.Path(folder, "profile.yaml")
        for name, make in kinds():
            times = []
            for length in (SHORT, LONG):
                file.write_text(make(length))
                times.append(min(processor_time([binary, "validate", str(file)]) for _ in range(RUNS)))
            rows.append((times[1] / times[0], *times, name))
    print(f"{len(rows)} kinds of hostile profiles; the five that grow most, and the five that cost most")
    shown = sorted(rows, reverse=True)[:5] + sorted(rows, key=lambda row: row[2], reverse=True)[:5]
    for ratio, short, long, name in shown:
        print(f"{ratio:6.1f} {short:8.3f} s {long:8.3f} s  {name}")


main()
