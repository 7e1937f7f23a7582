"""The whole driver, with a stand-in for swift: nothing is compiled."""
import json
import subprocess
import sys
import unittest
from pathlib import Path
from tempfile import TemporaryDirectory

HERE = Path(__file__).resolve().parent
FILE = "Sources/Provision/Core/Plan/ExtentMap.swift"
# The first build complains of a line that has mutants. The tests reach every mutant but the first one, and notice odd numbers.
SWIFT = """#!/bin/sh
while [ $# -gt 0 ]; do [ "$1" = --package-path ] && tree=$2; shift; done
line=$(grep -n mutatedCondition "$tree/FILE" | head -n 1 | cut -d: -f1)
if [ -n "$line" ] && [ ! -e "$0.once" ]; then : > "$0.once"; echo "$tree/FILE:$line:1: error: not so"; exit 1; fi
mkdir -p "$tree/.build/debug"
cp "$0.tests" "$tree/.build/debug/daxprovPackageTests.xctest"
""".replace("FILE", FILE)
TESTS = """#!/bin/sh
for word; do [ "$word" != --list-tests ] || { echo Some.Suite/one; echo Some.Suite/two; echo Another.Suite/one; exit 0; }; done
[ -z "${DAXPROV_MUTANT_TRACE:-}" ] || seq 2 200 > "$DAXPROV_MUTANT_TRACE"
echo "Test run with 3 tests passed"
exit $((${DAXPROV_MUTANT:-0} % 2))
"""


@unittest.skipUnless((HERE.parents[1] / ".git").exists(), "the driver copies what git knows of")
class Runs(unittest.TestCase):
    def run_driver(self, *options):
        with TemporaryDirectory() as folder:
            swift, work = Path(folder, "swift"), Path(folder, "work")
            for path, text in ((swift, SWIFT), (Path(f"{swift}.tests"), TESTS)):
                path.write_text(text)
                path.chmod(0o755)
            run = subprocess.run([sys.executable, HERE / "run", "--swift", swift, "--work", work, "--files", FILE, *options],
                                 capture_output=True, text=True)
            results = work / "results.json"
            return run, json.loads(results.read_text()) if results.exists() else None

    def test_every_mutant_gets_an_ending(self):
        run, results = self.run_driver("--mutants", "20", "--seed", "5")
        self.assertEqual(run.returncode, 0, run.stderr)
        self.assertEqual(len(results["mutants"]), 20)
        self.assertEqual(results["seed"], 5)
        for each in results["mutants"]:
            expected = {"not reached"} if each["number"] == 1 else {"killed"} if each["number"] % 2 else {"survived", "explained"}
            self.assertIn(each["ending"], expected | {"not built"}, each)
        self.assertIn("not built", {each["ending"] for each in results["mutants"]})
        self.assertIn("| `ExtentMap.swift` | 20 |", run.stdout)

    def test_what_cannot_be_run_is_refused(self):
        for options in (("--mutants", "many"), ("--seed", "x"), ("--files", "no/such.swift")):
            run, _ = self.run_driver(*options)
            self.assertNotEqual(run.returncode, 0, options)


if __name__ == "__main__":
    unittest.main()
