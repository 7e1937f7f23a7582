"""What the shells offer where somebody presses Tab: the real shells, with the scripts as they are installed."""

import os
import pty
import re
import select
import shutil
import signal
import subprocess
import time

import pytest

COMMANDS = ("plan", "apply", "rollback", "recover", "history", "inventory")


@pytest.fixture(scope="session")
def installed(repository, binary, tmp_path_factory):
    """A folder where make install has put the program and its completions."""
    folder = tmp_path_factory.mktemp("installed")
    run = subprocess.run(
        ["make", "-s", "install", f"PREFIX={folder}", f"BINARY={binary}", "SOURCES=", f"GENERATED={folder}/generated"],
        cwd=repository, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    return folder


class Shell:
    def __init__(self, installed, folder):
        self.installed, self.folder = installed, folder

    def environment(self):
        return {"PATH": f"{self.installed}/bin:/usr/bin:/bin", "HOME": str(self.folder), "TERM": "dumb", "LC_ALL": "C.UTF-8",
                "XDG_DATA_DIRS": f"{self.installed}/share:/usr/share", "XDG_CONFIG_HOME": f"{self.folder}/.config"}

    def output(self, *command):
        run = subprocess.run(
            command, cwd=self.folder, env=self.environment(), stdin=subprocess.DEVNULL, capture_output=True, text=True)
        assert run.stderr == ""
        return run.stdout


    def names(self, line, condition, patience=30):
        """What it offers of what the program itself completes."""
        return self.offers(line, condition, patience)


class Bash(Shell):
    """bash-completion finds the script by the command's name."""

    def offers(self, line, condition=None, patience=30):
        words = line.split(" ")
        script = (
            f'. /usr/share/bash-completion/bash_completion; _completion_loader daxprov; COMP_WORDS=({" ".join(words[:-1])} "{words[-1]}")'
            f'; COMP_CWORD={len(words) - 1}; COMP_LINE="{line}"; COMP_POINT={len(line)}; set -- $(complete -p daxprov)'
            '; while [ "$1" != -F ]; do shift; done; function=$2'
            f'; "$function" daxprov "{words[-1]}" "{words[-2]}"; printf "%s\\n" "${{COMPREPLY[@]}}"')
        return [word.strip() for word in self.output("bash", "--norc", "-c", script).splitlines()]


class OnTerminal(Shell):
    """A shell that completes on a terminal only. `start` is what is typed first, and ends in a prompt READY."""

    def typed(self, line, condition, patience):
        """The words that it shows where a line is typed, and Tab: as soon as they meet the condition, or patience ends."""
        child, terminal = pty.fork()
        if child == 0:
            os.chdir(self.folder)
            os.execve(shutil.which(self.command[0]), self.command, self.environment())
        try:
            os.write(terminal, self.start.encode())
            # Once it is echoed, once it is the prompt.
            self.read(terminal, lambda text: text.count("READY> ") > 1, 60)
            os.write(terminal, line.encode())
            # A shell can write the rest of a word behind what was typed, or the whole line anew.
            echo = self.read(terminal, lambda text: words_in(text)[-1:] == line.split()[-1:], 5)
            os.write(terminal, b"\t\t")
            return words_in(echo + self.read(terminal, lambda text: condition(words_in(echo + text)), patience))
        finally:
            os.close(terminal)
            # It has nothing to save, and fish can wait for itself for ever when its terminal is gone.
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)

    def read(self, terminal, condition, patience):
        text, end = "", time.monotonic() + patience
        while not condition(text) and (left := end - time.monotonic()) > 0:
            if select.select([terminal], [], [], left)[0]:
                text += os.read(terminal, 4096).decode(errors="replace")
        return text


def words_in(text):
    return re.findall(r"[^\s\x07\x08]+", re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", " ", text))


class Fish(OnTerminal):
    """fish finds the script among those of vendors. What the program itself completes needs a terminal."""

    command = ("fish", "--private")
    start = "function fish_prompt; echo 'READY> '; end\n"

    def offers(self, line, condition=None, patience=30):
        return [word.partition("\t")[0] for word in self.output("fish", "-c", f"complete -C '{line}'").splitlines()]

    def names(self, line, condition, patience=30):
        return self.typed(line, condition, patience)


class Zsh(OnTerminal):
    command = ("zsh", "-f", "-i")

    @property
    def start(self):
        functions = f"{self.installed}/share/zsh/site-functions"
        return (f"fpath=({functions} $fpath); autoload -Uz compinit; compinit -D -u; zstyle ':completion:*' list-prompt ''; "
                "LISTMAX=0; COLUMNS=200; setopt nolistambiguous; unsetopt zle_bracketed_paste; PS1='READY> '\n")

    def offers(self, line, condition, patience=30):
        return self.typed(line, condition, patience)


@pytest.fixture(params=(Bash, Zsh, Fish), ids=lambda shell: shell.__name__.lower())
def shell(request, installed, tmp_path):
    (tmp_path / "host-profile.yaml").write_text("")
    return request.param(installed, tmp_path)


def test_commands_are_offered(shell):
    def all_there(words):
        return set(COMMANDS) <= set(words)
    assert all_there(shell.offers("daxprov ", all_there))


def test_a_command_is_completed_and_another_not_offered(shell):
    found = shell.offers("daxprov roll", lambda words: "rollback" in words)
    assert "rollback" in found and "recover" not in found


def test_the_options_of_a_command_are_offered_and_no_others(shell, commands):
    for name in ("apply", "history"):
        expected = {f"--{n['name']}" for argument in commands[name]["arguments"] for n in argument.get("names", ())
                    if len(n["name"]) > 1}

        def options(words):
            return {word for word in words if re.fullmatch(r"--[a-z][a-z-]*", word)}
        assert options(shell.offers(f"daxprov {name} --", lambda words: options(words) == expected)) == expected, name


def test_a_profile_is_completed_as_a_file(shell):
    def there(words):
        return any("host-profile.yaml" in word for word in words)
    for line in ("daxprov apply host-", "daxprov plan host.yaml --inventory host-"):
        assert there(shell.offers(line, there)), line


PROFILE = """version: 1
regions:
  - match: {region: 0}
    labels: init
    namespaces:
      - {name: journal-1, mode: fsdax, size: 25%}
      - {name: "two words", mode: fsdax, size: 25%}
"""


@pytest.fixture
def simulated(shell, repository):
    """A simulated host with two namespaces and one recorded transaction, in the shell's folder."""
    shutil.copy(repository / "profiles/hosts/one-dimm.json", shell.folder / "host.json")
    (shell.folder / "host.yaml").write_text(PROFILE)
    words = ("apply", "host.yaml", "--yes", "--allow-destroy", "region0", "--simulate", "host.json")
    subprocess.run(["daxprov", *words], cwd=shell.folder, env=shell.environment(), check=True, capture_output=True)
    return shell


def test_names_of_namespaces_are_offered(simulated):
    def there(words):
        return any("journal-1" in word for word in words)
    for line in ("daxprov unprotect --simulate host.json jou", "daxprov inventory --simulate host.json jou",
                 "daxprov apply host.yaml --simulate host.json --allow-destroy jou"):
        assert there(simulated.names(line, there)), line


def test_a_name_that_a_shell_would_split_is_not_offered(simulated):
    assert "two" not in " ".join(simulated.names("daxprov unprotect --simulate host.json tw", never, patience=4))


def test_transactions_are_offered(simulated):
    def there(words):
        return any("000001-" in word for word in words)
    for line in ("daxprov rollback --simulate host.json 0000", "daxprov recover --simulate host.json --abandon 0000"):
        assert there(simulated.names(line, there)), line


def test_nothing_is_offered_and_nothing_said_where_the_host_cannot_be_seen(shell):
    words = shell.names("daxprov unprotect --simulate missing.json jou", never, patience=4)
    assert not any("journal" in word or "error" in word for word in words)


def never(words):
    return False
