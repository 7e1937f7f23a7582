"""Runs the tests with a mutant, and says how they ended."""
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
from dataclasses import dataclass

PASSED = "passed"
KILLED = "killed"
TIMED_OUT = "timed out"
# A mutant may ask for memory without end.
MEMORY_KIB = 4 << 20
# Suites that a mutant meets in one process: those of a few seconds together first, since most mutants die there.
ROUNDS = (3, 30)


@dataclass(frozen=True)
class Suite:
    """A suite of tests, how long it takes without a mutant, and the numbers of the mutants that it reaches."""
    name: str
    seconds: float
    reached: frozenset


@dataclass(frozen=True)
class Tests:
    """How the tests are started."""
    command: tuple
    folder: str

    def names(self):
        """The names of all suites."""
        run = subprocess.run([*self.command, "--list-tests"], cwd=self.folder, stdin=subprocess.DEVNULL, capture_output=True, text=True)
        return sorted({line.partition("/")[0] for line in run.stdout.splitlines() if "/" in line})

    def run(self, suites, seconds=3600, mutant=None, trace=None, log=None):
        """Runs some suites for so many seconds at most. Returns how they ended, and after how many seconds."""
        variables = {**os.environ, "SWIFT_BACKTRACE": "enable=no"}
        for name, value in (("DAXPROV_MUTANT", mutant), ("DAXPROV_MUTANT_TRACE", trace)):
            variables.pop(name, None)
            if value is not None:
                variables[name] = str(value)
        scratch = tempfile.mkdtemp(prefix="daxprov-mutant.")
        # Some tests look as another user.
        os.chmod(scratch, 0o755)
        variables["TMPDIR"] = scratch
        chosen = [word for name in suites for word in ("--filter", f"^{re.escape(name)}/")]
        limited = ["sh", "-c", f'ulimit -v {MEMORY_KIB}; ulimit -c 0; exec "$@"', "sh", *self.command, *chosen]
        start = time.monotonic()
        with open(log or os.devnull, "wb") as output:
            process = subprocess.Popen(limited, cwd=self.folder, env=variables, stdin=subprocess.DEVNULL, stdout=output,
                                       stderr=subprocess.STDOUT, start_new_session=True)
            try:
                ending = KILLED if process.wait(seconds) else PASSED
            except subprocess.TimeoutExpired:
                ending = TIMED_OUT
            finally:
                end(process)
        shutil.rmtree(scratch, ignore_errors=True)
        return ending, time.monotonic() - start


def end(process):
    """Ends what a run started and left behind; it is a process group of its own."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    process.wait()


def base(tests, name, folder):
    """Runs a suite without a mutant, and returns it."""
    trace, log = folder / "base.trace", folder / f"{name}.log"
    trace.write_text("")
    ending, seconds = tests.run([name], trace=trace, log=log)
    # Without any mutant they must pass, and a filter that matches nothing passes as well.
    count = re.search(r"Test run with (\d+) test", log.read_text(errors="replace"))
    if ending != PASSED or not count or not int(count[1]):
        raise SystemExit(f"mutants: {name} does not pass without a mutant ({ending}): see {log}")
    return Suite(name, seconds, frozenset(int(line) for line in trace.read_text().split()))


def rounds(suites, mutant):
    """The suites that reach a mutant, the quick ones first, in as many groups as there are rounds, and one more."""
    groups, left = [], sorted((suite for suite in suites if mutant in suite.reached), key=lambda suite: suite.seconds)
    for limit in (*ROUNDS, float("inf")):
        group, seconds = [], 0
        while left and (seconds := seconds + left[0].seconds) <= limit:
            group.append(left.pop(0))
        groups += [group] * bool(group)
    return groups
