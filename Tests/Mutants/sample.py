"""Chooses mutants, and divides them among builds."""
import random
from collections import defaultdict


def choose(mutants, most, seed):
    """At most that many, spread over files and kinds: each of their pairs gives one in turn, as long as it has some.

    Of the operators of one line one is taken at most, so that they fit into one build.
    """
    generator = random.Random(seed)
    groups = defaultdict(list)
    for mutant in mutants:
        groups[mutant.file, mutant.kind].append(mutant)
    order = sorted(groups)
    generator.shuffle(order)
    for key in order:
        generator.shuffle(groups[key])
    chosen, lines = [], set()
    while len(chosen) < most and any(groups.values()):
        for key in order:
            mutant = next_of(groups[key], lines)
            if mutant and len(chosen) < most:
                chosen.append(mutant)
                if mutant.is_operator:
                    lines.add((mutant.file, mutant.line))
    return sorted(chosen, key=lambda mutant: mutant.number)


def next_of(group, lines):
    while group:
        mutant = group.pop()
        if not (mutant.is_operator and (mutant.file, mutant.line) in lines):
            return mutant
    return None


def batches(mutants):
    """Divides them so that no line has two operators in one build: with several of them the compiler takes very long."""
    result, counts = defaultdict(list), defaultdict(int)
    for mutant in mutants:
        place = 0
        if mutant.is_operator:
            place = counts[mutant.file, mutant.line]
            counts[mutant.file, mutant.line] += 1
        result[place].append(mutant)
    return [result[place] for place in sorted(result)]
