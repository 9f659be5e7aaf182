#!/usr/bin/env python3
"""The main job on real images, by the script that users run, with budgets cut to a trial.

Usage: main_job_test.py SOURCE_DIR BUILD_DIR

Skipped (exit code 77) without Debian's package dataset-fashion-mnist, and for a build that is not the
script's own. Accuracies here say nothing; what must hold is that each command hands the next what it
needs, that a second run reuses what is there, and what the report says of how it was made.
"""

import fcntl
import json
import math
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

SKIPPED = 77
DATA = pathlib.Path("/usr/share/datasets/fashion-mnist")
ARMS = ["stage1", "logit_adjustment", "balanced_softmax", "class_gaussian", "ldmlr", "ldmlr_data_free",
        "ldmlr_cbdm", "ldmlr_diffrop"]
CLASS_ORDER = [9, 8, 7, 5, 1, 3, 0, 2, 4, 6]
BUNDLES = [("fashion-mnist-lt", 3), ("fashion-mnist-lt-cbdm", 1), ("fashion-mnist-lt-diffrop", 1)]


class MainJobTest(unittest.TestCase):
    script = None

    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.work = pathlib.Path(cls.folder.name) / "work"
        cls.first = cls.quickstart("--trial")
        cls.report = json.loads((cls.work / "report.json").read_text())

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    @classmethod
    def quickstart(cls, *arguments):
        result = subprocess.run([cls.script, "--no-build", "--work-dir", cls.work, *arguments], capture_output=True,
                                text=True, timeout=500)
        if result.returncode != 0:
            raise AssertionError(f"exit code {result.returncode}\n{result.stdout}\n{result.stderr}")
        return result.stdout

    def test_class_counts_follow_the_imbalance_factor_in_the_given_order(self):
        counts = json.loads((self.work / "split.json").read_text())["class_counts"]
        for rank, class_index in enumerate(CLASS_ORDER):
            self.assertEqual(counts[class_index], int(400 * 100 ** (-rank / 9)))
        self.assertEqual(self.report["class_counts"], counts)

    def test_each_seed_is_a_version_and_each_objective_a_bundle(self):
        for name, versions in BUNDLES:
            folders = [path.name for path in (self.work / "repository" / name).iterdir() if path.name.isdigit()]
            self.assertEqual(sorted(folders), [str(1 + i) for i in range(versions)])

    def test_the_report_holds_every_arm(self):
        self.assertEqual(sorted(self.report["arms"]), sorted(ARMS))
        for name, arm in self.report["arms"].items():
            self.assertEqual(len(arm["per_class"]), 10, name)
            # 1,000 test images of each class: the overall accuracy is the mean of the classes.
            self.assertTrue(math.isclose(arm["accuracy_mean"], sum(arm["per_class"]) / 10, abs_tol=0.01), name)
            for group in ("many", "medium", "few"):
                self.assertTrue(0 <= arm[group] <= 100, name)
        # 4 guidance candidates of 20 rows a class and 40 data-free ones, for each of five trainers.
        self.assertEqual(self.report["rows_streamed"], 5 * (4 * 20 + 40) * 10)

    def test_the_report_says_what_made_it(self):
        self.assertRegex(self.report["address"], r"^tc1-[0-9a-f]{64}$")
        manifest = self.work / "repository" / "fashion-mnist-lt" / "1" / "manifest.json"
        digest = subprocess.run(["sha256sum", manifest], capture_output=True, text=True, check=True).stdout.split()[0]
        self.assertEqual(self.report["bundle_digest"], digest)
        commands = " ".join(entry["command"] for entry in self.report["commands"])
        for command in ("split", "train encoder", "encode", "train generator", "publish", "retrain", "report"):
            self.assertIn(f"tailcast {command} ", commands)
        self.assertIn("tailcastd --repository ", commands)
        for step in ("split", "encoder-seed-2", "generator-cbdm-seed-0", "retrain-denoising-seed-1"):
            self.assertGreater(self.report["seconds"][step], 0)

    def test_the_page_needs_no_network(self):
        page = (self.work / "report.html").read_text().lower()
        for outside in ("http-equiv", "src=\"http", "href=\"http", "@import", "url(http"):
            self.assertNotIn(outside, page)

    def test_it_ends_with_a_table_and_the_path_of_the_report(self):
        self.assertRegex(self.first, r"(?m)^LDMLR, data-free +[0-9.]+")
        self.assertIn(f"report: {self.work}/report.html", self.first)

    def test_the_server_cannot_read_the_trainers_folder_where_mounts_can_be_private(self):
        mount = ["sh", "-c", f"mount -t tmpfs none {self.folder.name}"]
        if all(subprocess.run(["unshare", *flags, "--mount", *mount], capture_output=True, check=False).returncode
               for flags in ([], ["--user", "--map-root-user"])):
            self.skipTest("this system gives no private mounts")
        self.assertIn("serve: the server cannot read the trainer's folder\n", self.first)

    def test_a_second_run_reuses_every_step_until_an_input_changes(self):
        again = self.quickstart("--trial")
        self.assertEqual(again.count(": reused "), self.first.count(": done in "))
        self.assertNotIn(": done in ", again)
        (self.work / "trainer" / "seed-1" / "test.safetensors").unlink()
        mended = self.quickstart("--trial")
        self.assertEqual(mended.count(": done in "), 1, "the same features give the same classifier")
        self.assertIn("encode-test-seed-1: done in ", mended)

    def test_other_generators_become_the_versions_and_are_what_is_reported(self):
        folder = self.work / "publisher" / "seed-0"
        denoising, cbdm = (folder / f"generator-{objective}.safetensors" for objective in ("denoising", "cbdm"))
        kept = denoising.read_bytes()
        denoising.write_bytes(cbdm.read_bytes())
        cbdm.write_bytes(kept)
        # As a run leaves it that was killed while it removed the old bundles.
        shutil.rmtree(self.work / "repository" / "fashion-mnist-lt")
        output = self.quickstart("--trial")
        self.assertIn("publish: the bundles of an earlier run", output)
        self.assertIn("retrain-denoising-seed-0: done in ", output)
        self.assertIn("retrain-denoising-seed-1: reused ", output)
        self.test_each_seed_is_a_version_and_each_objective_a_bundle()
        old_digest = self.report["bundle_digest"]
        type(self).report = json.loads((self.work / "report.json").read_text())
        self.assertNotEqual(self.report["bundle_digest"], old_digest)
        self.test_the_report_says_what_made_it()

    def test_a_second_run_in_the_same_folder_is_refused(self):
        with tempfile.TemporaryDirectory() as folder:
            descriptor = os.open(folder, os.O_RDONLY)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX)
                result = subprocess.run([self.script, "--no-build", "--trial", "--work-dir", folder],
                                        capture_output=True, text=True, timeout=60)
            finally:
                os.close(descriptor)
            self.assertEqual(result.returncode, 1)
            self.assertIn(f"another run, or what is left of one, works in '{folder}'", result.stderr)

    def test_a_terminated_run_leaves_nothing_running(self):
        with tempfile.TemporaryDirectory() as folder:
            script = subprocess.Popen([self.script, "--no-build", "--work-dir", folder], stdout=subprocess.PIPE,
                                      stderr=subprocess.STDOUT, text=True)
            for line in script.stdout:
                if line.startswith("    encoder-seed-"):  # of a command at work
                    break
            script.terminate()
            output, _ = script.communicate(timeout=60)
            self.assertEqual(script.returncode, 143)
            self.assertIn("terminated: the same command goes on from here", output)
            # Whatever still ran would hold the folder's lock.
            self.assertEqual(subprocess.run(["flock", "--nonblock", folder, "true"], check=False).returncode, 0)

    def test_fresh_removes_what_the_script_made_and_nothing_else(self):
        with tempfile.TemporaryDirectory() as folder:
            work = pathlib.Path(folder)
            for made in ("steps/made-by-quickstart", "steps/split.stamp", "publisher/seed-0/old", "repository/a/1/old",
                         "trainer/seed-0/old", "report.html", "report.json", "notes.txt", "notes/mine"):
                (work / made).parent.mkdir(parents=True, exist_ok=True)
                (work / made).write_text("old")
            script = subprocess.Popen([self.script, "--no-build", "--trial", "--work-dir", folder, "--fresh"],
                                      stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
            begun = next(line for line in script.stdout if " split: " in line)
            script.terminate()
            script.communicate(timeout=60)
            self.assertNotIn("reused", begun)
            old = sorted(str(path.relative_to(work)) for path in work.rglob("*")
                         if path.is_file() and path.read_bytes() == b"old")
            self.assertEqual(old, ["notes.txt", "notes/mine"])

    def test_fresh_removes_nothing_where_the_script_has_not_run(self):
        with tempfile.TemporaryDirectory() as folder:
            other = pathlib.Path(folder) / "report.html"
            other.write_text("of somebody else")
            result = subprocess.run([self.script, "--no-build", "--work-dir", folder, "--fresh"], capture_output=True,
                                    text=True, timeout=60)
            self.assertEqual(result.returncode, 1)
            self.assertIn("nothing was removed", result.stderr)
            self.assertEqual(other.read_text(), "of somebody else")


if __name__ == "__main__":
    source, build = (pathlib.Path(path).resolve() for path in (sys.argv.pop(1), sys.argv.pop(1)))
    MainJobTest.script = source / "deploy" / "quickstart.sh"
    if not DATA.exists():
        print(f"{DATA} is absent: install Debian's package dataset-fashion-mnist")
        sys.exit(SKIPPED)
    if build != source / "build":
        print(f"{build} is not where the script builds")
        sys.exit(SKIPPED)
    unittest.main()
