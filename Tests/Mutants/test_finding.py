"""What is changed of a Swift text, and what is left alone."""
import textwrap
import unittest

import mutant


def found(text, kind=None):
    """The changes of a body of a function, as pairs of texts."""
    body = textwrap.indent(textwrap.dedent(text), "    ")
    return [(each.change.original, each.change.mutated) for each in mutant.find({"a.swift": f"func f() {{\n{body}\n}}\n"})
            if kind in (None, each.kind)]


def in_file(text):
    return [(each.change.original, each.change.mutated) for each in mutant.find({"a.swift": textwrap.dedent(text)})]


class Operators(unittest.TestCase):
    def test_comparisons_move_their_border(self):
        for before, after in (("<", "<="), ("<=", "<"), (">", ">="), (">=", ">"), ("==", "!="), ("!=", "==")):
            self.assertEqual(found(f"let a = b {before} c"), [(before, after)])

    def test_logic_and_arithmetic_are_swapped(self):
        self.assertEqual(found("let a = b && c || d"), [("&&", "||"), ("||", "&&")])
        self.assertEqual(found("let a = b + c - d"), [("+", "-"), ("-", "+")])

    def test_an_operator_that_begins_a_line_is_one(self):
        self.assertEqual(found("let a = b\n    + c"), [("+", "-")])

    def test_generics_signs_arrows_and_texts_are_left_alone(self):
        for text in ("let a: Set<B> = b", "let a = Set<B>(c)", "let a = -b", "let a = b\n    + \"text\"", "let a = \"b + c\"", "// b < c",
                     "/* b < c /* d > e */ f < g */", "let a = \"\\(b < c ? \"d\" : \"e\")\"", "let a = #\"b\" < c\"#", "let a = (b, c) < (d, e)"):
            self.assertEqual(found(text), [], text)

    def test_a_call_is_not_a_tuple(self):
        self.assertEqual(found("let a = b(c, d) < e(f, g)"), [("<", "<=")])


class Conditions(unittest.TestCase):
    def test_each_plain_part_is_negated(self):
        text = """
            guard let a, a.isB, case .c(let d) = e, f.contains(where: { $0.g }) else { return }
            if h { return }
            """
        self.assertEqual([original for original, _ in found(text, "condition")], ["a.isB", "f.contains(where: { $0.g })", "h"])

    def test_what_an_operator_negates_already_is_not_negated_again(self):
        self.assertEqual(found("if a == b { return }"), [("==", "!=")])
        self.assertEqual(found("if a == b && c { return }", "condition"), [("a == b && c", "!(a == b && c)")])

    def test_conditions_of_the_compiler_and_arguments_called_so_are_left_alone(self):
        for text in ("#if a\nlet b = c < d\n#endif", "if #available(a 1, *) { return }", "let a = b(.c, while: d, if: e)"):
            self.assertEqual(found(text), [], text)


class Values(unittest.TestCase):
    def test_whole_numbers_and_truths_change(self):
        self.assertEqual(found("let a = b(0, 1_000, 0xff, true)"),
                         [("0", "1"), ("1_000", "1001"), ("0xff", "0x100"), ("true", "false")])

    def test_ranges_fractions_members_and_endless_loops_are_left_alone(self):
        for text in ("let a = 0..<b", "let a = b...9", "let a = 1.5", "let a = b.0", "while true { return }"):
            self.assertEqual(found(text), [], text)

    def test_heads_patterns_attributes_and_raw_values_are_left_alone(self):
        self.assertEqual(in_file("""
            @available(x, deprecated: 1)
            enum A: Int {
                case a = 1, b = 2
                static func f<T: B>(c: Int = 3, d: Bool = true) -> T where T.E == F {
                    switch c {
                    case 4, 5: return g
                    case let h where h > 6: return i
                    default: return 7
                    }
                }
            }
            protocol C { func j(k: Int) -> Bool; var l: Int { get } }
            """), [("7", "8")])


class Statements(unittest.TestCase):
    def test_calls_and_assignments_are_left_out(self):
        text = """
            a.append(b)
            c += d
            try e.remove(f)
            _ = g(h)
            i[j] = k
            l.removeAll { $0.m }
            """
        self.assertEqual([original for original, _ in found(text, "statement")],
                         ["a.append(b)", "c += d", "try e.remove(f)", "_ = g(h)", "i[j] = k", "l.removeAll { $0.m }"])

    def test_a_call_of_several_lines_is_one_statement(self):
        self.assertEqual(found("a.append(\n    b(\n        c))\nd()", "statement"), [("a.append(\n        b(\n            c))", ""), ("d()", "")])

    def test_what_ends_or_declares_is_left_alone(self):
        for text in ("return a()", "throw a(b)", "let a = b()", "fatalError()", "let a: B\na = c\nd = a"):
            self.assertNotIn(("a = c", ""), found(text, "statement"))
        self.assertEqual(found("return a()\nthrow b(c)\nlet d = e()\nfatalError()"), [])

    def test_a_value_is_no_statement(self):
        for text in ("func f() -> A { g(h) }\n", "var a: B { c(d) }\n", "func f() -> A {\n    if b { c(d) } else { e(g) }\n}\n",
                     "let a = b.map { c($0) }\n"):
            self.assertEqual([each.original for each in mutant.find({"a.swift": text}) if each.kind == "statement"], [], text)

    def test_an_initialiser_keeps_its_assignments(self):
        text = "struct A {\n    init(b: Int) {\n        self.b = b\n        c()\n    }\n}\n"
        self.assertEqual(in_file(text), [("c()", "")])


if __name__ == "__main__":
    unittest.main()
