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

    def shell(self, script, **options):
        return trial.Tests(("sh", "-c", script), str(self.folder), **options)

    def test_an_exit_code_or_a_crash_kills(self):
        for script, ending in (("exit 0", trial.PASSED), ("exit 1", trial.KILLED), ("kill -ABRT $$", trial.KILLED)):
            self.assertEqual(self.shell(script).run()[0], ending)

    def test_what_does_not_end_is_ended_with_its_children(self):
        ending, seconds = self.shell("sleep 60 & echo $! > child; wait", seconds=0.3).run()
        self.assertEqual(ending, trial.TIMED_OUT)
        self.assertLess(seconds, 30)
        child = Path("/proc", (self.folder / "child").read_text().strip(), "stat")
        self.assertTrue(not child.exists() or child.read_text().split()[2] == "Z")

    def test_the_mutant_is_named_to_the_tests(self):
        self.assertEqual(self.shell('[ "$DAXPROV_MUTANT" = 17 ]').run(mutant=17)[0], trial.PASSED)
        os.environ["DAXPROV_MUTANT"] = "3"
        self.addCleanup(os.environ.pop, "DAXPROV_MUTANT")
        self.assertEqual(self.shell('[ -z "${DAXPROV_MUTANT+set}" ]').run()[0], trial.PASSED)

    def test_the_base_run_tells_what_is_reached(self):
        script = 'echo 4 >> "$DAXPROV_MUTANT_TRACE"; echo 2 >> "$DAXPROV_MUTANT_TRACE"; echo "Test run with 9 tests passed"'
        self.assertEqual(trial.base(self.shell(script), self.folder, "whole")[1], {2, 4})

    def test_a_base_run_that_fails_or_runs_no_test_is_an_error(self):
        for script in ("exit 1", "echo Test run with 0 tests", "exit 0"):
            with self.assertRaises(SystemExit):
                trial.base(self.shell(script), self.folder, "whole")


if __name__ == "__main__":
    unittest.main()
