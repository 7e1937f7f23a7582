"""The host's end of the guest agent; guest/agent.c describes the frames."""

import os
import signal
import struct
import threading
import time
from dataclasses import dataclass

from .errors import LabError

HEADER = struct.Struct(">cII")
INPUT_CHUNK = 16384


@dataclass(frozen=True)
class Completed:
    """How a command ended: `status` as a shell reports it (128 + signal when a signal ended it)."""
    command: object
    status: int
    signal: int | None
    stdout: bytes
    stderr: bytes
    timed_out: bool = False

    @property
    def out(self):
        return self.stdout.decode("utf-8", "replace")

    @property
    def err(self):
        return self.stderr.decode("utf-8", "replace")

    def check(self):
        if self.status != 0:
            raise LabError(f"{self}")
        return self

    def __str__(self):
        ending = "timed out" if self.timed_out else f"exit {self.status}"
        return f"{self.command!r}: {ending}\n--- stdout\n{self.out}\n--- stderr\n{self.err}"


class Job:
    """A command in the guest, running or ended."""

    def __init__(self, agent, number, command):
        self._agent, self._number, self._command = agent, number, command
        self._output = {b"o": bytearray(), b"e": bytearray()}
        self._sink = None
        self._ending = None
        self._timed_out = False

    @property
    def stdout(self):
        return bytes(self._output[b"o"])

    @property
    def stderr(self):
        return bytes(self._output[b"e"])

    @property
    def running(self):
        self._agent.check_alive()
        return self._ending is None

    def write(self, data):
        for start in range(0, len(data), INPUT_CHUNK):
            self._agent.send(b"I", self._number, data[start:start + INPUT_CHUNK])

    def close_stdin(self):
        self._agent.send(b"E", self._number)

    def kill(self, number=signal.SIGKILL):
        """Signals the command and its children (its process group)."""
        self._agent.send(b"K", self._number, bytes([number]))

    def pass_on(self, sink):
        """Gives the output to `sink(data, is_error)` as it comes, and keeps none of it any more."""
        with self._agent.changed:
            for kind, output in self._output.items():
                if output:
                    sink(bytes(output), kind == b"e")
                output.clear()
            self._sink = sink

    def go_on(self):
        """Continues a stopped command."""
        self.kill(signal.SIGCONT)

    def wait(self, timeout=120):
        """The Completed command; after `timeout` seconds it is killed and `timed_out` is set."""
        if not self._agent.wait_until(lambda: self._ending is not None, timeout):
            self._timed_out = True
            self.kill()
            self._agent.wait_until(lambda: self._ending is not None, 60)
        if self._ending is None:
            raise LabError(f"{self._command!r} does not end even by SIGKILL\n{self._agent.last_words()}")
        by_signal, value = self._ending
        return Completed(
            self._command, 128 + value if by_signal else value, value if by_signal else None,
            self.stdout, self.stderr, self._timed_out)

    def wait_for_output(self, text, timeout=60):
        """Waits until `text` (bytes) is in the standard output, or raises with what is there."""
        if not self._agent.wait_until(lambda: text in self._output[b"o"] or self._ending, timeout) \
                or text not in self._output[b"o"]:
            raise LabError(f"{self._command!r} did not print {text!r} in {timeout} s, but\n"
                           f"{self.stdout.decode(errors='replace')}\n{self.stderr.decode(errors='replace')}")

    def receive(self, kind, payload):
        if kind == b"x":
            self._ending = payload[0] == 1, payload[1]
        elif self._sink:
            self._sink(payload, kind == b"e")
        else:
            self._output[kind] += payload


class Agent:
    """Sends requests and sorts the answers, which a thread of its own reads."""

    def __init__(self, connection, last_words):
        self.last_words = last_words
        self._connection = connection
        self.changed = threading.Condition()
        self._greetings = []
        self._jobs = {}
        self._closed = False
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def wait_for_boot(self, timeout):
        if not self.wait_until(lambda: self._greetings, timeout):
            raise LabError(f"the guest did not start in {timeout} s\n{self.last_words()}")

    def refresh(self):
        """Gives the guest the time of day and new randomness."""
        before = len(self._greetings)
        self.send(b"C", 0, struct.pack(">QQ", *divmod(time.time_ns(), 10**9)) + os.urandom(64))
        if not self.wait_until(lambda: len(self._greetings) > before, 120):
            raise LabError(f"the guest does not answer\n{self.last_words()}")
        if problem := self._greetings[-1]:
            raise LabError(f"guest: {problem.decode()}")

    def start(self, command, *, user=None, cwd=None, env=None, stdin=None, tty=False):
        """Starts a shell command (str) or a program (list); `stdin` True keeps its input open."""
        arguments = ["/bin/sh", "-c", command] if isinstance(command, str) else list(command)
        words = [f"arg={argument}" for argument in arguments]
        words += [f"env={name}={value}" for name, value in (env or {}).items()]
        words += [f"user={user}"] * bool(user) + [f"cwd={cwd}"] * bool(cwd)
        words += ["tty=1"] * bool(tty) + ["stdin=1"] * (stdin is not None)
        number = len(self._jobs) + 1
        job = self._jobs[number] = Job(self, number, command)
        self.send(b"R", number, b"".join(word.encode("utf-8", "surrogateescape") + b"\0" for word in words))
        if isinstance(stdin, bytes):
            job.write(stdin)
            job.close_stdin()
        return job

    def send(self, kind, number, payload=b""):
        try:
            self._connection.sendall(HEADER.pack(kind, number, len(payload)) + payload)
        except OSError:
            raise LabError(f"the machine is gone\n{self.last_words()}") from None

    def wait_until(self, condition, timeout):
        """True when `condition` came to hold; raises when the machine ends before that."""
        with self.changed:
            self.changed.wait_for(lambda: condition() or self._closed, timeout)
            if condition():
                return True
        self.check_alive()
        return False

    def check_alive(self):
        if self._closed:
            raise LabError(f"the machine ended\n{self.last_words()}")

    def _read(self):
        try:
            while True:
                kind, number, length = HEADER.unpack(self._read_exactly(HEADER.size))
                payload = self._read_exactly(length)
                with self.changed:
                    if kind == b"h":
                        self._greetings.append(payload)
                    elif number in self._jobs:
                        self._jobs[number].receive(kind, payload)
                    self.changed.notify_all()
        except (OSError, EOFError):
            with self.changed:
                self._closed = True
                self.changed.notify_all()

    def _read_exactly(self, length):
        data = bytearray()
        while len(data) < length:
            part = self._connection.recv(length - len(data))
            if not part:
                raise EOFError
            data += part
        return bytes(data)
