"""A callback plugin of Ansible's: writes what every task of every host returned into a file, a JSON object a line."""

import json
import os

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: record_results
type: aggregate
short_description: Records results
description: Writes the result of every task into the file that RECORDED_RESULTS names.
"""


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "record_results"

    def _record(self, kind, result):
        # ansible-core 2.19 calls these so; 2.14 has them as protected members alone.
        host = getattr(result, "host", None) or result._host
        task = getattr(result, "task", None) or result._task
        values = getattr(result, "result", None)
        with open(os.environ["RECORDED_RESULTS"], "a") as file:
            json.dump({
                "kind": kind, "host": str(host), "task": task.get_name(),
                "result": result._result if values is None else values}, file, default=str)
            file.write("\n")

    def v2_runner_on_ok(self, result):
        self._record("ok", result)

    def v2_runner_on_failed(self, result, ignore_errors=False):
        self._record("failed", result)

    def v2_runner_on_skipped(self, result):
        self._record("skipped", result)

    def v2_runner_on_unreachable(self, result):
        self._record("unreachable", result)
