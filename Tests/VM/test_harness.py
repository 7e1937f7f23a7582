"""The harness must be trusted before what it shows: these tests are about the harness only."""

import errno
import json
import os
import pty
import select
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from lab import Fault, LabError, apt, labels, stacks, syscalls, topologies

CREATE = ["ndctl", "create-namespace", "-s", "64M", "-n", "one"]
RUN = Path(__file__).parent / "run"


def namespaces(vm):
    text = vm.run(["ndctl", "list", "-N"], check=True).out
    return json.loads(text) if text.strip() else []


def test_every_exit_status_comes_back(machine):
    vm = machine("none")
    shell = ["busybox", "sh", "-c"]  # starts in a tenth of the usual shell's time
    assert [vm.run([*shell, f"exit {status}"]).status for status in range(256)] == list(range(256))


def test_an_end_by_a_signal_is_told_from_an_exit(machine):
    vm = machine("none")
    killed = vm.run("kill -SEGV $$")
    exited = vm.run("exit 139")
    assert (killed.status, killed.signal) == (139, signal.SIGSEGV)
    assert (exited.status, exited.signal) == (139, None)


def test_output_is_the_very_bytes_and_standard_error_is_apart(machine):
    vm = machine("none")
    contents = bytes(range(256)) * 1000
    vm.write_file("/tmp/bytes", contents)
    result = vm.run("cat /tmp/bytes; printf 'a\\000b' >&2")
    assert (result.stdout, result.stderr) == (contents, b"a\0b")


def test_a_file_of_a_megabyte_goes_in_and_comes_out_unchanged(machine, tmp_path):
    vm = machine("none")
    (tmp_path / "in").write_bytes(bytes(range(256)) * 4096)
    vm.push(tmp_path / "in", "/tmp/some/where/file", mode=0o640)
    vm.pull("/tmp/some/where/file", tmp_path / "out")
    assert (tmp_path / "out").read_bytes() == (tmp_path / "in").read_bytes()
    assert vm.run("stat -c %a /tmp/some/where/file").out == "640\n"


def test_a_program_that_is_not_there_exits_127(machine):
    result = machine("none").run(["no-such-program"])
    assert result.status == 127
    assert "no-such-program" in result.err


def test_a_command_that_takes_too_long_is_killed_and_says_so(machine):
    vm = machine("none")
    result = vm.run("echo before; sleep 1000", timeout=1)
    assert result.timed_out and result.signal == signal.SIGKILL
    assert result.out == "before\n"
    assert vm.run("pidof sleep").status == 1


def test_a_command_runs_in_the_background_while_others_run(machine):
    vm = machine("none")
    holder = vm.start("echo holding; read line; echo got $line", stdin=True)
    holder.wait_for_output(b"holding\n")
    assert vm.run("echo meanwhile").out == "meanwhile\n"
    assert holder.running
    holder.write(b"release\n")
    assert holder.wait().out == "holding\ngot release\n"


def test_a_command_on_a_terminal_sees_a_terminal(machine):
    vm = machine("none")
    assert vm.run("test -t 0 && test -t 1").status == 1
    assert vm.run("test -t 0 && test -t 1", tty=True).status == 0


def test_what_is_typed_on_a_terminal_arrives(machine):
    job = machine("none").start("read -p 'sure? ' answer; echo; echo said $answer", tty=True, stdin=True)
    job.wait_for_output(b"sure? ")
    job.write(b"yes\n")
    assert job.wait().out.endswith("said yes\r\n")


def test_a_command_runs_as_an_ordinary_user(machine):
    vm = machine("none")
    assert vm.run("id -un; id -Gn", user="nobody").out == "nobody\nnogroup\n"
    assert vm.run("echo 1 > /sys/kernel/uevent_seqnum", user="nobody").status != 0


def test_environment_and_directory_are_those_asked_for(machine):
    result = machine("none").run('echo "$GREETING"; pwd', env={"GREETING": "a b=c"}, cwd="/sys")
    assert result.out == "a b=c\n/sys\n"


def test_two_resumed_machines_draw_different_uuids_and_know_the_time(machine):
    command = "cat /proc/sys/kernel/random/uuid; date +%Y-%m-%d"
    first, second = (machine("none").run(command).out.split() for _ in range(2))
    assert first[0] != second[0]
    today = subprocess.run(["date", "-u", "+%Y-%m-%d"], capture_output=True, text=True, check=True).stdout.strip()
    assert first[1] == today


def test_fresh_dimms_have_no_labels(machine):
    regions = json.loads(machine("nvdimm").run(["ndctl", "list", "-RN"], check=True).out)["regions"]
    assert [region["namespaces"][0]["mode"] for region in regions] == ["raw", "raw"]


def test_a_namespace_survives_a_reboot(labelled):
    labelled.run(CREATE, check=True)
    before = namespaces(labelled)
    labelled.reboot()
    assert namespaces(labelled) == before
    assert before[0]["name"] == "one"


def test_a_namespace_and_its_bytes_survive_a_power_cut(labelled):
    labelled.run([*CREATE, "-m", "raw"], check=True)
    labelled.run("echo kept | dd of=/dev/$(ls /dev | grep pmem) oflag=direct bs=4096 conv=sync", check=True)
    before = namespaces(labelled)
    labelled.kill()
    labelled.reboot()
    assert namespaces(labelled) == before
    assert labelled.run("head -c 5 /dev/pmem*").stdout == b"kept\n"


def test_images_outlive_the_machine_when_they_have_a_directory(machine, tmp_path):
    with_images = machine("nvdimm-small", images=tmp_path)
    with_images.run(labels.INITIALISE, check=True)
    with_images.run(CREATE, check=True)
    with_images.close()
    assert namespaces(machine("nvdimm-small", images=tmp_path))[0]["name"] == "one"


def test_a_machine_that_was_killed_refuses_commands(machine):
    vm = machine("none")
    vm.kill()
    with pytest.raises(LabError, match="off"):
        vm.run("true")


def test_a_mark_cuts_the_power_at_that_very_point(labelled):
    labelled.run(CREATE, check=True)
    labelled.run_until_mark("ndctl destroy-namespace -f all; mark here; ndctl create-namespace -n after", "here")
    labelled.reboot()
    assert namespaces(labelled) == []


def test_a_command_that_ends_without_its_mark_is_an_error(machine):
    with pytest.raises(LabError, match="before the mark"):
        machine("none").run_until_mark("echo done", "here")


def test_a_write_to_sysfs_can_be_made_to_fail(labelled):
    counted = Fault(paths=("/sys",))
    labelled.run([*CREATE, "-m", "raw"], fault=counted, check=True)
    stores = labelled.read_file(counted.log).decode().splitlines()
    [at] = [number for number, line in enumerate(stores, 1) if line.endswith("/size")]
    labelled.run("ndctl destroy-namespace -f all", check=True)

    failed = labelled.run([*CREATE, "-m", "raw"], fault=Fault(at, f"errno:{errno.ENOSPC}", paths=("/sys",)))
    assert failed.status != 0
    assert "No space left on device" in failed.err
    assert namespaces(labelled) == []


def test_a_program_can_be_killed_right_after_a_write(labelled):
    killed = labelled.run(CREATE, fault=Fault(2, "kill-after", paths=("/sys",)))
    assert killed.signal == signal.SIGKILL
    assert len(labelled.read_file(Fault.log).splitlines()) == 2


def test_the_power_can_be_cut_before_a_write(labelled):
    labelled.run_until_mark(CREATE, fault=Fault(1, "mark-before", paths=("/sys",)))
    labelled.reboot()
    assert namespaces(labelled) == []


def test_syscalls_are_counted_by_path(labelled):
    _, counted = labelled.count_syscalls([*CREATE, "-m", "raw"])
    assert syscalls.total(counted, "openat", "/sys/") > 50
    sizes = [path for (call, path), times in counted.items() if call == "write" and path.endswith("/size")]
    assert len(sizes) == 1


# The machines whose DIMMs lie elsewhere, those with another argument for the kernel, and those that not every QEMU can be are shown by one
# of them, and by the tests that use them.
@pytest.mark.parametrize("topology", [
    each for each in topologies.ALL
    if not each.startswith((
        "nvdimm-placed", "nvdimm-swapped", "nvdimm-replaced", "nvdimm-memmap", "hmem-", "cxl-two-", "cxl-volatile"))])
@pytest.mark.each_kernel
def test_each_kind_of_machine_shows_its_regions(machine, topology):
    expected = {
        "nvdimm": 2, "nvdimm-small": 2, "nvdimm-moved": 3, "nfit": 4, "nfit-large": 4, "e820": 2, "virtio-pmem": 1,
        "hmem": 0, "none": 0, "cxl": 1, "cxl-two": 0}
    vm = machine(topology)
    text = vm.run(["ndctl", "list", "-R"], check=True).out.strip()
    assert len(json.loads(text) if text else []) == expected[topology]


@pytest.mark.each_kernel
def test_the_emulated_nfit_interleaves_two_and_four_dimms(machine):
    vm = machine("nfit")
    regions = json.loads(vm.run(["ndctl", "list", "-R", "-v", "-D"], check=True).out)["regions"]
    assert {len(region.get("mappings", [])) for region in regions} >= {2, 4}


@pytest.mark.each_kernel
def test_dax_regions_in_soft_reserved_memory_are_dynamic(machine):
    vm = machine("hmem")
    vm.run("daxctl destroy-device -f dax0.0 || { daxctl disable-device dax0.0; daxctl destroy-device dax0.0; }")
    created = json.loads(vm.run(["daxctl", "create-device", "-r", "0", "-s", "256M"], check=True).out)
    assert created[0]["size"] == 256 << 20


@pytest.mark.each_kernel
def test_labels_of_a_cxl_device_survive_a_power_cut(machine):
    vm = machine("cxl")
    vm.run([*CREATE, "-m", "raw"], check=True)
    vm.kill()
    vm.reboot()
    assert namespaces(vm)[0]["name"] == "one"


def test_memory_declared_on_the_command_line_survives_a_reboot(machine):
    vm = machine("e820")
    vm.run("echo kept | dd of=/dev/pmem0 oflag=direct bs=4096 seek=1000 conv=sync", check=True)
    vm.reboot()
    assert vm.run("dd if=/dev/pmem0 bs=4096 skip=1000 count=1 | head -c 5").stdout == b"kept\n"


@pytest.mark.each_kernel
def test_the_program_under_test_brings_its_libraries(machine, monkeypatch):
    monkeypatch.setenv("DAXPROV_BINARY", "/usr/bin/bc")  # needs libreadline, which the guest does not have
    assert machine("none").run("daxprov -q", stdin=b"2 ^ 10\n").out == "1024\n"


def test_no_machine_is_left_when_the_process_that_started_it_is_killed(machine, qemu_is_there):
    program = "from lab import Machine; vm = Machine('none'); print(vm.process_id, flush=True); vm.run('sleep 1000')"
    owner = subprocess.Popen([sys.executable, "-c", program], cwd=RUN.parent, stdout=subprocess.PIPE)
    qemu = Path("/proc") / owner.stdout.readline().decode().strip()
    assert qemu.exists()
    owner.kill()
    owner.wait()
    deadline = 100
    while qemu.exists() and deadline:
        subprocess.run(["sleep", "0.1"])
        deadline -= 1
    assert not qemu.exists()


def test_the_run_script_passes_on_output_and_exit_status(qemu_is_there):
    result = subprocess.run(
        [RUN, "--topology", "none", "-c", "echo out; echo err >&2; exit 42"], capture_output=True)
    assert (result.returncode, result.stdout, result.stderr) == (42, b"out\n", b"err\n")


def test_a_script_on_standard_input_is_read_by_one_shell(qemu_is_there):
    script = b"cd /tmp\nvalue=kept\ncat <<END\n$value in $PWD\nEND\nexit 7\n"
    result = subprocess.run([RUN, "--topology", "none"], input=script, capture_output=True)
    assert (result.returncode, result.stdout) == (7, b"kept in /tmp\n"), result


class Typist:
    """Somebody at a terminal of 100 columns on which Tests/VM/run runs."""

    def __init__(self, *arguments):
        self.printed = b""
        self.process, self.terminal = pty.fork()
        if self.process == 0:
            os.execv(RUN, [str(RUN), *arguments])

    def wait_for(self, text, timeout=120):
        """Waits until `text` (bytes) was printed since the last call."""
        while text not in self.printed:
            ready, _, _ = select.select([self.terminal], [], [], timeout)
            assert ready, f"no {text!r} in {self.printed!r}"
            self.printed += os.read(self.terminal, 4096)
        self.printed = self.printed.split(text, 1)[1]

    def type(self, text):
        os.write(self.terminal, text)

    def line(self, command):
        self.type(command + b"\r")

    def end(self):
        """The exit status."""
        try:
            while os.read(self.terminal, 4096):
                pass
        except OSError:
            pass
        status = os.waitstatus_to_exitcode(os.waitpid(self.process, 0)[1])
        self.process = None
        return status


@pytest.fixture
def person(qemu_is_there):
    """Somebody in a guest's shell, who leaves with the test however that ends."""
    typist = Typist("--topology", "nvdimm-small")
    yield typist
    if typist.process:
        os.kill(typist.process, signal.SIGKILL)


def test_the_shell_in_the_guest_is_one_real_shell_on_a_terminal(person):
    person.wait_for(b"guest:~# ")
    person.line(b"cd /tmp; value=kept")
    person.wait_for(b"guest:/tmp# ")
    person.line(b"cat > host.yaml <<END")
    for line in (b"version: 1", b"regions:", b"  - match: {region: 0}", b"    labels: init",
                 b"    namespaces: [{name: one, mode: fsdax, size: 64 MiB}]", b"END"):
        person.line(line)
    person.line(b"echo $value $PWD $(wc -l < host.yaml)")
    person.wait_for(b"kept /tmp 5\r\n")
    person.line(b"vi host.yaml")  # the editor draws the file, and obeys single keys
    person.wait_for(b"labels: init")
    person.type(b"/one\r")
    person.type(b"cwtwo\x1b")
    person.wait_for(b"- host.yaml [Modified]")  # keys right behind Escape would be taken for one key's sequence
    person.type(b":wq\r")
    person.line(b"grep -c two host.yaml && echo ed''ited")
    person.wait_for(b"edited\r\n")
    person.line(b"sh -c \"echo beg''un; exec sleep 1000\"")
    person.wait_for(b"begun\r\n")
    person.type(b"\x03")
    person.wait_for(b"# ")
    person.line(b"echo code $?")
    person.wait_for(b"code 130\r\n")
    person.wait_for(b"# ")
    person.line(b"daxprov apply host.yaml")
    person.wait_for(b"Type region0 to agree: ")
    person.line(b"region0")
    person.wait_for(b"verified")
    person.line(b"exit 5")
    assert person.end() == 5


def test_every_file_has_a_case_that_runs_on_each_kernel():
    for file in sorted(RUN.parent.glob("test_*.py")):
        assert "pytest.mark.each_kernel" in file.read_text(), file.name


def with_a_mirror_that_is_away(folder, **environment):
    """What the suite says on the stack 6.12 where the mirror cannot be reached."""
    apt = folder / "bin/apt-get"
    apt.parent.mkdir(exist_ok=True)
    apt.write_text("#!/bin/sh\ncase $* in *update*) echo 'E: Failed to fetch: Could not connect' >&2; exit 100 ;; esac\n"
                   "exec /usr/bin/apt-get \"$@\"\n")
    apt.chmod(0o755)
    words = {"DAXPROV_VM_STACK": "6.12", "DAXPROV_VM_CACHE": str(folder / "cache"), "PYTEST_XDIST_AUTO_NUM_WORKERS": "",
             "PATH": f"{apt.parent}:{os.environ['PATH']}", **environment}
    case = f"{__file__}::{test_a_program_that_is_not_there_exits_127.__name__}"
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", case],
        env={**os.environ, **words}, capture_output=True, text=True)


def test_a_stack_that_cannot_be_had_fails_and_says_so(tmp_path):
    failed = with_a_mirror_that_is_away(tmp_path)
    assert failed.returncode == 1 and "the stack 6.12 cannot be had" in failed.stdout, failed
    assert "Could not connect" in failed.stdout and "DAXPROV_VM_SKIP_STACK" in failed.stdout, failed
    skipped = with_a_mirror_that_is_away(tmp_path, DAXPROV_VM_SKIP_STACK="1")
    assert skipped.returncode == 0 and "1 tests SKIPPED, not passed" in skipped.stdout, skipped
    assert "passed" not in skipped.stdout.splitlines()[-1], skipped


def test_a_stack_is_asked_for_by_a_name_that_there_is(monkeypatch):
    monkeypatch.setenv(stacks.VARIABLE, "6.13")
    with pytest.raises(LabError, match="there are 6.1, 6.12, 7.3"):
        stacks.chosen()


@pytest.mark.parametrize("file, text, expected", [
    ("debian.sources",
     "# ours\nTypes: deb\nURIs: http://mirror.invalid/security\nSuites: s\nComponents: main\nSigned-By: /wrong.gpg\n\n"
     "Types: deb\nURIs: http://mirror.invalid/debian/\nSuites: b b-updates\nComponents: main\nSigned-By: /right.gpg\n",
     "Signed-By: /right.gpg\n"),
    ("debian.sources",
     "Types: deb\nURIs: http://mirror.invalid/debian\nSuites: b\nSigned-By:\n -----BEGIN\n .\n mQ\nComponents: main\n",
     "Signed-By:\n -----BEGIN\n .\n mQ\n"),
    ("sources.list", "deb [arch=amd64 signed-by=/right.gpg] http://mirror.invalid/debian b main\n", "Signed-By: /right.gpg\n"),
    ("sources.list", "deb http://mirror.invalid/debian b main\n", ""),
])
def test_a_private_source_has_the_key_of_the_machines_own(tmp_path, file, text, expected):
    (tmp_path / file).write_text(text)
    assert apt.signed_by(str(tmp_path / file), "http://mirror.invalid/debian") == expected
