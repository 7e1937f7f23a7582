"""Writes mutants into the text of a file, so that each can be switched on when the program runs.

No line is added or taken away: what the compiler says of a line is said of the same line of the original.
"""
IMPORT = "import ProvisionCore"


def operator_name(mutant):
    """The operator of a mutant: the original one, then the mutant's number, `~` for 0 and `^` for 1."""
    return mutant.change.original + f"{mutant.number:b}".replace("0", "~").replace("1", "^")


def wrapping(mutant):
    """What stands before and after a changed place."""
    if mutant.kind == "statement":
        return f"if !mutant({mutant.number}) {{ ", " }"
    name = {"condition": "mutatedCondition", "boolean": "mutatedCondition", "number": "mutatedNumber"}[mutant.kind]
    return f"{name}({mutant.number}, ", ")"


def rewritten(text, mutants, is_core):
    """The text of a file with these of its mutants."""
    edits = []
    for mutant in mutants:
        start, end = mutant.change.start, mutant.change.end
        if mutant.is_operator:
            edits.append(((start, 2, 0), start, end, operator_name(mutant)))
        else:
            before, after = wrapping(mutant)
            # At one place the inner ends are written before the outer ones, and the outer beginnings before the inner.
            edits.append(((start, 1, -end), start, start, before))
            edits.append(((end, 0, -start), end, end, after))
    parts, place = [], 0
    for _, start, end, new in sorted(edits):
        parts += [text[place:start], new]
        place = end
    result = "".join(parts) + text[place:]
    is_imported = is_core or any(line.split()[-2:] == IMPORT.split() for line in text.splitlines() if "import" in line)
    return result if is_imported or not mutants else f"{IMPORT}; {result}"
