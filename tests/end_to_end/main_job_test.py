#!/usr/bin/env python3
"""The main job on real images, small: every command in turn, a real server, a real trainer, the report.

Usage: main_job_test.py BIN_DIR

Skipped (exit code 77) without Debian's package dataset-fashion-mnist. Budgets are cut, so accuracies
here say nothing; what must hold is that each command hands the next what it needs.
"""

import json
import math
import pathlib
import signal
import subprocess
import sys
import tempfile
import unittest

SKIPPED = 77
DATA = pathlib.Path("/usr/share/datasets/fashion-mnist")
ARMS = ["stage1", "logit_adjustment", "balanced_softmax", "class_gaussian", "ldmlr", "ldmlr_data_free",
        "ldmlr_cbdm", "ldmlr_diffrop"]
CLASS_ORDER = [9, 8, 7, 5, 1, 3, 0, 2, 4, 6]


class Server:
    """A tailcastd on a free port."""

    def __init__(self, bin_dir, repository):
        self.process = subprocess.Popen([bin_dir / "tailcastd", "--repository", repository, "--listen", "127.0.0.1:0"],
                                        stdout=subprocess.PIPE, text=True)
        first_line = self.process.stdout.readline()
        self.address = first_line.removeprefix("listening on ").strip()

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(timeout=30)
        self.process.stdout.close()
        return code


class MainJobTest(unittest.TestCase):
    bin_dir = None

    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.work = pathlib.Path(cls.folder.name)

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def tailcast(self, *arguments):
        result = subprocess.run([self.bin_dir / "tailcast", *map(str, arguments), "--json"],
                                capture_output=True, text=True, timeout=300)
        self.assertEqual(result.returncode, 0, f"tailcast {' '.join(map(str, arguments))}\n{result.stderr}")
        return json.loads(result.stdout)

    def publish(self, objective):
        generator = self.work / f"{objective}.safetensors"
        self.tailcast("train", "generator", "--features", self.work / "train.safetensors", "--validation",
                      self.work / "validation.safetensors", "--objective", objective, "--steps", 60, "--output", generator)
        name = "fashion-mnist-lt" + ("" if objective == "denoising" else f"-{objective}")
        self.tailcast("publish", "--repository", self.work / "repository", "--name", name, "--generator", generator,
                      "--encoder", self.work / "encoder.safetensors")
        return name

    def retrain(self, server, name):
        output = self.work / "trainer" / name
        self.tailcast("retrain", "--server", server.address, "--bundle", f"{name}@1", "--features",
                      self.work / "train.safetensors", "--validation", self.work / "validation.safetensors", "--test",
                      self.work / "test.safetensors", "--encoder", self.work / "encoder.safetensors", "--plan", "each=20",
                      "--data-free-rows", 40, "--output", output)
        return output

    def test_every_command_hands_the_next_what_it_needs(self):
        split = self.work / "split.json"
        self.tailcast("split", "--data", DATA, "--class-order", ",".join(map(str, CLASS_ORDER)), "--max-per-class", 400,
                      "--imbalance-factor", 20, "--output", split)
        counts = json.loads(split.read_text())["class_counts"]
        for rank, class_index in enumerate(CLASS_ORDER):
            self.assertEqual(counts[class_index], int(400 * 20 ** (-rank / 9)))

        encoder = self.work / "encoder.safetensors"
        self.tailcast("train", "encoder", "--data", DATA, "--split", split, "--epochs", 1, "--output", encoder)
        for part in ("train", "validation", "test"):
            split_flags = [] if part == "test" else ["--split", split]
            self.tailcast("encode", "--encoder", encoder, "--data", DATA, *split_flags, "--part", part, "--output",
                          self.work / f"{part}.safetensors")

        names = [self.publish(objective) for objective in ("denoising", "cbdm", "diffrop")]
        server = Server(self.bin_dir, self.work / "repository")
        try:
            outputs = [self.retrain(server, name) for name in names]
        finally:
            self.assertEqual(server.stop(), 0)

        page = self.work / "report.html"
        self.tailcast("report", "--dataset", "small", "--inputs", outputs[0], "--ablation", f"ldmlr_cbdm={outputs[1]}",
                      "--ablation", f"ldmlr_diffrop={outputs[2]}", "--output", page)
        self.check_report(json.loads((self.work / "report.json").read_text()), counts)
        self.assertNotIn("http-equiv", page.read_text().lower())
        for outside in ("src=\"http", "href=\"http", "@import", "url(http"):
            self.assertNotIn(outside, page.read_text(), "the page needs no network")

    def check_report(self, report, counts):
        self.assertEqual(report["class_counts"], counts)
        self.assertEqual(sorted(report["arms"]), sorted(ARMS))
        for name, arm in report["arms"].items():
            self.assertEqual(len(arm["per_class"]), 10, name)
            # 1,000 test images of each class: the overall accuracy is the mean of the classes.
            self.assertTrue(math.isclose(arm["accuracy_mean"], sum(arm["per_class"]) / 10, abs_tol=0.01), name)
            for group in ("many", "medium", "few"):
                self.assertTrue(0 <= arm[group] <= 100, name)
        self.assertGreater(report["rows_streamed"], 0)
        self.assertRegex(report["address"], r"^tc1-[0-9a-f]{64}$")
        manifest = self.work / "repository" / "fashion-mnist-lt" / "1" / "manifest.json"
        digest = subprocess.run(["sha256sum", manifest], capture_output=True, text=True, check=True).stdout.split()[0]
        self.assertEqual(report["bundle_digest"], digest)


if __name__ == "__main__":
    MainJobTest.bin_dir = pathlib.Path(sys.argv.pop(1)).resolve()
    if not DATA.exists():
        print(f"{DATA} is absent: install Debian's package dataset-fashion-mnist")
        sys.exit(SKIPPED)
    unittest.main()
