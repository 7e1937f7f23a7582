"""Cuts Swift text into tokens, as far as finding mutants needs it."""
import re
from dataclasses import dataclass

WORD = re.compile(r"`?[^\W\d]\w*`?|\$\d+")
NUMBER = re.compile(r"0x[0-9a-fA-F_]+|0b[01_]+|0o[0-7_]+|\d[\d_]*(\.\d[\d_]*)?([eE][+-]?\d+)?")
# A dot is part of an operator only where the operator begins with one: ..< and ...
OPERATOR = re.compile(r"\.\.[.<]|[-=+!*%<>&|^~?/]+")
STRING = re.compile(r'(#*)("""|")')


@dataclass(frozen=True)
class Token:
    kind: str
    text: str
    start: int
    line: int

    @property
    def end(self):
        return self.start + len(self.text)


class Unreadable(Exception):
    """Text that this does not understand; such a file is left as it is."""


def comment_end(text, start):
    """The end of the comment that begins here."""
    if text.startswith("//", start):
        end = text.find("\n", start)
        return len(text) if end < 0 else end
    depth, place = 1, start + 2
    while depth:
        step = re.compile(r"/\*|\*/").search(text, place)
        if not step:
            raise Unreadable("a comment does not end")
        depth += 1 if step[0] == "/*" else -1
        place = step.end()
    return place


def string_end(text, start):
    """The end of the string literal that begins here, with what is interpolated into it."""
    opening = STRING.match(text, start)
    hashes, quote = opening[1], opening[2]
    place = opening.end()
    while place < len(text):
        if text.startswith(quote + hashes, place):
            return place + len(quote + hashes)
        if text.startswith("\\" + hashes, place):
            place += 1 + len(hashes)
            place = interpolation_end(text, place) if text.startswith("(", place) else place + 1
        else:
            place += 1
    raise Unreadable("a string does not end")


def interpolation_end(text, start):
    depth, place = 0, start
    while place < len(text):
        if STRING.match(text, place):
            place = string_end(text, place)
            continue
        depth += {"(": 1, ")": -1}.get(text[place], 0)
        place += 1
        if not depth:
            return place
    raise Unreadable("an interpolation does not end")


def tokenize(text):
    """The tokens of a file. Kinds: word, number, operator, string, mark (brackets, commas and the like), hash (a line with #)."""
    tokens, place, line = [], 0, 1
    while place < len(text):
        letter = text[place]
        if letter.isspace():
            line += letter == "\n"
            place += 1
            continue
        if text.startswith(("//", "/*"), place):
            end = comment_end(text, place)
            line += text.count("\n", place, end)
            place = end
            continue
        kind, end = token_end(text, place)
        tokens.append(Token(kind, text[place:end], place, line))
        line += text.count("\n", place, end)
        place = end
    return tokens


def token_end(text, place):
    if STRING.match(text, place):
        return "string", string_end(text, place)
    if text[place] == "#":
        return "hash", re.compile(r"#\w*").match(text, place).end()
    for kind, pattern in (("word", WORD), ("number", NUMBER), ("operator", OPERATOR)):
        if found := pattern.match(text, place):
            return kind, found.end()
    return "mark", place + 1
