"""Finds the places of a Swift file that can be changed, a function for each kind of change."""
from dataclasses import dataclass

from blocks import OPENING

COMPARISONS = {"<": "<=", "<=": "<", ">": ">=", ">=": ">", "==": "!=", "!=": "=="}
LOGIC = {"&&": "||", "||": "&&"}
ARITHMETIC = {"+": "-", "-": "+"}
OPERATORS = {**COMPARISONS, **LOGIC, **ARITHMETIC}
ASSIGNMENTS = {"=", "+=", "-=", "*=", "/=", "|=", "&="}
KEYWORDS = {"let", "var", "return", "throw", "if", "guard", "for", "while", "switch", "case", "default", "do", "break", "continue",
            "func", "defer", "repeat", "fallthrough", "struct", "enum", "typealias", "else", "true", "false", "nil", "unsafe", "#if"}
# Without these nothing can go on, or a type is not initialised.
NEEDED = {"fatalError", "preconditionFailure", "precondition", "exit", "init"}


@dataclass(frozen=True)
class Change:
    """A place in the text, what is there, and what a mutant has there."""
    kind: str
    start: int
    end: int
    original: str
    mutated: str
    # Of an operator: whether `nil` stands at its right.
    is_nil: bool = False


def operators(structure, text):
    for index, token in enumerate(structure.tokens):
        if token.text not in OPERATORS or structure.left_alone[index] or not structure.is_binary(index):
            continue
        sides = structure.tokens[index - 1], structure.tokens[index + 1]
        if token.text in ARITHMETIC and "string" in {side.kind for side in sides}:
            continue
        if is_tuple(structure, structure.partner.get(index - 1)) or is_tuple(structure, index + 1):
            continue
        kind = "comparison" if token.text in COMPARISONS else "logic" if token.text in LOGIC else "arithmetic"
        yield Change(kind, token.start, token.end, token.text, OPERATORS[token.text], sides[1].text == "nil")


def is_tuple(structure, opening):
    """Whether a bracket begins a tuple: `(a, b) < (c, d)` has no generic operator."""
    if opening is None or structure.text(opening) != "(":
        return False
    before = structure.tokens[opening - 1]
    if before.end == structure.tokens[opening].start and (before.kind == "word" or before.text in {")", "]", "?", "!"}):
        return False
    return any(structure.text(place) == "," for place in top_level(structure, opening + 1, structure.partner[opening]))


def top_level(structure, first, end):
    """The indices of the tokens that lie in no bracket of their own; of a pair of brackets, the first."""
    place = first
    while place < end:
        yield place
        place = structure.partner[place] + 1 if structure.text(place) in OPENING else place + 1


def conditions(structure, text):
    for index, token in enumerate(structure.tokens):
        if token.text not in {"if", "guard", "while"} or token.kind != "word" or structure.left_alone[index]:
            continue
        # An argument may be called so, and the `while` of a `repeat` has no braces.
        if structure.text(index - 1) == "." or structure.text(index + 1) == ":" or token.text == "while" and structure.text(index - 1) == "}":
            continue
        for first, end in elements(structure, index + 1, "else" if token.text == "guard" else "{"):
            if is_plain(structure, first, end):
                start, stop = structure.tokens[first].start, structure.tokens[end - 1].end
                yield Change("condition", start, stop, text[start:stop], f"!({text[start:stop]})")


def elements(structure, first, ending):
    """The parts of a condition between its commas, as pairs of indices."""
    start = first
    for place in top_level(structure, first, len(structure.tokens)):
        text = structure.text(place)
        if text == ending:
            yield start, place
            return
        if text == ",":
            yield start, place
            start = place + 1


def is_plain(structure, first, end):
    """Whether this is a boolean expression that no operator's mutant negates already."""
    if first >= end or any(structure.tokens[place].kind == "hash" for place in range(first, end)):
        return False
    if structure.text(first) in {"let", "var", "case", "true", "false"}:
        return False
    free = [structure.text(place) for place in top_level(structure, first, end) if structure.is_binary(place)]
    return not (sum(text in {"==", "!="} for text in free) == 1 and not set(free) & {"&&", "||", "?", "??"})


def numbers(structure, text):
    for index, token in enumerate(structure.tokens):
        if token.kind != "number" or structure.left_alone[index]:
            continue
        if not token.text.startswith("0x") and set(token.text) & set(".eE"):
            continue
        beside = {structure.text(index - 1), structure.text(index + 1)}
        if beside & {"..<", "...", "."}:
            continue
        value = int(token.text.replace("_", ""), 0 if token.text.startswith("0") and len(token.text) > 1 else 10) + 1
        yield Change("number", token.start, token.end, token.text, hex(value) if token.text.startswith("0x") else str(value))


def booleans(structure, text):
    for index, token in enumerate(structure.tokens):
        if token.text in {"true", "false"} and token.kind == "word" and not structure.left_alone[index]:
            # A function may end with `while true`, and with no other loop.
            if structure.text(index - 1) not in {".", "while"}:
                yield Change("boolean", token.start, token.end, token.text, "false" if token.text == "true" else "true")


def statements(structure, text):
    bare = bare_names(structure)
    for block in structure.blocks:
        for statement in block.statements:
            if is_assignment(structure, statement, bare) or is_call(structure, statement):
                start, end = structure.tokens[statement.first].start, structure.tokens[statement.end - 1].end
                yield Change("statement", start, end, text[start:end], "")


def bare_names(structure):
    """The local names that get their first value after their declaration: that assignment must stay."""
    names = set()
    for index, token in enumerate(structure.tokens[:-1]):
        block = structure.block_of[index]
        if token.text in {"let", "var"} and block and block.kind != "type":
            if structure.text(structure.binding_end(index)) not in {"=", "in"}:
                names.add(structure.text(index + 1))
    return names


def is_assignment(structure, statement, bare):
    first = structure.text(statement.first)
    if structure.tokens[statement.first].kind != "word" or first in KEYWORDS or first == "_":
        return False
    for place in top_level(structure, statement.first, statement.end):
        token = structure.tokens[place]
        if structure.is_binary(place):
            if token.text == "=" and (is_in_init(statement.block) or first in bare):
                return False
            return token.text in ASSIGNMENTS
        if token.kind != "word" and token.text not in {".", "[", "?", "!", "("}:
            return False
    return False


def is_in_init(block):
    while block:
        if block.kind == "init":
            return True
        block = block.parent
    return False


def is_call(structure, statement):
    """Whether it only calls something, and is nobody's value."""
    places = list(top_level(structure, statement.first, statement.end))
    words = [structure.text(place) for place in places if structure.tokens[place].kind == "word"]
    while words and words[0] in {"try", "_"}:
        words.pop(0)
    if not words or set(words) & (KEYWORDS | NEEDED):
        return False
    first = structure.text(statement.first)
    start = 2 if first == "_" else 0
    if first == "_" and structure.text(statement.first + 1) != "=":
        return False
    if any(structure.is_binary(place) or structure.tokens[place].kind in {"string", "number"} for place in places[start:]):
        return False
    if structure.text(statement.end - 1) not in {")", "}"} or structure.text(places[-1]) not in {"(", "{"}:
        return False
    return not is_value(statement.block, len(statement.block.statements))


def is_value(block, count):
    """Whether the statement of a block can be what the block, or one around it, returns."""
    if block.returns:
        return count == 1 or block.kind == "switch"
    if block.kind in {"control", "switch"} and block.parent:
        return is_value(block.parent, count_of(block.parent))
    return False


def count_of(block):
    # An `if` and its `else` are one statement, and so are the cases of a switch.
    return 1 if block.kind in {"control", "switch"} else len(block.statements)


def changes(structure, text):
    """Every change of a file, in the order of its text."""
    found = [change for find in (operators, conditions, numbers, booleans, statements) for change in find(structure, text)]
    return sorted(found, key=lambda change: (change.start, -change.end, change.kind))
