"""The Debian package under reprotest: made twice, the second time in another place, at another time, by another user's settings, on what
looks like another machine and kernel, with another order of files; the bytes must be the same.

`make deb-test` runs this; it needs root for another order of files (disorderfs) and another host name.
"""

import os
import shutil
import subprocess

import pytest
from conftest import EPOCH, PARTS

VARIATIONS = ("build_path", "environment", "umask", "locales", "timezone", "exec_path", "home", "fileordering", "time", "domain_host",
              "kernel", "aslr", "num_cpus")


@pytest.fixture
def tree(repository, binary, tmp_path):
    """The sources that packing needs, with the program as it is built."""
    folder = tmp_path / "tree"
    folder.mkdir()
    for part in PARTS:
        source = repository / part
        if source.is_dir():
            shutil.copytree(source, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copyfile(source, folder / part)
    shutil.copy(binary, folder / "program")
    return folder


def reprotest(tree, command):
    return subprocess.run(
        ["reprotest", "--vary=" + ",".join(["-all", *(f"+{each}" for each in VARIATIONS)]), "-c", command, tree, "out/*.deb"],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env={**os.environ, "LC_ALL": "C.UTF-8"})


def test_the_package_is_the_same_under_every_variation(tree):
    run = reprotest(tree, f"SOURCE_DATE_EPOCH={EPOCH} DEB_LEVEL=0 sh packaging/deb/build ./program out")
    assert run.returncode == 0 and "Reproduction successful" in run.stdout, run.stdout[-3000:]


def test_a_package_that_knows_its_host_is_found(tree):
    """That the variations do vary something."""
    run = reprotest(
        tree, f"hostname > docs/host.md; SOURCE_DATE_EPOCH={EPOCH} DEB_LEVEL=0 sh packaging/deb/build ./program out")
    assert run.returncode != 0 and "docs/host.md" in run.stdout, run.stdout[-3000:]
