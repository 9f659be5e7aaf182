#!/usr/bin/env python3
"""`tailcast retrain` with a real server, then `tailcast report`: one JSON document each, and the files that it names."""

import json
import pathlib
import sys
import unittest

import programs

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "client" / "cli"))
import cli_case  # noqa: E402

CONTROLS = {"logit_adjustment", "balanced_softmax", "class_gaussian"}
ARMS = {"stage1", "ldmlr", "ldmlr_data_free", *CONTROLS}
GUIDANCE = ["0", "-0.1:-0.3"]
ROWS = 8  # of each class, for every candidate and for the data-free arm


class RetrainTest(cli_case.CliCase):

    def setUp(self):
        super().setUp()
        self.features, self.test = self.work / "features.safetensors", self.work / "test.safetensors"
        for path, rows in ((self.features, 60), (self.test, 30)):
            cli_case.write_features(path, rows=rows, metadata={"feature_space": "mine"})
        self.head = self.work / "head.safetensors"
        cli_case.write_safetensors(self.head, {"classifier.weight": ("F32", [3, 4], [0.5] * 12),
                                               "classifier.bias": ("F32", [3], [0.0] * 3)})
        self.repository, generator = self.work / "repository", self.work / "generator.safetensors"
        self.succeed("train", "generator", "--features", self.features, "--steps", 5, "--output", generator)
        self.bundle = self.succeed_json("publish", "--repository", self.repository, "--name", "shapes", "--generator",
                                        generator)

    def retrain(self, server, output, *more):
        return self.succeed_json("retrain", "--server", server.address, "--bundle", "shapes", "--features", self.features,
                                 "--validation", self.test, "--test", self.test, "--head", self.head, "--output", output,
                                 "--plan", f"each={ROWS}", f"--guidance-candidates={','.join(GUIDANCE)}",
                                 "--regularizations", "0.03", "--data-free-rows", ROWS, *more)

    def check_shares(self, arm, *names):
        for name in names:
            self.assertTrue(0 <= arm[name] <= 100, (name, arm))

    def check_run(self, run, output):
        self.assertEqual((run["output"], run["bundle"], run["bundle_digest"]),
                         (str(output), "shapes@1", self.bundle["digest"]))
        self.assertRegex(run["address"], "^tc1-[0-9a-f]{64}$")
        self.assertEqual(run["rows_streamed"], 3 * ROWS * (len(GUIDANCE) + 1))
        self.assertIn(run["choices"]["guidance"], GUIDANCE)
        self.assertIn(run["choices"]["bias shift"], ["0", "0.1", "0.25", "0.5"])
        self.assertEqual(set(run["arms"]), ARMS)
        for arm in run["arms"].values():
            self.check_shares(arm, "accuracy", "many", "medium", "few")
        figures = json.loads((output / "figures.json").read_text())
        for name in ("address", "bundle", "bundle_digest", "choices", "rows_streamed", "seconds"):
            self.assertEqual(figures[name], run[name], name)
        tensors, metadata = cli_case.read_safetensors(output / "classifier.safetensors")
        self.assertEqual(sorted(tensors), ["classifier.bias", "classifier.weight"])
        self.assertIn("content_sha256", metadata)

    def check_report(self, report, page, runs, ablation):
        self.assertEqual((report["page"], report["json"]), (str(page), str(page.with_suffix(".json"))))
        self.assertEqual(set(report["arms"]), {*ARMS, "ldmlr_cbdm"})
        for name, arm in report["arms"].items():
            of_runs = [ablation["arms"]["ldmlr"]] if name == "ldmlr_cbdm" else [run["arms"][name] for run in runs]
            self.assertEqual(arm["accuracy_by_seed"], [figures["accuracy"] for figures in of_runs])
            self.assertEqual(arm["seeds"], list(range(len(of_runs))))
            self.check_shares(arm, "accuracy_mean", "many", "medium", "few")
        written = json.loads(page.with_suffix(".json").read_text())
        self.assertEqual((written["arms"], written["address"]), (report["arms"], runs[0]["address"]))
        self.assertIn(runs[0]["address"], page.read_text())

    def test_both_commands_print_one_document_that_says_what_they_wrote(self):
        folders = [self.work / f"seed-{seed}" for seed in range(2)]
        with programs.Server(self.repository) as server:
            runs = [self.retrain(server, folder, "--seed", seed) for seed, folder in enumerate(folders)]
            ablation = self.retrain(server, self.work / "other", "--arms", "logit_adjustment")
        for run, folder in zip(runs, folders):
            self.check_run(run, folder)
        self.assertNotEqual(runs[0]["address"], runs[1]["address"])
        self.assertEqual(set(ablation["arms"]), {"stage1", "ldmlr", "logit_adjustment"})
        self.assertEqual(ablation["arms"]["ldmlr"], runs[0]["arms"]["ldmlr"])
        page = self.work / "report.html"
        report = self.succeed_json("report", "--inputs", *folders, "--ablation", f"ldmlr_cbdm={self.work / 'other'}",
                                   "--output", page)
        self.check_report(report, page, runs, ablation)


if __name__ == "__main__":
    programs.require(programs.TAILCAST, programs.TAILCASTD)
    unittest.main()
