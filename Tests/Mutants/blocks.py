"""What the braces of a Swift file enclose, which tokens are left alone, and where statements begin and end."""
from dataclasses import dataclass, field

OPENING = {"(": ")", "[": "]", "{": "}"}
TYPES = {"struct", "class", "enum", "extension", "protocol", "actor"}
FUNCTIONS = {"func", "init", "subscript", "deinit"}
CONTROLS = {"if", "guard", "while", "for", "else", "do", "catch", "repeat", "defer"}
# A line that ends or begins so belongs to one statement with the line after or before it.
OPEN_ENDS = {",", "(", "[", "=", ":", "->", "if", "guard", "while", "return"}
CONTINUES = {".", "?", ":", "{", "else", "catch", "while", "where", "throws", "async"}


@dataclass
class Block:
    """What a pair of braces encloses, by the indices of its tokens."""
    kind: str
    opening: int
    closing: int = -1
    returns: bool = False
    parent: "Block" = None
    statements: list = field(default_factory=list)


@dataclass(frozen=True)
class Statement:
    """Its first token, and the one after its last."""
    first: int
    end: int
    block: Block


class Structure:
    """The structure of a file's tokens."""

    def __init__(self, tokens):
        self.tokens = tokens
        self.partner = self.find_partners()
        self.blocks = []
        self.block_of = [None] * len(tokens)
        self.find_blocks()
        self.left_alone = self.find_left_alone()
        for block in self.blocks:
            if block.kind != "type":
                block.statements = self.find_statements(block)

    def text(self, index):
        return self.tokens[index].text if 0 <= index < len(self.tokens) else ""

    def begins_line(self, index):
        return index == 0 or self.tokens[index].line > self.tokens[index - 1].line

    def find_partners(self):
        partner, open_ones = {}, []
        for index, token in enumerate(self.tokens):
            if token.kind != "mark":
                continue
            if token.text in OPENING:
                open_ones.append(index)
            elif token.text in OPENING.values():
                partner[index] = open_ones.pop()
                partner[partner[index]] = index
        return partner

    # Braces

    def find_blocks(self):
        current = None
        for index, token in enumerate(self.tokens):
            if token.kind == "mark" and token.text == "}":
                current = current.parent
            self.block_of[index] = current
            if token.kind == "mark" and token.text == "{":
                kind, returns = self.kind_of_braces(index)
                current = Block(kind, index, self.partner[index], returns, current)
                self.blocks.append(current)

    def header(self, opening):
        """The words before a brace, back to where its statement begins; what is bracketed between counts as its last bracket."""
        words, index = [], opening - 1
        while index >= 0 and self.text(index) not in {*OPENING, "}", ";"}:
            words.append(self.text(index))
            if self.text(index) in OPENING.values():
                index = self.partner[index]
            if self.begins_line(index) and self.begins_statement(index):
                break
            index -= 1
        return words[::-1]

    def kind_of_braces(self, opening):
        """What the braces enclose, and whether a single statement in them can be their value."""
        words = self.header(opening)
        plain = [word for word in words if word.isalpha()]
        if not plain or words[-1] in {"=", ":", ","} or plain[-1] == "return":
            return "closure", True
        if "init" in plain[:4] and "func" not in plain and "=" not in words:
            return "init", False
        if FUNCTIONS & set(plain[:6]):
            return "function", "->" in words
        if TYPES & set(plain[:5]) and "=" not in words:
            return "type", False
        if "switch" in plain:
            return "switch", plain[0] != "switch"
        if words[-1] == "else" or plain[0] in CONTROLS - {"guard"}:
            return "control", False
        if "var" in plain[:5] and "=" not in words:
            return "accessor", True
        if plain in (["get"], ["set"], ["didSet"], ["willSet"]):
            return "accessor", plain == ["get"]
        return "closure", True

    # What is left alone

    def find_left_alone(self):
        """Whether each token belongs to a declaration's head, a pattern, an attribute, a condition of the compiler or a protocol."""
        left = [False] * len(self.tokens)

        def leave(first, end):
            for index in range(first, min(end, len(self.tokens))):
                left[index] = True

        directives = 0
        for index, token in enumerate(self.tokens):
            if token.kind == "hash":
                directives += {"#if": 1, "#endif": -1}.get(token.text, 0)
                leave(index, self.partner[index + 1] + 1 if self.text(index + 1) == "(" else index + 1)
            if directives:
                leave(index, index + 1)
            if token.text == "@":
                leave(index, self.attribute_end(index))
            if token.kind != "word" or self.text(index - 1) == "." or self.text(index + 1) == ":":
                continue
            if token.text in FUNCTIONS | TYPES | {"typealias", "associatedtype", "import"} and self.is_declaration(index):
                end = self.head_end(index)
                leave(index, end)
                if token.text == "protocol":
                    leave(end, self.partner.get(end, end))
            elif token.text == "case":
                leave(index, self.pattern_end(index))
                if self.block_of[index] and self.block_of[index].kind == "type":
                    leave(index, self.line_end(index))
            elif token.text in {"let", "var"}:
                leave(index, self.binding_end(index))
        return left

    def is_declaration(self, index):
        """`init(` with a body, not the call `self.init(`; `class` not as in `: class`."""
        return self.text(index - 1) not in {".", ":", ","}

    def attribute_end(self, index):
        name = index + 1
        bracket = name + 1
        is_called = self.text(bracket) == "(" and self.tokens[bracket].start == self.tokens[name].end
        return self.partner[bracket] + 1 if is_called else name + 1

    def head_end(self, index):
        """The index of the brace that begins the body of a declaration, or of the token after one that has none."""
        place = index + 1
        while place < len(self.tokens):
            text = self.text(place)
            if text in {"{", "}"}:
                return place
            if self.begins_line(place) and self.begins_statement(place):
                return place
            place = self.partner[place] + 1 if text in {"(", "["} else place + 1
        return place

    def pattern_end(self, index):
        place = index + 1
        while place < len(self.tokens):
            text = self.text(place)
            if text in {":", "=", "in", "{", "}"}:
                return place
            if self.begins_line(place) and self.text(place - 1) != ",":
                return place
            place = self.partner[place] + 1 if text in {"(", "["} else place + 1
        return place

    def line_end(self, index):
        place = index + 1
        while place < len(self.tokens) and not self.begins_line(place):
            place += 1
        return place

    def binding_end(self, index):
        """Past the names and the type of a `let` or `var`."""
        place = index + 1
        while place < len(self.tokens):
            text = self.text(place)
            if text in {"=", "in", "{", "}", ",", ")"}:
                return place
            if self.begins_line(place):
                return place
            place = self.partner[place] + 1 if text in {"(", "["} else place + 1
        return place

    # Statements

    def begins_statement(self, index):
        """Whether a token that begins a line begins a statement, as far as its neighbours tell."""
        token, before = self.tokens[index], self.text(index - 1)
        if token.text in CONTINUES or token.text in {")", "]", "}", ","}:
            return False
        if token.kind == "operator" and self.tokens[index + 1].start > token.end:
            return False
        last = self.tokens[index - 1] if index else None
        if last and last.kind == "operator" and self.is_binary(index - 1):
            return False
        return before not in OPEN_ENDS

    def is_binary(self, index):
        """Whether an operator stands free, with a space, a line's end or a bracket at either side."""
        token, before = self.tokens[index], self.tokens[index - 1]
        after = self.tokens[index + 1] if index + 1 < len(self.tokens) else None
        return token.kind == "operator" and token.start > before.end and after is not None and after.start > token.end

    def find_statements(self, block):
        starts, place = [], self.body_start(block)
        fresh = True
        while place < block.closing:
            if fresh or self.begins_line(place) and self.begins_statement(place):
                starts.append(place)
            fresh = False
            text = self.text(place)
            if text in {"case", "default"} and block.kind == "switch" and starts[-1:] == [place]:
                place = self.label_end(place)
                fresh = True
                continue
            place = self.partner[place] + 1 if text in OPENING else place + 1
        return [Statement(first, end, block) for first, end in zip(starts, [*starts[1:], block.closing])]

    def label_end(self, index):
        """The token after the colon of `case ...:`."""
        place = index + 1
        while self.text(place) != ":" and self.text(place) != "}":
            place = self.partner[place] + 1 if self.text(place) in OPENING else place + 1
        return place + 1

    def body_start(self, block):
        """Past the parameters of a closure (`a, b in`)."""
        place = block.opening + 1
        line = self.tokens[block.opening].line
        if block.kind != "closure":
            return place
        while place < block.closing and self.tokens[place].line == line:
            text = self.text(place)
            if text == "in":
                return place + 1
            if text == "{" or text in {"for", "if", "let"}:
                break
            place = self.partner[place] + 1 if text in OPENING else place + 1
        return block.opening + 1
