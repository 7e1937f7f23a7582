"""The program that is packaged, and what its help says."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
BUILT = REPOSITORY / ".build/release-static/release/daxprov"


@pytest.fixture(scope="session")
def repository():
    return REPOSITORY


@pytest.fixture(scope="session")
def binary():
    path = Path(os.environ.get("DAXPROV_BINARY") or BUILT)
    assert path.is_file(), f"{path} is missing: make release"
    return path


@pytest.fixture(scope="session")
def help_text(binary):
    run = subprocess.run([binary, "--experimental-dump-help"], capture_output=True, text=True, check=True)
    return run.stdout


@pytest.fixture(scope="session")
def commands(help_text):
    """Every command by the words that name it, joined by dashes, the program itself among them; the library's own `help` is not documented."""
    program = json.loads(help_text)["command"]

    def below(command, above=()):
        for each in command.get("subcommands", []):
            if each["commandName"] != "help":
                words = (*above, each["commandName"])
                yield "-".join(words), each
                yield from below(each, words)
    return {program["commandName"]: program, **dict(below(program))}


EPOCH = 1764300000
# What a package is made of, besides the program.
PARTS = ("packaging", "docs", "profiles", "README.md", "CHANGELOG.md", "LICENSE", "Package.resolved")


@pytest.fixture(scope="session")
def make_package(repository, binary, tmp_path_factory):
    """Makes a package (`deb` or `rpm`) in a copy of the tree, and returns the file."""
    def make(kind, tree="tree", umask=0o022, **environment):
        folder = tmp_path_factory.mktemp(kind)
        place = folder / tree
        place.mkdir(parents=True)
        for part in PARTS:
            source = repository / part
            assert source.exists(), f"{part} is missing: make release"
            if source.is_dir():
                shutil.copytree(source, place / part, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copyfile(source, place / part)
        variables = {"PATH": os.environ["PATH"], "SOURCE_DATE_EPOCH": str(EPOCH), "DEB_LEVEL": "0", "RPM_LEVEL": "0", **environment}
        run = subprocess.run(
            ["sh", place / "packaging" / kind / "build", binary, folder / "out"], cwd=folder, env=variables, umask=umask,
            capture_output=True, text=True)
        assert run.returncode == 0, run.stderr
        return Path(run.stdout.strip())
    return make


@pytest.fixture(scope="session")
def make_deb(make_package):
    return lambda **options: make_package("deb", **options)


@pytest.fixture(scope="session")
def deb(make_deb):
    return make_deb()
