"""Reads the list of survivors that are explained: each a path, and below it three lines, `original`, `mutated` and `why`."""
from dataclasses import dataclass

FIELDS = ("original", "mutated", "why")


@dataclass(frozen=True)
class Explanation:
    file: str
    original: str
    mutated: str
    why: str
    line: int

    def matches(self, mutant):
        return (self.file, self.original, self.mutated) == (mutant.file, mutant.original, mutant.mutated)


def read(text):
    entries, current = [], None
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        if not line.startswith(" "):
            current = {"file": line.strip(), "line": number}
            entries.append(current)
            continue
        name, colon, value = line.strip().partition(":")
        if current is None or name not in FIELDS or not colon or name in current or not value.strip():
            raise SystemExit(f"mutants: explained.txt:{number}: not a path, original:, mutated: or why:")
        current[name] = value.strip()
    for entry in entries:
        if missing := [name for name in FIELDS if name not in entry]:
            raise SystemExit(f"mutants: explained.txt:{entry['line']}: {missing[0]}: is missing")
    return [Explanation(**entry) for entry in entries]


def stale(explanations, mutants, files):
    """Those of the files that were read that no mutant matches any more."""
    known = {(mutant.file, mutant.original, mutant.mutated) for mutant in mutants}
    return [entry for entry in explanations
            if entry.file in files and (entry.file, entry.original, entry.mutated) not in known]
