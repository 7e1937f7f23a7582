"""Tables of how mutants ended, the survivors, and all of it as JSON."""
import json
from collections import Counter, defaultdict

NOT_BUILT, NOT_REACHED, KILLED, TIMED_OUT, EXPLAINED, SURVIVED = (
    "not built", "not reached", "killed", "timed out", "explained", "survived")
ENDINGS = (NOT_BUILT, NOT_REACHED, KILLED, TIMED_OUT, EXPLAINED, SURVIVED)


def table(title, outcomes, key):
    """A Markdown table with a line for each value of `key`, and one for all."""
    counts = defaultdict(Counter)
    for mutant, ending in outcomes:
        counts[key(mutant)][ending] += 1
    lines = [f"| {title} | mutants | " + " | ".join(ENDINGS) + " |", "|---" * (len(ENDINGS) + 2) + "|"]
    rows = [(f"`{name}`", counts[name]) for name in sorted(counts)] + [("all", sum(counts.values(), Counter()))]
    for name, row in rows:
        lines.append(f"| {name} | {sum(row.values())} | " + " | ".join(str(row[ending]) for ending in ENDINGS) + " |")
    return "\n".join(lines)


def listed(outcomes, ending):
    return "\n".join(f"{mutant.file}:{mutant.line}: {mutant.kind}, mutant {mutant.number}\n"
                     f"  original: {mutant.original}\n  mutated: {mutant.mutated}"
                     for mutant, found in outcomes if found == ending)


def score(outcomes):
    """What part of the mutants that can be killed was: built, and not explained."""
    counts = Counter(ending for _, ending in outcomes)
    dead = counts[KILLED] + counts[TIMED_OUT]
    whole = dead + counts[NOT_REACHED] + counts[SURVIVED]
    return f"{dead} of {whole} killed" + (f" ({100 * dead / whole:.1f} %)" if whole else "")


def text(outcomes):
    parts = [table("file", outcomes, lambda mutant: mutant.file.rpartition("/")[2]), table("kind", outcomes, lambda mutant: mutant.kind)]
    for ending in (NOT_REACHED, SURVIVED):
        if found := listed(outcomes, ending):
            parts.append(f"{ending}:\n{found}")
    return "\n\n".join([*parts, score(outcomes)])


def document(outcomes, facts):
    return json.dumps({**facts, "mutants": [
        {"number": mutant.number, "file": mutant.file, "line": mutant.line, "kind": mutant.kind, "original": mutant.original,
         "mutated": mutant.mutated, "ending": ending} for mutant, ending in outcomes]}, indent=1) + "\n"
