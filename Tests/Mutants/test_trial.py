"""How a run of the tests is judged: with a shell in their place."""
import os
import unittest
from pathlib import Path
from tempfile import TemporaryDirectory

import trial


class Trials(unittest.TestCase):
    def setUp(self):
        folder = TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def shell(self, script):
        return trial.Tests(("sh", "-c", script), str(self.folder))

    def test_an_exit_code_or_a_crash_kills(self):
        for script, ending in (("exit 0", trial.PASSED), ("exit 1", trial.KILLED), ("kill -ABRT $$", trial.KILLED)):
            self.assertEqual(self.shell(script).run([])[0], ending)

    def test_what_does_not_end_is_ended_with_its_children(self):
        ending, seconds = self.shell("sleep 60 & echo $! > child; wait").run([], seconds=0.3)
        self.assertEqual(ending, trial.TIMED_OUT)
        self.assertLess(seconds, 30)
        child = Path("/proc", (self.folder / "child").read_text().strip(), "stat")
        self.assertTrue(not child.exists() or child.read_text().split()[2] == "Z")

    def test_the_mutant_is_named_to_the_tests(self):
        self.assertEqual(self.shell('[ "$DAXPROV_MUTANT" = 17 ]').run([], mutant=17)[0], trial.PASSED)
        os.environ["DAXPROV_MUTANT"] = "3"
        self.addCleanup(os.environ.pop, "DAXPROV_MUTANT")
        self.assertEqual(self.shell('[ -z "${DAXPROV_MUTANT+set}" ]').run([])[0], trial.PASSED)

    def test_the_base_run_tells_what_is_reached(self):
        script = 'echo 4 >> "$DAXPROV_MUTANT_TRACE"; echo 2 >> "$DAXPROV_MUTANT_TRACE"; echo "Test run with 9 tests passed"'
        self.assertEqual(trial.base(self.shell(script), "A.Suite", self.folder).reached, {2, 4})

    def test_a_base_run_that_fails_or_runs_no_test_is_an_error(self):
        for script in ("exit 1", "echo Test run with 0 tests", "exit 0"):
            with self.assertRaises(SystemExit):
                trial.base(self.shell(script), "A.Suite", self.folder)

    def test_only_the_suites_that_are_named_run(self):
        tests = trial.Tests(("sh", "-c", 'echo "$@" > words', "sh"), str(self.folder))
        tests.run(["A.Suite", "B.Suite"])
        self.assertEqual((self.folder / "words").read_text().split(), ["--filter", r"^A\.Suite/", "--filter", r"^B\.Suite/"])

    def test_the_suites_are_those_of_the_list(self):
        self.assertEqual(self.shell("echo B.Two/x; echo A.One/y; echo A.One/z; echo some text").names(), ["A.One", "B.Two"])

    def test_a_mutant_meets_the_quick_suites_that_reach_it_first(self):
        def suite(name, seconds, *reached):
            return trial.Suite(name, seconds, frozenset(reached))

        suites = [suite("slow", 90, 1), suite("quick", 1, 1, 2), suite("middle", 10, 1), suite("another", 1.5, 1), suite("elsewhere", 1, 3)]
        self.assertEqual([[each.name for each in group] for group in trial.rounds(suites, 1)], [["quick", "another"], ["middle"], ["slow"]])
        self.assertEqual([[each.name for each in group] for group in trial.rounds(suites, 2)], [["quick"]])
        self.assertEqual(trial.rounds(suites, 4), [])


if __name__ == "__main__":
    unittest.main()
