"""Making a program's calls fail, or its machine, at an exact point; guest/faultshim.c says how it works."""

from dataclasses import dataclass

SHIM = "/opt/daxprov/lib/faultshim.so"
LOG = "/tmp/fault.log"


@dataclass(frozen=True)
class Fault:
    """What happens at the `at`-th counted call; with `at` 0 the calls are only counted.

    `action`: errno:NUMBER, errno-from:NUMBER (this and every later call), kill-before, kill-after, stop-before (see
    Machine.start_until_stopped), mark-before or mark-after (the mark is "fault").
    `calls`: groups of calls, from write sync rename unlink open look read ask ioctl truncate rights.
    """
    at: int = 0
    action: str = ""
    calls: tuple = ("write",)
    paths: tuple = ("/sys", "/dev/pmem", "/dev/dax", "/dev/nmem")
    log: str = LOG

    def environment(self):
        return {
            "LD_PRELOAD": SHIM, "FAULT_AT": str(self.at), "FAULT_DO": self.action, "FAULT_LOG": self.log,
            "FAULT_CALLS": ",".join(self.calls), "FAULT_PATHS": ";".join(self.paths)}
