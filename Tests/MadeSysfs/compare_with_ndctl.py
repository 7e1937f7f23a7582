#!/usr/bin/env python3
"""Compares daxprov's --ndctl-json with the real ndctl over a made sysfs, for each inventory NAME.json: once the
expected output NAME.ndctl.json, and once what daxprov prints of the made sysfs.

usage: compare_with_ndctl.py DAXPROV INVENTORY...

Needs root (a private mount namespace) and ndctl, whose libdaxctl wants to find the device nodes. The order of array elements is not compared: ndctl's is that
of its lists.
"""
import json
import os
import subprocess
import sys
import tempfile

TOOL = os.path.join(os.path.dirname(os.path.abspath(__file__)), "made_sysfs.py")
OVER = """
mount --bind "$1" /sys && mount -t tmpfs nodes /dev && touch /dev/null || exit 1
for device in /sys/bus/dax/devices/*; do touch "/dev/${device##*/}"; done
shift
exec "$@"
"""


def canonical(value):
    if isinstance(value, dict):
        return {key: canonical(item) for key, item in value.items()}
    if isinstance(value, list):
        return sorted((canonical(item) for item in value), key=json.dumps)
    return value


def over(tree, *command):
    shell = ["unshare", "-m", "sh", "-c", OVER, "sh", tree]
    result = subprocess.run(shell + list(command), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if result.returncode != 0:
        raise SystemExit(f"{command[0]} failed with {result.returncode}: {result.stderr}")
    return result.stdout


def differences(path, left, right):
    if type(left) is not type(right):
        yield f"{path}: {left!r} is not {right!r}"
    elif isinstance(left, dict):
        for key in sorted(left.keys() | right.keys()):
            if key not in left or key not in right:
                yield f"{path}.{key}: only in {'daxprov' if key in left else 'ndctl'}"
            else:
                yield from differences(f"{path}.{key}", left[key], right[key])
    elif isinstance(left, list):
        if len(left) != len(right):
            yield f"{path}: {len(left)} elements, ndctl has {len(right)}"
        for index, (one, other) in enumerate(zip(left, right)):
            yield from differences(f"{path}[{index}]", one, other)
    elif left != right:
        yield f"{path}: {left!r}, ndctl has {right!r}"


def compare(daxprov, inventory):
    with open(inventory.removesuffix(".json") + ".ndctl.json") as file:
        expected = file.read()
    with tempfile.TemporaryDirectory() as tree:
        subprocess.run([sys.executable, TOOL, inventory, tree], check=True)
        theirs = over(tree, "ndctl", "list", "-BDRNv")
        live = over(tree, daxprov, "inventory", "--ndctl-json")
    same = report(f"fixture {inventory}", expected, theirs)
    return report(f"live    {inventory}", live, theirs) and same


def report(name, ours, theirs):
    found = list(differences(
        "", canonical(json.loads(ours or "null")), canonical(json.loads(theirs or "null"))))
    print(f"{'differs' if found else 'same'}: {name}")
    for difference in found:
        print(f"  {difference}")
    return not found


if __name__ == "__main__":
    sys.exit(0 if all([compare(os.path.abspath(sys.argv[1]), name) for name in sys.argv[2:]]) else 1)
