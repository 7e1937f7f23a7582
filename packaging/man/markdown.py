"""The Markdown of our documents to mdoc: headings, paragraphs, lists, tables, code. Anything else is an error."""

import re

import roff


class Unknown(Exception):
    """Markdown that this does not know."""


def sections(text):
    """The document's parts: (heading or None, the lines below it), the first heading's number of `#` in front."""
    parts, fenced = [(0, None, [])], False
    for line in text.splitlines():
        if line.startswith("```"):
            fenced = not fenced
        heading = None if fenced else re.fullmatch(r"(#+) (.+)", line)
        if heading:
            parts.append((len(heading[1]), heading[2], []))
        else:
            parts[-1][2].append(line)
    return [part for part in parts if part[1] or any(part[2])]


def body(lines):
    """The mdoc lines of what is below a heading."""
    lines = list(lines)
    first = True
    while lines:
        if not lines[0].strip():
            lines.pop(0)
            continue
        take = next(kind for start, kind in KINDS if re.match(start, lines[0]))
        out = list(take(lines))
        # A list and a block make their own room.
        if not first and not out[0].startswith((".Bl", ".Bd")):
            yield ".Pp"
        first = False
        yield from out


def code(lines):
    lines.pop(0)
    kept = []
    while not lines[0].startswith("```"):
        kept.append(lines.pop(0))
    lines.pop(0)
    return roff.block("\n".join(kept))


def bullets(lines):
    items = []
    while lines and (lines[0].startswith("- ") or (items and lines[0].startswith("  "))):
        line = lines.pop(0)
        if line.startswith("- "):
            items.append(line[2:])
        else:
            items[-1] += " " + line.strip()
    yield ".Bl -bullet"
    for item in items:
        yield ".It"
        yield from roff.lines(roff.inline(item))
    yield ".El"


def cells(line):
    return [cell.strip() for cell in line.strip().removeprefix("|").removesuffix("|").split("|")]


def table(lines):
    """A tag for each row. The columns between are facts, the last is what the row says."""
    heads = cells(lines.pop(0))
    if set("".join(cells(lines.pop(0)))) - set("-:"):
        raise Unknown("a table without the line below its head")
    yield ".Bl -tag -width Ds"
    while lines and lines[0].startswith("|"):
        tag, *facts, last = cells(lines.pop(0))
        yield f".It Xo\n{roff.inline(tag)}\n.Xc"
        facts = [f"{head}: {fact}" for head, fact in zip(heads[1:], facts) if fact]
        if facts:
            yield from roff.lines(roff.inline(capital("; ".join(facts))) + ".")
        if last:
            if facts:
                yield ".br"
            lead = "" if heads[-1] in ("", "is", "meaning") else heads[-1] + " "
            yield from roff.lines(roff.inline(capital(lead + last)) + ("" if last[-1] in ".!?" else "."))
    yield ".El"


def capital(text):
    return text[:1].upper() + text[1:]


def paragraph(lines):
    if re.match(r"(>|\d+\. |<|!\[|    )", lines[0]):
        raise Unknown(lines[0])
    kept = []
    while lines and lines[0].strip() and not re.match(r"```|- |\|", lines[0]):
        kept.append(lines.pop(0))
    return roff.lines(roff.inline(" ".join(kept)))


KINDS = ((r"```", code), (r"- ", bullets), (r"\|", table), (r"", paragraph))
