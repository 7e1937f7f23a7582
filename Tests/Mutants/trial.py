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
# The same tests with fewer random cases: enough for most mutants. What survives meets all of them.
QUICK = {"PLAN_CASES": "300", "UNDO_CASES": "5", "CRASH_EVERY": "5"}


@dataclass(frozen=True)
class Tests:
    """How the tests are started, which of them, and for how long at most."""
    command: tuple
    folder: str
    filter: str = ""
    environment: tuple = ()
    seconds: float = 3600

    def run(self, mutant=None, trace=None, log=None):
        """Returns how they ended, and after how many seconds."""
        variables = {**os.environ, **dict(self.environment), "SWIFT_BACKTRACE": "enable=no"}
        for name, value in (("DAXPROV_MUTANT", mutant), ("DAXPROV_MUTANT_TRACE", trace)):
            variables.pop(name, None)
            if value is not None:
                variables[name] = str(value)
        scratch = tempfile.mkdtemp(prefix="daxprov-mutant.")
        variables["TMPDIR"] = scratch
        chosen = ["--filter", self.filter] if self.filter else []
        limited = ["sh", "-c", f'ulimit -v {MEMORY_KIB}; ulimit -c 0; exec "$@"', "sh", *self.command, *chosen]
        start = time.monotonic()
        with open(log or os.devnull, "wb") as output:
            process = subprocess.Popen(limited, cwd=self.folder, env=variables, stdin=subprocess.DEVNULL, stdout=output,
                                       stderr=subprocess.STDOUT, start_new_session=True)
            try:
                ending = KILLED if process.wait(self.seconds) else PASSED
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


def base(tests, folder, name):
    """Runs the tests without a mutant. Returns the seconds, and the numbers of the mutants that are reached."""
    trace, log = folder / f"{name}.trace", folder / f"{name}.log"
    trace.write_text("")
    ending, seconds = tests.run(trace=trace, log=log)
    # Without any mutant they must pass, and a filter that matches nothing passes as well.
    count = re.search(r"Test run with (\d+) test", log.read_text(errors="replace"))
    if ending != PASSED or not count or not int(count[1]):
        raise SystemExit(f"mutants: the {name} tests do not pass without a mutant ({ending}): see {log}")
    return seconds, {int(line) for line in trace.read_text().split()}
