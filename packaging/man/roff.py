"""Text to roff: escaped, in bold where it is literal, one sentence to a line, in lines that a terminal takes."""

import re
import textwrap

WIDTH = 78
# What a reader types or finds literally: in plain help texts, options and commands in single quotes are.
OPTION = re.compile(r"(?<![\w-])--?[a-z][a-z-]*(?: [A-Z]{2,}\b)?")
QUOTED = re.compile(r"(?<!\w)'([^']+)'(?!\w)")
REFERENCE = re.compile(r"(?<![\w.-])([a-z][\w.-]*)\(([1-8])\)")
MARKUP = re.compile(
    r"`(?P<code>[^`]+)`|\*\*(?P<strong>[^*]+)\*\*|\*(?P<emphasis>[^*]+)\*|\[(?P<link>[^\]]+)\]\([^)]+\)")
# A note in brackets that is nothing but a link leads to where a manual page cannot.
BARE_LINK = re.compile(r" \(\[[^\]]+\]\([^)]+\)\)")
SENTENCE = re.compile(r"(?<=[^\s.][.!?]) +(?=[^a-z\s])")


def escape(text):
    """Characters that are roff's own, and those that are not ASCII."""
    text = text.replace("\\", r"\e")
    return "".join(c if ord(c) < 128 else f"\\[u{ord(c):04X}]" for c in text)


def literal(text):
    """Text in which each hyphen is a minus sign, to be typed as it stands."""
    return escape(text).replace("-", r"\-")


def bold(text):
    return rf"\fB{literal(text)}\fP"


def references(text):
    """Escaped text with the names of manual pages in bold."""
    return REFERENCE.sub(lambda found: rf"\fB{literal(found[1])}\fP({found[2]})", escape(text))


def inline(text):
    """One paragraph of Markdown."""
    text = BARE_LINK.sub("", " ".join(text.split()))
    out, end = [], 0
    for found in MARKUP.finditer(text):
        out.append(references(text[end : found.start()]))
        end = found.end()
        if found["link"]:
            out.append(inline(found["link"]))
        elif found["emphasis"]:
            out.append(rf"\fI{escape(found['emphasis'])}\fP")
        else:
            out.append(bold(found["code"] or found["strong"]))
    return "".join(out) + references(text[end:])


def help_text(text):
    """One paragraph of a command's help."""
    text = " ".join(text.split())
    out, end = [], 0
    for found in QUOTED.finditer(text):
        out.append(with_options(text[end : found.start()]))
        out.append(bold(found[1]))
        end = found.end()
    return "".join(out) + with_options(text[end:])


def with_options(text):
    out, end = [], 0
    for found in OPTION.finditer(text):
        out.append(references(text[end : found.start()]))
        out.append(bold(found[0]))
        end = found.end()
    return "".join(out) + references(text[end:])


def lines(paragraph):
    """A paragraph that is roff already, as lines: no line may look like a request."""
    for sentence in SENTENCE.split(paragraph):
        for line in textwrap.wrap(sentence, WIDTH, break_long_words=False, break_on_hyphens=False):
            yield rf"\&{line}" if line[0] in ".'" else line


def block(text):
    """Text that is kept as it is."""
    yield ".Bd -literal -offset indent"
    for line in text.splitlines():
        line = literal(line)
        yield rf"\&{line}" if line[:1] in (".", "'") else line
    yield ".Ed"
