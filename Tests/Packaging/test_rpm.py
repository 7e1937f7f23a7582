"""The RPM package: the same bytes each time, the same files as make install, nothing for rpmlint to say."""

import subprocess

import pytest


@pytest.fixture(scope="session")
def rpm(make_package):
    return make_package("rpm")


def query(rpm, *words):
    return subprocess.run(["rpm", "-qp", *words, rpm], check=True, capture_output=True, text=True).stdout.split("\n")[:-1]


def test_it_is_the_same_wherever_it_is_made(rpm, make_package):
    other = make_package(
        "rpm", tree="another folder/with a longer name", umask=0o077, TZ="Pacific/Auckland", LANG="de_DE", HOME="/nonexistent")
    assert other.read_bytes() == rpm.read_bytes()


def test_rpmlint_has_nothing_to_say(rpm, repository):
    folder = repository / "packaging/rpm"
    run = subprocess.run(
        ["rpmlint", "--config", folder / "rpmlint.toml", rpm, folder / "daxprov.spec"], capture_output=True, text=True)
    assert "1 packages and 1 specfiles checked; 0 errors, 0 warnings" in run.stdout, run.stdout
    assert run.returncode == 0


def test_it_holds_what_make_install_installs(rpm, repository):
    environment = {"PATH": "/usr/bin:/bin", "BINARY": "x", "GENERATED": "y", "DESTDIR": "", "PREFIX": "/usr"}
    listed = subprocess.run(
        ["sh", repository / "packaging/place", "list"], env=environment, check=True, capture_output=True, text=True).stdout
    installed = {line.split(" ", 2)[2] for line in listed.splitlines()}
    packed = {line.split()[-1] for line in query(rpm, "--queryformat", "[%{FILEMODES:perms} %{FILENAMES}\n]") if line[0] == "-"}
    assert packed == installed | {"/usr/share/doc/daxprov/daxprov.spdx.json"}
    assert "/usr/share/doc/daxprov/LICENSE" in query(rpm, "--licensefiles")
    assert set(query(rpm, "--queryformat", "[%{FILEUSERNAME}:%{FILEGROUPNAME}\n]")) == {"root:root"}


def test_it_needs_the_libraries_of_the_program(rpm):
    needed = {word.partition("(")[0] for word in query(rpm, "--requires")}
    assert {"libc.so.6", "libndctl.so.6", "libdaxctl.so.1", "libyaml-0.so.2", "libblkid.so.1"} <= needed
