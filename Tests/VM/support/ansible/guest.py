"""A connection plugin of Ansible's: the managed host is a machine of the suite, reached through the socket that GUEST_SOCKET names."""

import base64
import json
import os
import socket

from ansible.errors import AnsibleConnectionFailure
from ansible.plugins.connection import ConnectionBase

DOCUMENTATION = """
name: guest
short_description: A virtual machine of the test suite
description: Runs commands in the guest of a test.
"""


class Connection(ConnectionBase):
    transport = "guest"
    has_pipelining = False

    def _connect(self):
        self._connected = True
        return self

    def close(self):
        self._connected = False

    def exec_command(self, cmd, in_data=None, sudoable=True):
        super().exec_command(cmd, in_data=in_data, sudoable=sudoable)
        return self._ask(["/bin/sh", "-c", cmd], in_data or b"")

    def put_file(self, in_path, out_path):
        super().put_file(in_path, out_path)
        with open(in_path, "rb") as file:
            self._succeed(["/bin/sh", "-c", 'cat > "$0"', out_path], file.read())

    def fetch_file(self, in_path, out_path):
        super().fetch_file(in_path, out_path)
        contents = self._succeed(["cat", in_path])
        with open(out_path, "wb") as file:
            file.write(contents)

    def _succeed(self, words, data=b""):
        status, output, errors = self._ask(words, data)
        if status:
            raise AnsibleConnectionFailure(f"{words}: {status}: {errors!r}")
        return output

    def _ask(self, words, data):
        request = {"words": words, "stdin": base64.b64encode(data).decode()}
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(os.environ["GUEST_SOCKET"])
            with connection.makefile("rw") as stream:
                print(json.dumps(request), file=stream, flush=True)
                answer = json.loads(stream.readline())
        return answer["status"], *(base64.b64decode(answer[each]) for each in ("stdout", "stderr"))
