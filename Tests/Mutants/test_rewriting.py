"""How mutants are written into a text, chosen, and taken out again."""
import unittest
from pathlib import Path

import build
import explained
import mutant
import report
import rewrite
import sample
import switch

TEXT = """import ProvisionCore

func f() {
    if a < b {
        c.append(1)
    }
}
"""


class Rewriting(unittest.TestCase):
    def test_one_text_holds_all_mutants(self):
        mutants = mutant.find({"a.swift": TEXT})
        self.assertEqual([(each.number, each.kind) for each in mutants], [(1, "condition"), (2, "comparison"), (3, "statement"), (4, "number")])
        self.assertEqual(rewrite.rewritten(TEXT, mutants, False), TEXT.replace("a < b", "mutatedCondition(1, a <^~ b)").replace(
            "c.append(1)", "if !mutant(3) { c.append(mutatedNumber(4, 1)) }"))

    def test_lines_stay_where_they_are(self):
        for text in (TEXT, TEXT.replace("import ProvisionCore\n", "/// Text.\n")):
            result = rewrite.rewritten(text, mutant.find({"a.swift": text}), False)
            self.assertEqual(result.count("\n"), text.count("\n"))
            self.assertEqual(result.count("import ProvisionCore"), 1)

    def test_without_mutants_a_text_stays_as_it_is(self):
        self.assertEqual(rewrite.rewritten("let a = b\n", [], False), "let a = b\n")

    def test_every_operator_has_a_declaration_and_a_name_of_its_own(self):
        mutants = mutant.find({"a.swift": "let a = b < c && d == nil || e + f > g - h\n"})
        text = switch.swift(mutants)
        names = {rewrite.operator_name(each) for each in mutants}
        self.assertEqual(len(names), 7)
        for name in names:
            self.assertEqual(text.count(f"infix operator {name}: "), 1)
        self.assertIn("_OptionalNilComparisonType", text)


class Choosing(unittest.TestCase):
    def setUp(self):
        lines = "".join(f"let a{line} = b < c && d < e\nf{line}(1, true)\n" for line in range(20))
        self.mutants = mutant.find({f"{name}.swift": lines for name in "abc"})

    def test_a_sample_is_spread_and_repeatable(self):
        chosen = sample.choose(self.mutants, 30, 7)
        self.assertEqual(chosen, sample.choose(self.mutants, 30, 7))
        self.assertNotEqual(chosen, sample.choose(self.mutants, 30, 8))
        self.assertEqual(len(chosen), 30)
        self.assertEqual({each.file for each in chosen}, {"a.swift", "b.swift", "c.swift"})
        self.assertEqual({each.kind for each in chosen}, {each.kind for each in self.mutants})

    def test_no_line_has_two_operators_in_one_build(self):
        batches = sample.batches(self.mutants)
        self.assertEqual(sorted(each.number for batch in batches for each in batch), [each.number for each in self.mutants])
        for batch in [*batches, sample.choose(self.mutants, 1000, 1)]:
            lines = [(each.file, each.line) for each in batch if each.is_operator]
            self.assertEqual(len(lines), len(set(lines)))


class TakingOut(unittest.TestCase):
    output = "/t/a.swift:4:8: error: no\n/t/a.swift:4:9: error: not at all\n/t/a.swift:5:1: warning: well\n/u/a.swift:5:1: error: elsewhere\n"

    def test_errors_are_read_once_each(self):
        self.assertEqual(build.errors(self.output, Path("/t")), [("a.swift", 4)])

    def test_the_mutants_of_the_line_go(self):
        mutants = mutant.find({"a.swift": TEXT})
        self.assertEqual({each.number for each in build.refused(mutants, [("a.swift", 4)])}, {1, 2})
        self.assertEqual({each.number for each in build.refused(mutants, [("a.swift", 3)])}, {1, 2})
        self.assertEqual(build.refused(mutants, [("b.swift", 4)]), set())

    def test_in_the_end_all_around_it_go(self):
        self.assertEqual(len(build.refused(mutant.find({"a.swift": TEXT}), [("a.swift", 7)], 20)), 4)


class Explaining(unittest.TestCase):
    entry = "# text\na.swift\n  original: if a < b {\n  mutated: if a <= b {\n  why: c: d\n"

    def test_an_entry_names_a_mutant(self):
        mutants = mutant.find({"a.swift": TEXT})
        entries = explained.read(self.entry)
        self.assertEqual([each.number for each in mutants if entries[0].matches(each)], [2])
        self.assertEqual(entries[0].why, "c: d")
        self.assertEqual(explained.stale(entries, mutants, {"a.swift"}), [])

    def test_an_entry_that_means_nothing_any_more_is_found(self):
        entries = explained.read(self.entry.replace("a < b", "a < c"))
        mutants = mutant.find({"a.swift": TEXT})
        self.assertEqual(explained.stale(entries, mutants, {"a.swift"}), entries)
        self.assertEqual(explained.stale(entries, mutants, {"b.swift"}), [])

    def test_an_entry_without_a_reason_is_refused(self):
        for text in (self.entry.replace("  why: c: d\n", ""), "  why: a\n", "a.swift\n  because: b\n"):
            with self.assertRaises(SystemExit):
                explained.read(text)

    def test_the_list_can_be_read(self):
        explained.read((Path(__file__).parent / "explained.txt").read_text())


class Reporting(unittest.TestCase):
    def test_explained_and_unbuilt_mutants_do_not_count(self):
        mutants = mutant.find({"a.swift": TEXT})
        outcomes = list(zip(mutants, (report.KILLED, report.SURVIVED, report.EXPLAINED, report.NOT_BUILT)))
        self.assertEqual(report.score(outcomes), "1 of 2 killed (50.0 %)")
        text = report.text(outcomes)
        self.assertIn("| `a.swift` | 4 | 1 | 0 | 1 | 0 | 1 | 1 |", text)
        self.assertIn("a.swift:4: comparison, mutant 2\n  original: if a < b {\n  mutated: if a <= b {", text)


if __name__ == "__main__":
    unittest.main()
