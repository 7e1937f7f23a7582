"""What is told of transactions outside the state directory, on a real host."""

import pytest

from support import Daxprov, namespace, profile, region

ONE = profile(region(0, namespace(name="one", mode="devdax", size="64 MiB")))


@pytest.mark.each_kernel
def test_transactions_are_told_to_the_systems_log(labelled):
    vm, daxprov = labelled, Daxprov(labelled)
    vm.run("busybox syslogd -O /tmp/messages", check=True)
    daxprov.applied(ONE)
    daxprov.run("rollback", "1", "--yes", "--allow-destroy", "one")
    vm.run("i=0; while ! grep -q 'rolled back' /tmp/messages && [ $i -lt 50 ]; do i=$((i + 1)); sleep 0.1; done")
    lines = [line for line in vm.read_file("/tmp/messages").decode().splitlines() if "daxprov[" in line]
    assert len(lines) == 4, lines
    for line, words in zip(lines, ("begins: 1 step", "is committed", "is being undone", "is rolled back")):
        assert words in line, lines
    assert all("user 0: daxprov " in line for line in lines), lines
    assert "done: create one in region0" in lines[1] and "daxprov apply" in lines[1], lines
