"""A machine of the suite as a host that Ansible manages."""

import base64
import json
import os
import shutil
import socketserver
import sys
import threading
from pathlib import Path

FOLDER = Path(__file__).parent
sys.path.append(str(FOLDER.parents[1] / "Ansible"))

from controller import Controller  # noqa: E402

INVENTORY = {"host": {"ansible_connection": "guest"}}


class Managed(Controller):
    """Debian's Ansible, whose one host is the machine. A context: meanwhile a socket takes what Ansible wants run there."""

    def __init__(self, folder, vm):
        super().__init__(folder, "debian")
        self._socket = str(self.folder / "guest.socket")
        plugins = self.folder / "connections"
        plugins.mkdir()
        shutil.copy(FOLDER / "ansible/guest.py", plugins)

        class Request(socketserver.StreamRequestHandler):
            def handle(self):
                asked = json.loads(self.rfile.readline())
                ended = vm.run(asked["words"], stdin=base64.b64decode(asked["stdin"]), timeout=300)
                answer = {"status": ended.status}
                for name in ("stdout", "stderr"):
                    answer[name] = base64.b64encode(getattr(ended, name)).decode()
                self.wfile.write(json.dumps(answer).encode() + b"\n")

        self._server = socketserver.UnixStreamServer(self._socket, Request)

    def __enter__(self):
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._server.server_close()

    def variables(self, *words, **options):
        return {
            **super().variables(*words, **options), "GUEST_SOCKET": self._socket,
            "ANSIBLE_CONNECTION_PLUGINS": str(self.folder / "connections"), "ANSIBLE_REMOTE_TEMP": "/tmp/ansible"}

    def play(self, tasks, *words, hosts=None):
        return super().play(tasks, *words, hosts=hosts or INVENTORY)
