#!/usr/bin/env python3
"""What the scripts of deploy/ promise without running the main job.

Usage: scripts_test.py SOURCE_DIR
"""

import pathlib
import subprocess
import sys
import unittest


class ScriptsTest(unittest.TestCase):
    source_dir = None

    def run_script(self, name, *arguments):
        return subprocess.run([self.source_dir / "deploy" / name, *arguments], capture_output=True, text=True, timeout=60)

    def test_help_names_every_option(self):
        result = self.run_script("quickstart.sh", "--help")
        self.assertEqual(result.returncode, 0)
        for option in ("--build-only", "--jobs N", "--work-dir DIR", "--fresh", "--libtorch DIR",
                       "--trial", "--no-build", "--help"):
            self.assertIn(option, result.stdout)
        self.assertEqual(self.run_script("test.sh", "--help").returncode, 0)
        self.assertEqual(self.run_script("install_dependencies.sh", "--help").returncode, 0)

    def test_wrong_usage_exits_2_and_names_the_option(self):
        result = self.run_script("quickstart.sh", "--fast")
        self.assertEqual(result.returncode, 2)
        self.assertIn("'--fast'", result.stderr)
        result = self.run_script("quickstart.sh", "--jobs", "many")
        self.assertEqual(result.returncode, 2)
        self.assertIn("'many'", result.stderr)
        result = self.run_script("quickstart.sh", "--work-dir")
        self.assertEqual(result.returncode, 2)
        self.assertIn("--work-dir needs a value", result.stderr)
        result = self.run_script("quickstart.sh", "--build-only", "--no-build")
        self.assertEqual(result.returncode, 2)
        self.assertIn("--build-only and --no-build", result.stderr)
        self.assertEqual(self.run_script("install_dependencies.sh", "--fast").returncode, 2)
        self.assertEqual(self.run_script("test.sh", "--preset", "fast").returncode, 2)

    def test_a_folder_without_libtorch_is_refused(self):
        result = self.run_script("install_dependencies.sh", "--libtorch", "/nonexistent")
        self.assertEqual(result.returncode, 1)
        self.assertIn("/nonexistent", result.stderr)


if __name__ == "__main__":
    ScriptsTest.source_dir = pathlib.Path(sys.argv.pop(1)).resolve()
    unittest.main()
