"""The mutants of a set of files, numbered."""
import re
from dataclasses import dataclass

from blocks import Structure
from kinds import Change, changes
from tokens import Unreadable, tokenize


@dataclass(frozen=True)
class Mutant:
    number: int
    file: str
    line: int
    last_line: int
    original: str
    mutated: str
    change: Change

    @property
    def kind(self):
        return self.change.kind

    @property
    def is_operator(self):
        return self.kind in {"comparison", "logic", "arithmetic"}


def one_line(text):
    return re.sub(r"\s+", " ", text).strip()


def described(text, change):
    """The lines of a change as people read them, before and after."""
    if change.kind == "statement":
        return one_line(change.original), "(left out)"
    start = text.rfind("\n", 0, change.start) + 1
    end = text.find("\n", change.end)
    end = len(text) if end < 0 else end
    return one_line(text[start:end]), one_line(text[start:change.start] + change.mutated + text[change.end:end])


def find(texts):
    """The mutants of files, by their paths and texts."""
    mutants = []
    for file in sorted(texts):
        text = texts[file]
        try:
            found = changes(Structure(tokenize(text)), text)
        except (Unreadable, KeyError, IndexError) as error:
            raise SystemExit(f"mutants: cannot read {file}: {error!r}") from error
        for change in found:
            line = text.count("\n", 0, change.start) + 1
            mutants.append(Mutant(len(mutants) + 1, file, line, line + change.original.count("\n"), *described(text, change), change))
    return mutants
