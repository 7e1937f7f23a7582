"""The Debian package: the same bytes wherever it is made, what Debian wants of it, and the same files as make install."""

import email.utils
import gzip
import json
import os
import re
import subprocess

import pytest

EPOCH = 1764300000
DOCUMENTS = "usr/share/doc/daxprov"


@pytest.fixture(scope="session")
def tree(deb, tmp_path_factory):
    """What the package unpacks to."""
    folder = tmp_path_factory.mktemp("unpacked")
    subprocess.run(["dpkg-deb", "-R", deb, folder], check=True)
    return folder


def files(folder):
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_symlink() or path.is_file()}


def field(deb, name):
    return subprocess.run(["dpkg-deb", "-f", deb, name], check=True, capture_output=True, text=True).stdout.strip()


def test_it_is_the_same_wherever_whenever_and_by_whom_it_is_made(deb, make_deb):
    other = make_deb(
        tree="another folder/with a longer name", umask=0o077, TZ="Pacific/Auckland", LC_ALL="tr_TR.UTF-8", LANG="de_DE",
        HOME="/nonexistent", DPKG_DEB_THREADS_MAX="4")
    assert other.read_bytes() == deb.read_bytes()
    assert (other.parent / f"{other.name}.spdx.json").read_bytes() == (deb.parent / f"{deb.name}.spdx.json").read_bytes()


def test_lintian_has_nothing_to_say(deb):
    run = subprocess.run(
        ["lintian", "--display-info", "--display-experimental", "--pedantic", "--info", deb], capture_output=True, text=True,
        env={**os.environ, "LC_ALL": "C.UTF-8"})
    assert run.stdout == ""
    assert run.returncode == 0


def test_it_holds_what_make_install_installs(tree, repository, binary, tmp_path):
    run = subprocess.run(
        ["make", "-s", "install", f"DESTDIR={tmp_path}/root", "PREFIX=/usr", f"BINARY={binary}", "SOURCES=",
         f"GENERATED={tmp_path}/generated", "ZSH_COMPLETIONS=/usr/share/zsh/vendor-completions"],
        cwd=repository, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    installed = files(tmp_path / "root")
    packed = {path for path in files(tree) if not path.startswith("DEBIAN/")}
    assert installed - packed == {f"{DOCUMENTS}/LICENSE", f"{DOCUMENTS}/CHANGELOG.md"}
    assert packed - installed == {
        f"{DOCUMENTS}/copyright", f"{DOCUMENTS}/changelog.gz", f"{DOCUMENTS}/changelog.Debian.gz",
        f"{DOCUMENTS}/daxprov.spdx.json", "usr/share/lintian/overrides/daxprov"}
    for path in installed & packed - {"usr/bin/daxprov"}:
        if (tree / path).is_symlink():
            assert os.readlink(tmp_path / "root" / path) == os.readlink(tree / path)
            continue
        one, other = (tmp_path / "root" / path).read_bytes(), (tree / path).read_bytes()
        if "/man/" in path:  # the date is that of the commit
            one, other = (re.sub(rb"(?m)^\.Dd .*$", b"", gzip.decompress(page)) for page in (one, other))
        assert one == other, path


def test_the_program_in_it_runs_and_its_relocations_are_read_only(tree, binary):
    program = tree / "usr/bin/daxprov"
    for words in (["--version"], ["--experimental-dump-help"]):
        assert subprocess.check_output([program, *words]) == subprocess.check_output([binary, *words])
    headers = subprocess.check_output(["readelf", "-lWn", program], text=True)
    assert "GNU_RELRO" in headers
    [identity] = re.findall(r"Build ID: (\w+)", headers)
    assert len(identity) == 40 and set(identity) != {"0"}
    assert ".debug_info" not in subprocess.check_output(["readelf", "-SW", program], text=True)


def test_its_control_file_says_what_it_needs(deb, tree, binary):
    assert field(deb, "Version") == subprocess.check_output([binary, "--version"], text=True).split()[1] + "-1"
    needed = set(re.findall(r"([\w.+-]+)(?: \(>= [^)]+\))?(?:, |$)", field(deb, "Depends")))
    assert {"libc6", "libndctl6", "libdaxctl1", "libyaml-0-2", "libblkid1"} <= needed
    size = sum(path.stat().st_size for path in (tree / "usr").rglob("*") if path.is_file() and not path.is_symlink())
    assert 0 <= int(field(deb, "Installed-Size")) - size // 1024 < 200
    subprocess.run(["md5sum", "--check", "--quiet", "DEBIAN/md5sums"], cwd=tree, check=True)
    listed = {line.split("  ", 1)[1] for line in (tree / "DEBIAN/md5sums").read_text().splitlines()}
    assert listed == {path for path in files(tree) if path.startswith("usr/") and not (tree / path).is_symlink()}


def test_its_changelog_has_the_time_of_the_commit(tree):
    text = gzip.decompress((tree / DOCUMENTS / "changelog.Debian.gz").read_bytes()).decode()
    said = email.utils.parsedate_to_datetime(text.rstrip().rpartition("  ")[2])
    assert said.timestamp() == EPOCH


def test_its_bill_of_materials_names_everything_in_it(deb, tree, repository):
    document = json.loads((tree / DOCUMENTS / "daxprov.spdx.json").read_text())
    assert document["spdxVersion"] == "SPDX-2.3"
    assert document["creationInfo"]["created"] == "2025-11-28T03:20:00Z"
    packages = {package["SPDXID"]: package for package in document["packages"]}
    assert len(packages) == len(document["packages"])
    linked = {kind: {packages[relation["relatedSpdxElement"]]["name"] for relation in document["relationships"]
                     if relation["relationshipType"] == kind} for kind in ("STATIC_LINK", "DYNAMIC_LINK", "DESCRIBES")}
    pins = json.loads((repository / "Package.resolved").read_text())["pins"]
    assert linked["STATIC_LINK"] == {"swift-runtime", *(pin["identity"] for pin in pins)}
    assert linked["DYNAMIC_LINK"] == set(re.findall(r"(?:^|, )([^ ,]+)", field(deb, "Depends")))
    assert linked["DESCRIBES"] == {"daxprov"}
    versions = {package["name"]: package["versionInfo"] for package in document["packages"]}
    assert versions["daxprov"] == field(deb, "Version")
    for pin in pins:
        assert versions[pin["identity"]] == pin["state"]["version"]
    for name in linked["DYNAMIC_LINK"]:
        assert versions[name] == subprocess.check_output(["dpkg-query", "-W", "-f", "${Version}", name], text=True)
