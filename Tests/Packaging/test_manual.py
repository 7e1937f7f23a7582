"""The manual pages say what the program says, and are pages that manual readers take."""

import os
import re
import shlex
import subprocess

import pytest

EXIT_CODES = re.compile(r"(?m)^ +(\d+)  (.+)$")
# Styles of another system: pages that are not installed here, and headings that resemble usual ones.
NOT_OURS = re.compile(r"STYLE: (referenced manual not found|possible typo in section name: Sh SIZES)|outdated mandoc\.db")


@pytest.fixture(scope="session")
def pages(help_text, repository, tmp_path_factory):
    """The folder with the pages."""
    folder = tmp_path_factory.mktemp("manual")
    generate(repository, help_text, folder)
    return folder


def generate(repository, help_text, folder, check=True):
    (folder / "help.json").write_text(help_text)
    return subprocess.run(
        [repository / "packaging/man/generate", folder / "help.json", folder], check=check, capture_output=True, text=True,
        env={**os.environ, "SOURCE_DATE_EPOCH": "1764300000"})


def path(pages, command):
    return pages / "man1" / ("daxprov.1" if command == "daxprov" else f"daxprov-{command}.1")


def shown(page):
    """A page as a reader sees it, on a terminal wide enough that no option is broken."""
    run = subprocess.run(["mandoc", "-T", "ascii", "-O", "width=400", page], check=True, capture_output=True, text=True)
    return re.sub(r".\x08", "", run.stdout)


def section(text, title):
    return re.search(rf"(?ms)^{title}\n(.*?)(?=^\S)", text)[1]


def test_every_command_has_a_page_and_every_page_a_command(pages, commands):
    expected = {path(pages, name) for name in commands} | {pages / "man5/daxprov.profile.5"}
    assert set(pages.glob("man*/*")) == expected
    for name, command in commands.items():
        if name != "daxprov":
            above = next((each for each in commands if name.startswith(f"{each}-")), "daxprov")
            listed = section(shown(path(pages, above)), "DESCRIPTION")
            assert re.search(rf"(?m)^ +daxprov-{name}\(1\)(?=\s)", listed), name


def test_every_option_and_argument_is_in_its_page(pages, commands):
    count = 0
    for name, command in commands.items():
        description = section(shown(path(pages, name)), "DESCRIPTION").replace("'", "")
        synopsis = section(shown(path(pages, name)), "SYNOPSIS")
        for argument in command["arguments"]:
            count += 1
            first = " ".join(argument["abstract"].replace("'", "").split()[:4])
            if argument["kind"] == "positional":
                words = argument["valueName"]
                assert re.search(rf"(?<![\w-]){words}(?![\w-])", synopsis), (name, words)
            else:
                names = [("-" if len(name["name"]) == 1 else "--") + name["name"] for name in argument["names"]]
                words = ", ".join(sorted(names, key=len))
                if argument["kind"] == "option":
                    words += " " + argument["valueName"]
            assert re.search(rf"(?m)^ +{re.escape(words)}\s+{re.escape(first)}", description), (name, words)
    assert count > 60


def test_exit_codes_are_those_of_the_help(pages, commands):
    for name, command in commands.items():
        told = EXIT_CODES.findall(command["discussion"].split("EXIT CODES:\n")[1])
        status = section(shown(path(pages, name)), "EXIT STATUS")
        found = re.findall(r"(?m)^ +(\d+) +(.+)$", status)
        assert [(code, text.rstrip(".").lower()) for code, text in found] == [(code, text.lower()) for code, text in told], name


def test_readme_has_the_same_exit_codes(repository, commands):
    table = (repository / "README.md").read_text().split("## Exit codes\n")[1].split("\n## ")[0]
    listed = {int(code) for row in re.findall(r"(?m)^\| ([\d, ]+) \|", table) for code in row.split(",")}
    assert listed == {int(code) for code, _ in EXIT_CODES.findall(commands["daxprov"]["discussion"])}


def test_every_key_that_the_profile_reader_knows_is_in_its_page(pages, repository):
    decoding = repository / "Sources/Provision/Core/Profile/Decoding"
    lists = [found for source in decoding.glob("*.swift")
             for found in re.findall(r"let \w*[kK]eys = \[([^\]]*)\]", source.read_text())]
    keys = {key for found in lists for key in re.findall(r'"(\w+)"', found)}
    assert len(lists) >= 6 and {"version", "match", "iset_id", "sector_size", "permissions"} <= keys
    text = (pages / "man5/daxprov.profile.5").read_text()
    assert [key for key in sorted(keys) if rf"\fB{key}\fP" not in text] == []


def test_mandoc_has_nothing_to_say(pages):
    run = subprocess.run(["mandoc", "-T", "lint", *pages.glob("man*/*")], capture_output=True, text=True)
    complaints = [line for line in (run.stdout + run.stderr).splitlines() if not NOT_OURS.search(line)]
    assert complaints == []
    warnings = subprocess.run(["mandoc", "-T", "lint", "-W", "warning", *pages.glob("man*/*")], capture_output=True, text=True)
    assert (warnings.returncode, warnings.stdout) == (0, "")


def test_groff_has_nothing_to_say_and_whatis_finds_the_name(pages):
    for page in pages.glob("man*/*"):
        run = subprocess.run(
            ["man", "--warnings", "-E", "UTF-8", "-l", "-Tutf8", "-Z", page], capture_output=True, text=True,
            env={**os.environ, "LC_ALL": "C.UTF-8", "MANROFFSEQ": "", "MANWIDTH": "80"})
        assert (run.returncode, run.stderr) == (0, ""), page
        whatis = subprocess.run(["lexgrog", page], capture_output=True, text=True)
        assert whatis.returncode == 0 and f'"{page.stem} - ' in whatis.stdout, whatis.stdout


def test_references_lead_to_pages(pages):
    ours = {page.name for page in pages.glob("man*/*")}
    for page in pages.glob("man*/*"):
        for name, number in re.findall(r"(?m)^\.(?:It )?Xr (\S+) (\d)", page.read_text()):
            assert not name.startswith("daxprov") or f"{name}.{number}" in ours, (page.name, name)


def test_examples_use_commands_and_options_that_exist(pages, commands):
    count = 0
    for page in (pages / "man1").glob("*"):
        for line in re.findall(r"(?m)^ +daxprov (.+)$", section(shown(page), "EXAMPLES")):
            name, *words = shlex.split(line, comments=True)
            if words and f"{name}-{words[0]}" in commands:
                name = f"{name}-{words.pop(0)}"
            known = {n["name"] for argument in commands[name]["arguments"] for n in argument.get("names", ())}
            options = [word.lstrip("-") for word in words if word.startswith("-")]
            assert set(options) <= known, (page.name, line)
            count += 1
    assert count > 20


def test_pages_are_the_same_each_time(pages, repository, help_text, tmp_path):
    generate(repository, help_text, tmp_path)
    for page in pages.glob("man*/*"):
        assert page.read_bytes() == (tmp_path / page.relative_to(pages)).read_bytes()


def test_a_command_without_a_part_and_a_part_without_a_command_are_errors(repository, help_text, tmp_path):
    for changed in (help_text.replace('"unprotect"', '"unguard"'), help_text.replace("EXIT CODES", "CODES")):
        run = generate(repository, changed, tmp_path, check=False)
        assert run.returncode != 0 and "packaging/man/generate: Mistake" in run.stderr
