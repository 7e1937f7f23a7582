"""What a person meets who calls make: with stand-ins for apt, dpkg, sudo, id and swift, in a copy of the repository.

Nothing here needs root, a network, Swift or any package but Python and make.
"""

import ast
import json
import os
import re
import shutil
import stat
import subprocess
import tempfile
import time
import unittest
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
BINARY = ".build/release-static/release/daxprov"
NOBODY = 65534

SWIFT = """
echo "swift $*" >> "$LOG"
case $1 in
    package) [ -z "${SWIFT_FAILS:-}" ] || { echo "$SWIFT_FAILS" >&2; exit 1; } ;;
    build)
        case " $* " in *" differential "*) exit 0 ;; esac
        mkdir -p .build/release-static/release; cp "$PROGRAM" .build/release-static/release/daxprov
        chmod 755 .build/release-static/release/daxprov ;;
esac
"""
# What stands for the built program: it has the help that the manual pages are made of.
PROGRAM = """#!/bin/sh
case $1 in
    --experimental-dump-help) cat "$PROGRAM.json" ;;
    --generate-completion-script) echo "completion of $2" ;;
esac
"""
# The first APT_LOCKED calls find a lock that another apt holds.
APT = """
echo "apt-get $*" >> "$LOG"
count=$(grep -c '^apt-get' "$LOG")
if [ "$count" -le "${APT_LOCKED:-0}" ]; then
    echo 'E: Could not get lock /var/lib/apt/lists/lock. It is held by process 7 (apt-get)' >&2
    exit 100
fi
case " $* " in
    *" update "*) [ -z "${APT_OFFLINE:-}" ] || echo 'W: Failed to fetch http://mirror.invalid/x  Temporary failure resolving' >&2 ;;
    *) [ -z "${APT_OFFLINE:-}" ] || { echo 'E: Unable to locate package libyaml-dev' >&2; exit 100; }
        [ -z "${APT_FAILS:-}" ] || { echo "E: $APT_FAILS" >&2; exit 100; } ;;
esac
"""


def made_help():
    """A help with every command that has a manual page."""
    def command(name, subcommands=()):
        return {"commandName": name, "abstract": "Does.", "discussion": "Text.\n\nEXIT CODES:\n   0  done", "arguments": [],
                "shouldDisplay": True, "subcommands": list(subcommands)}
    names = [path.name.removesuffix(".1.md").partition("-")[2] for path in (REPOSITORY / "packaging/man").glob("daxprov-*.1.md")]
    return {"command": command("daxprov", map(command, names))}


class Place:
    """A copy of the Makefile, its scripts and a source, with programs of ours first on the PATH."""

    def __init__(self, root=True, swift=True, missing="", sudo=None):
        self.folder = Path(tempfile.mkdtemp(prefix="daxprov-make."))
        self.tree = self.folder / "tree"
        self.programs = self.folder / "bin"
        self.log = self.folder / "log"
        self.programs.mkdir()
        (self.tree / "Sources").mkdir(parents=True)
        (self.tree / "Sources/main.swift").write_text("")
        (self.tree / "Package.swift").write_text("")
        for part in ("VM", "Ansible", "Schema", "Packaging"):
            (self.tree / "Tests" / part).mkdir(parents=True)
            shutil.copy(REPOSITORY / "Tests" / part / "packages.txt", self.tree / "Tests" / part)
        shutil.copy(REPOSITORY / "Makefile", self.tree)
        for folder in ("packaging", "docs", "profiles"):
            shutil.copytree(REPOSITORY / folder, self.tree / folder, ignore=shutil.ignore_patterns("__pycache__"))
        for file in ("README.md", "CHANGELOG.md", "LICENSE"):
            shutil.copy(REPOSITORY / file, self.tree)
        (self.folder / "program").write_text(PROGRAM)
        (self.folder / "program.json").write_text(json.dumps(made_help()))
        self.log.write_text("")
        for name in ("sh", "make", "find", "cat", "tr", "grep", "sed", "mktemp", "rm", "sleep", "dirname", "touch", "mkdir",
                     "chmod", "env", "install", "ls", "printf", "cp", "ln", "rmdir", "gzip", "basename", "date", "stat"):
            (self.programs / name).symlink_to(shutil.which(name))
        self.program("strip", "exit 0")
        self.program("id", f"echo {0 if root else 1000}")
        self.program("dpkg-query", f'case " {missing} " in *" $4 "*) exit 1 ;; esac; printf installed')
        self.program("apt-get", APT)
        if swift:
            self.program("swift", SWIFT)
        if sudo:
            self.program("sudo", sudo)
        for path in [self.folder, *self.folder.rglob("*")]:
            if not path.is_symlink():
                path.chmod(path.stat().st_mode | stat.S_IROTH | stat.S_IWOTH | (stat.S_IXOTH if path.is_dir() else 0))

    def program(self, name, script):
        path = self.programs / name
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)

    def make(self, *words, user=None, **environment):
        variables = {"PATH": str(self.programs), "LOG": str(self.log), "PROGRAM": f"{self.folder}/program", "APT_PAUSE": "0",
                     **environment}
        return subprocess.run(
            [self.programs / "make", *words], cwd=self.tree, env=variables, user=user, group=user,
            extra_groups=[] if user else None, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    @property
    def calls(self):
        return self.log.read_text().splitlines()

    def called(self, program):
        return [call for call in self.calls if call.startswith(program)]

    def build(self):
        assert self.make("release").returncode == 0
        self.log.write_text("")


class MakeTests(unittest.TestCase):
    def place(self, **options):
        place = Place(**options)
        self.addCleanup(shutil.rmtree, place.folder, ignore_errors=True)
        return place

    def test_a_bare_make_prints_the_targets_and_does_nothing(self):
        place = self.place(missing="libyaml-dev")
        for words in ((), ("help",)):
            result = place.make(*words)
            self.assertEqual(result.returncode, 0, result)
            for target in ("demo", "test", "install", "uninstall", "vm"):
                self.assertRegex(result.stdout, rf"(?m)^{target} +[a-z]")
        self.assertEqual(place.calls, [])

    def test_every_target_that_people_call_is_listed(self):
        text = (REPOSITORY / "Makefile").read_text()
        listed = {line.split()[1] for line in text.splitlines() if line.startswith("## ") and not line.endswith(":")}
        phony = {word for line in text.splitlines() if line.startswith(".PHONY:") for word in line.split()[1:]}
        internal = {"listing-test", "make-test", "packaging-test", "fuzz-program", "differential-program", "build-packages", "vm-packages",
                    "all-packages", "unit-tests", "sanitized-tests", "packaging-packages", "may-install", "ansible-packages", "schema-packages", "schema-test"}
        self.assertEqual(phony - internal, listed)

    def test_a_kernel_that_is_chosen_is_the_only_one_that_is_tested(self):
        place = self.place()
        place.build()
        record = 'echo "stack=$DAXPROV_VM_STACK $*" >> "$LOG"'
        place.program("python", record)
        for words, environment, expected in (
                ((), {}, [("", False)]),
                (("STACK=7.3",), {}, [("7.3", False)]),
                ((), {"DAXPROV_VM_STACK": "6.12"}, [("6.12", False)])):
            place.log.write_text("")
            result = place.make("vm-test", f"PYTHON={place.programs / 'python'}", *words, **environment)
            self.assertEqual(result.returncode, 0, result)
            runs = [(call.split()[0].removeprefix("stack="), "-m each_kernel" in call) for call in place.called("stack=")]
            self.assertEqual(runs, expected)

    def test_missing_packages_are_installed_by_root_with_patience(self):
        place = self.place(missing="libyaml-dev")
        result = place.make("release")
        self.assertEqual(result.returncode, 0, result)
        install = place.called("apt-get")[-1]
        self.assertIn("install -y --no-install-recommends libyaml-dev", install)
        self.assertIn("DPkg::Lock::Timeout=", install)
        self.assertEqual(len(place.called("swift build")), 1)

    def test_without_root_and_sudo_the_command_is_said_before_anything_is_built(self):
        for target in ("release", "demo", "test", "unit", "vm", "lint", "fuzz", "sanitize"):
            place = self.place(root=False, missing="libyaml-dev qemu-system-x86")
            result = place.make(target)
            self.assertNotEqual(result.returncode, 0)
            self.assertRegex(result.stderr, "only root can install them:.* libyaml-dev")
            self.assertRegex(result.stderr, "apt-get update && apt-get install --no-install-recommends.* libyaml-dev")
            self.assertEqual(place.calls, [], target)

    def test_packages_that_make_a_package_are_looked_for_where_one_is_made(self):
        place = self.place(root=False, missing="dpkg-dev lintian")
        place.build()
        result = place.make("deb")
        self.assertRegex(result.stderr, "only root can install them:.* dpkg-dev")
        self.assertNotIn("lintian", result.stderr)
        for target in ("test", "deb-test"):
            self.assertRegex(place.make(target).stderr, "only root can install them:.* lintian")
        self.assertEqual(place.calls, [])

    def test_packages_of_the_machines_are_looked_for_before_anything_is_built(self):
        for target in ("test", "vm", "bench", "crash-matrix", "differential"):
            place = self.place(root=False, missing="qemu-system-x86")
            result = place.make(target)
            self.assertIn("qemu-system-x86", result.stderr)
            self.assertEqual(place.calls, [], target)

    def test_the_matrix_of_crashes_runs_every_test_that_dies_at_a_stride(self):
        place = self.place()
        for words, stride in (((), "1"), (("EVERY=17",), "17")):
            lines = place.make("-n", "crash-matrix", *words).stdout
            self.assertRegex(lines, rf"DAXPROV_CRASH_EVERY={stride} .*\n?.*pytest .*-m crash_points Tests/VM\n")
        # A test that asks for a stride has the mark: its own, or its file's.
        marked = 0
        for file in (REPOSITORY / "Tests/VM").glob("test_*.py"):
            module = ast.parse(file.read_text())
            whole = any(isinstance(each, ast.Assign) and "crash_points" in ast.unparse(each) for each in module.body)
            for test in module.body:
                if isinstance(test, ast.FunctionDef) and re.search(r"\b(stride|points)\(", ast.unparse(test)):
                    self.assertTrue(whole or any("crash_points" in ast.unparse(each) for each in test.decorator_list), (file.name, test.name))
                    marked += 1
        self.assertGreaterEqual(marked, 8)

    def test_sudo_is_used_where_it_asks_for_no_password(self):
        place = self.place(root=False, missing="libyaml-dev", sudo='[ "$1" = -n ] && exit 0; exec "$@"')
        self.assertEqual(place.make("release").returncode, 0)
        self.assertTrue(place.called("apt-get"))
        place = self.place(root=False, missing="libyaml-dev", sudo="exit 1")
        self.assertIn("apt-get install", place.make("release").stderr)
        self.assertEqual(place.calls, [])

    def test_a_lock_that_another_apt_holds_is_waited_for(self):
        place = self.place(missing="libyaml-dev")
        result = place.make("release", APT_LOCKED="3")
        self.assertEqual(result.returncode, 0, result)
        self.assertEqual(result.stdout.count("waiting for another apt"), 1)
        place = self.place(missing="libyaml-dev")
        result = place.make("release", APT_LOCKED="1000", APT_PATIENCE="10")
        self.assertNotEqual(result.returncode, 0)
        self.assertIn("another apt or dpkg has held its lock", result.stderr)
        self.assertFalse(place.called("swift"))

    def test_being_offline_is_one_clear_line(self):
        place = self.place(missing="libyaml-dev")
        result = place.make("release", APT_OFFLINE="1")
        lines = [line for line in result.stderr.splitlines() if not line.startswith("make: ***")]
        self.assertEqual(len(lines), 1, result)
        self.assertIn("is this machine offline?", lines[0])
        self.assertIn("libyaml-dev", lines[0])
        self.assertFalse(place.called("swift"))

    def test_another_failure_of_apt_is_shown(self):
        place = self.place(missing="libyaml-dev")
        result = place.make("release", APT_FAILS="Unmet dependencies")
        self.assertIn("Unmet dependencies", result.stderr)
        self.assertNotIn("offline", result.stderr)

    def test_being_offline_is_one_clear_line_for_swift_too(self):
        place = self.place()
        failure = "error: Failed to clone repository https://github.com/apple/swift-argument-parser:\n" \
            "    fatal: unable to access: Could not resolve host: github.com"
        result = place.make("release", SWIFT_FAILS=failure)
        lines = [line for line in result.stderr.splitlines() if not line.startswith("make: ***")]
        self.assertEqual(len(lines), 1, result)
        self.assertIn("offline", lines[0])
        self.assertFalse(place.called("swift build"))
        result = place.make("release", SWIFT_FAILS="error: manifest is broken")
        self.assertIn("manifest is broken", result.stderr)
        self.assertNotIn("offline", result.stderr)

    def test_a_missing_swift_is_said_with_what_to_do(self):
        place = self.place(swift=False)
        for target in ("release", "unit"):
            result = place.make(target)
            self.assertIn("needs Swift 6.2 or newer", result.stderr)
            self.assertIn("make SWIFT=", result.stderr)

    def test_install_as_root_needs_no_swift_and_builds_nothing_where_the_binary_is_current(self):
        place = self.place()
        place.build()
        (place.programs / "swift").unlink()
        result = place.make("install", f"DESTDIR={place.folder}/root", SUDO_USER="somebody")
        self.assertEqual(result.returncode, 0, result)
        self.assertEqual((place.folder / "root/usr/local/bin/daxprov").read_text(), PROGRAM)
        self.assertEqual(place.calls, [])

    def test_install_as_root_without_a_current_binary_says_who_must_build(self):
        place = self.place(swift=False)
        result = place.make("install", f"DESTDIR={place.folder}/root", SUDO_USER="somebody")
        self.assertNotEqual(result.returncode, 0)
        self.assertIn("build as somebody first: make release", result.stderr)

    def test_a_source_that_changed_is_built_again(self):
        place = self.place()
        place.build()
        late = time.time() + 10
        os.utime(place.tree / "Sources/main.swift", (late, late))
        self.assertEqual(place.make("install", f"DESTDIR={place.folder}/root").returncode, 0)
        self.assertEqual(len(place.called("swift build")), 1)

    def test_a_place_that_cannot_be_written_is_said_before_anything_is_built(self):
        place = self.place(root=False)
        closed = place.folder / "closed"
        closed.mkdir(mode=0o755)
        user = NOBODY if os.getuid() == 0 else None
        if user is None:
            closed.chmod(0o555)
        result = place.make("install", f"PREFIX={closed}", user=user)
        self.assertNotEqual(result.returncode, 0)
        self.assertIn("nothing was built", result.stderr)
        self.assertIn("make release && sudo make install", result.stderr)
        self.assertEqual(place.calls, [])

    def installed(self, place, *words):
        """What an installation below a folder of its own holds."""
        result = place.make("install", f"DESTDIR={place.folder}/root", *words)
        self.assertEqual(result.returncode, 0, result)
        root = place.folder / "root"
        return {str(path.relative_to(root)): path for path in root.rglob("*") if path.is_symlink() or path.is_file()}

    def test_install_brings_manual_pages_completions_documents_and_examples(self):
        found = self.installed(self.place())
        pages = {path.name.removesuffix(".md") for path in (REPOSITORY / "packaging/man").glob("*.md")}
        self.assertEqual({Path(path).name for path in found if "/share/man/" in path}, {f"{page}.gz" for page in pages})
        for shell, path in (("bash", "bash-completion/completions/daxprov"), ("zsh", "zsh/site-functions/_daxprov"),
                            ("fish", "fish/vendor_completions.d/daxprov.fish")):
            self.assertEqual(found[f"usr/local/share/{path}"].read_text(), f"completion of {shell}\n")
        documents = "usr/local/share/doc/daxprov"
        for name in ("LICENSE", "README.md", "CHANGELOG.md", "docs/guide.md", "profiles/hosts/eadr.json"):
            self.assertEqual(found[f"{documents}/{name}"].read_bytes(), (REPOSITORY / name).read_bytes())
        self.assertTrue((found[f"{documents}/examples"] / "database.yaml").is_file())
        self.assertEqual([path for path in found if not path.startswith("usr/local/")], [])

    def test_installed_files_are_for_everybody_whatever_the_umask_is(self):
        place = self.place()
        before = os.umask(0o077)
        self.addCleanup(os.umask, before)
        found = self.installed(place)
        for path in [path for path in found.values() if not path.is_symlink()]:
            self.assertEqual(path.stat().st_mode & 0o7777, 0o755 if {"bin", "libexec", "system-generators"} & set(path.parts) else 0o644, path)
        for folder in (place.folder / "root/usr").rglob("*"):
            if folder.is_dir():
                self.assertEqual(folder.stat().st_mode & 0o777, 0o755, folder)

    def test_places_with_spaces_and_other_folders_of_completions_are_heeded(self):
        place = self.place()
        found = self.installed(place, "PREFIX=/opt/a b", "ZSH_COMPLETIONS=/opt/a b/zsh")
        self.assertIn("opt/a b/bin/daxprov", found)
        self.assertIn("opt/a b/zsh/_daxprov", found)
        words = (f"DESTDIR={place.folder}/root", "PREFIX=/opt/a b", "ZSH_COMPLETIONS=/opt/a b/zsh")
        self.assertEqual(place.make("uninstall", *words).returncode, 0)
        self.assertEqual([path for path in (place.folder / "root").rglob("*") if path.is_file()], [])

    def test_manual_pages_are_made_anew_where_their_text_changed_and_nothing_is_built(self):
        place = self.place()
        self.installed(place)
        place.log.write_text("")
        for name in ("docs/profile.md", "packaging/man/daxprov.1.md"):
            page = place.tree / name
            page.write_text(page.read_text().replace("host.yaml", "other.yaml") + "\nAnother word.\n")
            late = time.time() + 10
            os.utime(page, (late, late))
        before = (place.folder / "root/usr/local/share/man/man5/daxprov.profile.5.gz").read_bytes()
        found = self.installed(place)
        self.assertNotEqual(found["usr/local/share/man/man5/daxprov.profile.5.gz"].read_bytes(), before)
        self.assertEqual(place.calls, [])

    def test_uninstall_removes_what_install_has_put_there_and_nothing_else(self):
        place = self.place()
        root = f"DESTDIR={place.folder}/root"
        found = self.installed(place)
        self.assertGreater(len(found), 30)
        others = [place.folder / "root/usr/local/share" / name for name in ("man/man1/ndctl.1.gz", "doc/ndctl/README")]
        for other in others:
            other.parent.mkdir(parents=True, exist_ok=True)
            other.write_text("")
        result = place.make("uninstall", root)
        self.assertEqual(result.returncode, 0, result)
        left = [path for path in (place.folder / "root").rglob("*") if path.is_symlink() or path.is_file()]
        self.assertEqual(sorted(left), sorted(others))
        self.assertFalse((place.folder / "root/usr/local/share/doc/daxprov").exists())
        self.assertEqual(place.make("uninstall", root).returncode, 0, "once more does no harm")


if __name__ == "__main__":
    unittest.main()
