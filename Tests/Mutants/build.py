"""Builds the tests with mutants, and takes out those that the compiler refuses."""
import re
import subprocess
from collections import defaultdict

from rewrite import rewritten
from switch import swift
from tree import CORE, SWITCH

ROUNDS = 6
# What a mutant broke can be complained of at another line. The last rounds take out all around it.
REACH = {4: 20, 5: 10_000}
BELOW = 10
ERROR = re.compile(r"^(?P<file>/\S.*?\.swift):(?P<line>\d+):\d+: error: (?P<text>.*)$", re.MULTILINE)


def errors(output, folder):
    """The places of errors, as pairs of a path in the repository and a line."""
    prefix = f"{folder}/"
    return sorted({(found["file"].removeprefix(prefix), int(found["line"])) for found in ERROR.finditer(output)
                   if found["file"].startswith(prefix)})


def refused(mutants, places, reach=0):
    """The mutants that errors at these places speak of: those of the line, or else the nearest of the lines below it.

    An expression of several lines is complained of at its first line. With a reach, all within so many lines.
    """
    by_file = defaultdict(list)
    for mutant in mutants:
        by_file[mutant.file].append(mutant)
    result = set()
    for file, line in places:
        near = {mutant for mutant in by_file[file] if mutant.line - reach <= line <= mutant.last_line + reach}
        on_line = {mutant for mutant in near if mutant.line == line}
        below = [mutant for mutant in by_file[file] if line < mutant.line <= line + BELOW]
        first = min((mutant.line for mutant in below), default=0)
        result |= (near if reach else on_line or near) or {mutant for mutant in below if mutant.line == first}
    return result


def write(tree, mutants):
    """Writes every source file: with its mutants, or as it is."""
    by_file = defaultdict(list)
    for mutant in mutants:
        by_file[mutant.file].append(mutant)
    for name, text in tree.originals.items():
        tree.write(name, rewritten(text, by_file[name], name.startswith(CORE)).encode())
    tree.write(SWITCH, swift(mutants).encode())


def build(tree, mutants, swift_program, say):
    """Builds; returns the mutants that are in the build."""
    log = tree.folder.parent / "build.log"
    for number in range(1, ROUNDS + 1):
        write(tree, mutants)
        say(f"build {number} of at most {ROUNDS}, {len(mutants)} mutants")
        run = subprocess.run([swift_program, "build", "--build-tests", "--package-path", str(tree.folder)],
                             stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace")
        log.write_text(run.stdout)
        if not run.returncode:
            return mutants
        out = refused(mutants, errors(run.stdout, tree.folder), REACH.get(number, 0))
        if not out:
            raise SystemExit(f"mutants: the build fails, and not because of a mutant: see {log}")
        for mutant in sorted(out, key=lambda mutant: mutant.number):
            say(f"not built: {mutant.file}:{mutant.line}: {mutant.original} -> {mutant.mutated}")
        mutants = [mutant for mutant in mutants if mutant not in out]
    raise SystemExit(f"mutants: the build still fails after {ROUNDS} rounds: see {log}")
