"""Counting a program's system calls by the files they go to."""

import re
from collections import Counter

TRACE = "/tmp/syscalls.trace"
CALLS = "openat,write,pwrite64,writev,unlinkat,renameat2,rename,unlink,fsync,fdatasync,ioctl"

_OPENED = re.compile(r'^\d+ +(openat)\([^"]*"((?:[^"\\]|\\.)*)"')
_ON_FD = re.compile(r"^\d+ +(\w+)\(\d+<([^>]*)>")
_ON_PATH = re.compile(r'^\d+ +(\w+)\([^"]*"((?:[^"\\]|\\.)*)"')


def tracing(command):
    """The command line that runs `command` under strace."""
    return ["strace", "-f", "-y", "-qq", "-e", f"trace={CALLS}", "-e", "signal=none", "-o", TRACE, *command]


def count(trace):
    """Counter of (call, path) from strace's text."""
    counted = Counter()
    for line in trace.splitlines():
        if found := _OPENED.match(line) or _ON_FD.match(line) or _ON_PATH.match(line):
            counted[found.groups()] += 1
    return counted


def total(counted, call, prefix):
    """How often `call` went to a path that starts with `prefix`."""
    return sum(times for (name, path), times in counted.items() if name == call and path.startswith(prefix))
