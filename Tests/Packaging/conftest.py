"""The program that is packaged, and what its help says."""

import json
import os
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
    """Every command by name, the program itself among them; the library's own `help` is not documented."""
    program = json.loads(help_text)["command"]
    named = {command["commandName"]: command for command in [program, *program["subcommands"]]}
    del named["help"]
    return named
