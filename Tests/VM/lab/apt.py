"""apt, as the machine has it or with a configuration of its own: packages are downloaded and unpacked, never installed.

A configuration of our own has its own lists and knows of no installed package. Its mirror and its key are those of the
machine's own Debian source, and so are the settings of the network (a proxy); only the releases are others. What it fetched
stays as it is for as long as it is in use.
"""

import os
import re
import subprocess
from pathlib import Path

from . import cache
from .errors import LabError
from .tools import require

CONFIGURATION = """\
Dir::Etc::main "/dev/null";
Dir::Etc::parts "/dev/null";
Dir::Etc::sourcelist "/dev/null";
Dir::Etc::sourceparts "{directory}/sources";
Dir::Etc::preferences "/dev/null";
Dir::Etc::preferencesparts "/dev/null";
Dir::State "{directory}";
Dir::State::status "{directory}/status";
Dir::Cache "{directory}";
APT::Architecture "amd64";
APT::Default-Release "{release}";
APT::Install-Recommends "false";
APT::Sandbox::User "root";
APT::Update::Error-Mode "any";
Acquire::GzipIndexes "true";
Acquire::Languages "none";
Debug::NoLocking "true";
"""


class Apt:
    """`configuration` is a file, or None for the machine's own apt; `what` says in messages where it looks."""

    def __init__(self, configuration, what, advice):
        self.what = what
        self._configuration, self._advice = configuration, advice

    def run(self, *command, cwd=None):
        environment = dict(os.environ, LC_ALL="C.UTF-8")
        if self._configuration:
            environment["APT_CONFIG"] = str(self._configuration)
        result = subprocess.run(
            [require(command[0]), *command[1:]], cwd=cwd, env=environment, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, errors="replace")
        if result.returncode != 0:
            raise LabError(f"{' '.join(command)}: exit {result.returncode}\n{result.stderr[-2000:]}")
        return result.stdout

    def show(self, package):
        """The fields of the package's candidate."""
        try:
            text = self.run("apt-cache", "show", "--no-all-versions", package)
        except LabError as error:
            raise LabError(f"there is no {package} in {self.what}: {self._advice}\n{error}") from None
        return dict(line.split(": ", 1) for line in text.split("\n\n")[0].splitlines() if re.match(r"[\w-]+: ", line))

    def download(self, package, into):
        """Fetches one package (NAME or NAME=VERSION) and unpacks it below `into`."""
        try:
            self.run("apt-get", "download", package, cwd=into)
        except LabError as error:
            raise LabError(f"cannot download {package} from {self.what}: {self._advice}\n{error}") from None
        [archive] = into.glob("*.deb")
        unpack(archive, into)
        archive.unlink()

    def unpacked(self, name, packages):
        """The directory where the packages are unpacked with all that they depend on."""
        asked = ("apt-get", "-qq", "-y", "install", *packages)
        try:
            needed = self.run(*asked, "--print-uris")
        except LabError as error:
            raise LabError(f"{self.what} cannot give {', '.join(packages)}: {self._advice}\n{error}") from None
        archives = [line.split()[1] for line in needed.splitlines() if line.startswith("'")]

        def fetch(directory):
            place = directory / "archives"
            (place / "partial").mkdir(parents=True)
            try:
                self.run(*asked, "--download-only", "-o", f"Dir::Cache::archives={place}")
            except LabError as error:
                raise LabError(f"cannot download the packages of {name} from {self.what}: {self._advice}\n{error}") from None
            for archive in archives:
                unpack(place / archive, directory)
                (place / archive).unlink()

        return cache.entry(f"unpacked-{name}", cache.digest(*sorted(archives)), fetch)


def unpack(archive, into):
    subprocess.run([require("dpkg"), "-x", archive, into], check=True)


MACHINES_OWN = Apt(None, "the machine's package lists", "run apt-get update, on Debian amd64")


def of(*releases):
    """The apt that knows these releases alone, and prefers the last."""
    sources = _sources(releases)
    key = cache.digest(CONFIGURATION, sources)
    kind = f"apt-{releases[-1]}"
    place = cache.root() / f"{kind}-{key}"  # where the entry will lie: the configuration names its own place
    what = f"{' and '.join(releases)} of the machine's mirror"
    advice = f"can the mirror be reached? To fetch its lists anew: rm -r {place}"

    def fetch(directory):
        for each in ("lists/partial", "sources"):
            (directory / each).mkdir(parents=True)
        (directory / "status").touch()
        (directory / "sources/lab.sources").write_text(sources)
        _configure(directory, directory, releases[-1])
        try:
            Apt(directory / "apt.conf", what, advice).run("apt-get", "-qq", "update")
        except LabError as error:
            raise LabError(f"the package lists of {what} cannot be had: is this machine offline?\n{error}") from None
        _configure(directory, place, releases[-1])

    return Apt(cache.entry(kind, key, fetch) / "apt.conf", what, advice)


def _configure(directory, place, release):
    """Writes the configuration into `directory`, for when that is called `place`."""
    network = [
        line for line in MACHINES_OWN.run("apt-config", "dump", "Acquire").splitlines()
        if not line.startswith(("Acquire::IndexTargets", "Acquire::Languages", "Acquire::GzipIndexes"))]
    text = CONFIGURATION.format(directory=place, release=release)
    (directory / "apt.conf").write_text("\n".join([*network, text]))


def debian_source():
    """The fields of the machine's own Debian source, as apt lists them: `Site` is its mirror."""
    listed = MACHINES_OWN.run("apt-get", "indextargets", "Created-By: Packages", "Component: main")
    for target in listed.split("\n\n"):
        fields = dict(line.split(": ", 1) for line in target.splitlines() if ": " in line)
        if fields.get("Origin") == "Debian" and fields.get("Label") == "Debian":
            return fields
    raise LabError("the machine's apt has no Debian mirror among its sources: add one, and run apt-get update")


def _sources(releases):
    """A source of these releases, with the mirror and the key of the machine's own release."""
    source = debian_source()
    return (f"Types: deb\nURIs: {source['Site']}\nSuites: {' '.join(releases)}\nComponents: main\n"
            + signed_by(source.get("Sourcesentry", "").rsplit(":", 1)[0], source["Site"]))


def signed_by(file, mirror):
    """The field Signed-By of the machine's source for this mirror; empty where apt trusts a key without being told."""
    if not os.path.isfile(file):
        return ""
    text = Path(file).read_text()
    if file.endswith(".list"):
        found = re.search(rf"^deb\s+\[[^]]*signed-by=([^\s\]]+)[^]]*\]\s+{re.escape(mirror)}/?\s", text, re.MULTILINE)
        return f"Signed-By: {found[1]}\n" if found else ""
    for stanza in re.split(r"\n\s*\n", text):
        lines = [line for line in stanza.splitlines() if not line.startswith("#")]
        if re.search(rf"^URIs:.*{re.escape(mirror)}/?(\s|$)", "\n".join(lines), re.MULTILINE | re.IGNORECASE):
            found = re.search(r"^Signed-By:.*(\n[ \t].*)*", "\n".join(lines), re.MULTILINE | re.IGNORECASE)
            return f"{found[0]}\n" if found else ""
    return ""
