#!/usr/bin/env python3
"""Outputs: refused before the work where they cannot be written or are inputs."""

import os
import unittest

import cli_case
from cli_case import CliCase, limit_file_size, write_features, write_safetensors


class OutputTest(CliCase):
    """Where nothing can be written."""

    def setUp(self):
        super().setUp()
        self.features = self.work / "features.safetensors"
        write_features(self.features, metadata={"feature_space": "mine"})

    def train(self, output):
        return ["train", "generator", "--features", self.features, "--steps", 5, "--output", output]

    def test_outputs_that_are_not_writable_are_refused_before_the_work(self):
        missing = self.work / "missing" / "generator.safetensors"
        self.refuse(*self.train(missing), says=(missing, "missing"))
        self.refuse(*self.train(self.work), says=(self.work, "folder"))
        self.refuse(*self.train(self.features / "child"), says=self.features)
        pipe = self.work / "pipe"
        os.mkfifo(pipe)
        self.refuse(*self.train(pipe), says=(pipe, "device, pipe or socket"))
        self.assertTrue(pipe.is_fifo())
        labels = self.work / "rows.labels.npy"
        labels.mkdir()
        self.refuse("generate", "--server", "127.0.0.1:1", "--bundle", "b", "--plan", "each=1", "--output",
                    self.work / "rows.npy", says=(labels, "folder"))

    def test_an_output_that_is_an_input_is_refused_and_the_input_stays(self):
        other = self.work / "other.safetensors"
        write_features(other, metadata={"feature_space": "mine"})
        classes = self.work / "classes.txt"
        classes.write_text("a")
        before = {path: cli_case.digest(path) for path in (self.features, other, classes)}
        link = self.work / "link.safetensors"
        link.symlink_to(self.features)
        checkpoint = self.work / "x.checkpoint"
        checkpoint.write_bytes(self.features.read_bytes())
        train = ["train", "generator", "--features", self.features, "--validation", other, "--output"]
        data = ["--data", self.work, "--part", "train", "--split", other, "--output"]
        retrained = self.work / "trainer"
        retrained.mkdir()
        figures = retrained / "figures.json"
        figures.write_text("{}")
        retrain = ["retrain", "--bundle", "b", "--features", self.features, "--validation", other, "--test", other,
                   "--output", retrained]
        report = ["report", "--inputs", retrained, "--output"]
        for flag, command in [
            ("--features", [*train, self.features]),
            ("--features", [*train, link]),
            ("--validation", [*train, other]),
            ("--features", ["train", "generator", "--features", checkpoint, "--output", self.work / "x", "--fresh"]),
            ("--split", ["train", "encoder", "--data", self.work, "--split", other, "--output", other]),
            ("--data", ["split", "--data", self.work, "--output", classes]),
            ("--data", ["train", "encoder", "--data", self.work, "--output", classes]),
            ("--data", ["encode", "--encoder", self.features, *data, classes]),
            ("--encoder", ["encode", "--encoder", self.features, *data, self.features]),
            ("--split", ["encode", "--encoder", self.features, *data, other]),
            ("--head", [*retrain, "--head", retrained / "classifier.safetensors"]),
            ("--inputs", [*report, figures]),
            ("--inputs", [*report, retrained / "figures.html"]),
            ("--ablation", ["report", "--inputs", self.work, "--ablation", f"a={retrained}", "--output", retrained / "figures"]),
            ("--steps", ["report", "--inputs", self.work, "--steps", other, "--output", other]),
            ("--repository", ["generate", "--local", "--repository", retrained, "--bundle", "b", "--class", 1, "--count", 1,
                              "--output", retrained / "rows.npy"]),
        ]:
            if flag == "--head":
                (retrained / "classifier.safetensors").write_bytes(b"x")
            self.refuse(*command, code=2, says=("--output", flag))
        self.assertEqual({path: cli_case.digest(path) for path in before}, before)
        self.assertTrue(checkpoint.exists())
        self.assertEqual(figures.read_text(), "{}")

    def test_retrain_finds_out_at_once_that_its_files_cannot_be_written(self):
        head = self.work / "head.safetensors"
        write_safetensors(head, {"classifier.weight": ("F32", [3, 4], [0.5] * 12),
                                 "classifier.bias": ("F32", [3], [0.0] * 3)})
        output = self.work / "trainer"
        for name in ("figures.json", "classifier.safetensors"):
            (output / name).mkdir(parents=True)
            self.refuse("retrain", "--server", "127.0.0.1:1", "--retry-for", 0, "--bundle", "b", "--features", self.features,
                        "--validation", self.features, "--test", self.features, "--head", head, "--output", output,
                        says=(output / name, "folder"))
            (output / name).rmdir()

    def test_a_file_of_another_kind_is_told_what_was_expected(self):
        self.refuse("encode", "--encoder", self.features, "--data", self.work, "--part", "train", "--output",
                    self.work / "o", says=(self.features, "expected 'tailcast.encoder.v1', a file of 'tailcast train encoder'"))
        self.refuse("publish", "--repository", self.work / "r", "--name", "n", "--generator", self.features,
                    says=(self.features, "expected 'tailcast.generator.v1', a file of 'tailcast train generator'"))

    def test_a_full_disk_leaves_no_file_and_keeps_the_old_one(self):
        output = self.work / "generator.safetensors"
        self.refuse(*self.train(output), says="generator.safetensors", preexec_fn=limit_file_size(4096))
        self.assertEqual(sorted(path.name for path in self.work.iterdir()), ["features.safetensors"])
        self.succeed(*self.train(output))
        before = cli_case.digest(output)
        self.refuse(*self.train(output), "--seed", 1, says="generator.safetensors", preexec_fn=limit_file_size(4096))
        self.assertEqual(cli_case.digest(output), before)

    def test_a_full_disk_leaves_a_repository_as_it_was(self):
        generator, repository = self.work / "generator.safetensors", self.work / "repository"
        self.succeed(*self.train(generator))
        publish = ["publish", "--repository", repository, "--name", "shapes", "--generator", generator]
        self.succeed(*publish)
        self.refuse(*publish, "--steps", 8, says=repository, preexec_fn=limit_file_size(4096))
        self.assertEqual(self.succeed_json("verify", "--repository", repository)["bundles"][0]["bundle"], "shapes@1")
        self.refuse("label", "shapes@1", "stable", "--repository", repository, says="labels.json",
                  preexec_fn=limit_file_size(8))
        self.assertFalse((repository / "shapes" / "labels.json").exists())
        self.assertEqual(self.succeed_json(*publish, "--steps", 8)["version"], 2)


if __name__ == "__main__":
    unittest.main()
