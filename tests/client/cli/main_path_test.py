#!/usr/bin/env python3
"""Split, train, encode, publish, verify, label: each command hands the next what it needs."""

import json
import pathlib
import unittest

import cli_case
from cli_case import CLASSES, TEST_PER_CLASS, CliCase, digest, read_safetensors


class MainPathTest(CliCase):

    def setUp(self):
        super().setUp()
        self.data = cli_case.write_dataset(self.work / "shapes")
        self.split = self.work / "split.json"
        self.encoder = self.work / "encoder.safetensors"

    def make_split(self, *more, output=None):
        return self.succeed_json("split", "--data", self.data, "--validation-per-class", 5, "--imbalance-factor", 10,
                                 "--class-order", "2,0,1", "--output", output or self.split, *more)

    def train_encoder(self, *more, output=None):
        return self.succeed_json("train", "encoder", "--data", self.data, "--split", self.split, "--epochs", 2,
                                 "--batch-size", 16, "--threads", 1, "--output", output or self.encoder, *more)

    def encode(self, part, *more):
        output = self.work / f"{part}.safetensors"
        return self.succeed_json("encode", "--encoder", self.encoder, "--data", self.data, "--split", self.split,
                                 "--part", part, "--output", output, *more)

    def train_generator(self, *more, name="generator.safetensors"):
        return self.succeed_json("train", "generator", "--features", self.work / "train.safetensors", "--steps", 20,
                                 "--output", self.work / name, *more)

    def publish(self, *more, generator="generator.safetensors"):
        return self.succeed_json("publish", "--repository", self.work / "repository", "--name", "shapes-lt", "--generator",
                                 self.work / generator, *more)

    def test_split_follows_order_factor_and_seed(self):
        result = self.make_split()
        # 55 are left of each class: int(55 * 10^(-rank / 2)) for ranks 0, 1, 2 of the order 2, 0, 1.
        self.assertEqual(result["class_counts"], [17, 5, 55])
        self.assertEqual(result["class_names"], ["top", "left", "middle"])
        self.assertEqual((result["train"], result["validation"]), (77, 15))
        split = json.loads(self.split.read_text())
        self.assertEqual(split["format"], "tailcast.split.v1")
        self.assertEqual([sum(1 for i in split["train"] if i % CLASSES == c) for c in range(CLASSES)], [17, 5, 55])
        self.assertFalse(set(split["train"]) & set(split["validation"]))
        again, other = self.work / "again.json", self.work / "other.json"
        self.make_split(output=again)
        self.make_split("--seed", 1, output=other)
        self.assertEqual(digest(again), digest(self.split))
        self.assertNotEqual(json.loads(other.read_text())["train"], split["train"])

    def test_the_whole_path(self):
        self.make_split()
        trained = self.train_encoder()
        self.assertEqual(trained["class_counts"], [17, 5, 55])
        self.assertFalse((self.work / "encoder.safetensors.checkpoint").exists())
        for part, rows in [("train", 77), ("validation", 15), ("test", CLASSES * TEST_PER_CLASS)]:
            encoded = self.encode(part)
            self.assertEqual((encoded["rows"], encoded["part"]), (rows, part))
            self.assertEqual(encoded["encoder_fingerprint"], trained["encoder_fingerprint"])
        tensors, metadata = read_safetensors(self.work / "train.safetensors")
        self.assertEqual(metadata["dataset"], "shapes")
        self.assertEqual(len(tensors["labels"]), 77 * 8)
        # The labels are those of the split, in file order.
        labels = memoryview(tensors["labels"]).cast("q").tolist()
        self.assertEqual(labels, [i % CLASSES for i in json.loads(self.split.read_text())["train"]])

        generator = self.train_generator("--validation", self.work / "validation.safetensors")
        self.assertEqual(generator["class_counts"], [17, 5, 55])
        self.assertGreater(generator["figures"]["validation_loss"], 0)
        self.assertEqual(generator["feature_space_digest"], trained["feature_space_digest"])
        published = self.publish("--encoder", self.encoder, "--guidance", "-0.25:0.5")
        self.assertEqual((published["version"], published["existed"]), (1, False))
        folder = self.work / "repository" / "shapes-lt" / "1"
        self.assertEqual(published["digest"], digest(folder / "manifest.json"))
        manifest = json.loads((folder / "manifest.json").read_text())
        self.assertEqual(manifest["class_counts"], [17, 5, 55])
        self.check_versions_verify_and_labels(published)

    def check_versions_verify_and_labels(self, published):
        repository = self.work / "repository"
        again = self.publish("--encoder", self.encoder, "--guidance", "-0.25:0.5")
        self.assertEqual(again, {**published, "existed": True})
        second = self.publish()  # without the encoder: another content
        self.assertEqual((second["version"], second["existed"]), (2, False))

        report = self.succeed_json("verify", "--repository", repository)
        self.assertTrue(report["ok"])
        self.assertEqual([bundle["bundle"] for bundle in report["bundles"]], ["shapes-lt@1", "shapes-lt@2"])
        files = {file["file"] for file in report["bundles"][0]["files"]}
        self.assertLessEqual({"generator.safetensors", "encoder.safetensors", "classifier.safetensors"}, files)

        label = self.succeed_json("label", "shapes-lt@1", "stable", "--repository", repository)
        self.assertEqual(label, {"name": "shapes-lt", "label": "stable", "version": 1, "previous_version": None})
        label = self.succeed_json("label", "shapes-lt@2", "stable", "--repository", repository)
        self.assertEqual((label["version"], label["previous_version"]), (2, 1))
        self.assertTrue(self.succeed_json("verify", "shapes-lt:stable", "--repository", repository)["ok"])

    def test_verify_recomputes_the_fingerprint_of_the_encoder(self):
        self.make_split()
        self.train_encoder()
        self.encode("train")
        self.train_generator()
        folder = pathlib.Path(self.publish("--encoder", self.encoder)["folder"])
        manifest, record = folder / "manifest.json", folder / "publish.json"
        old = digest(manifest)
        fingerprint = json.loads(manifest.read_text())["feature_space"]["encoder"]
        manifest.write_text(manifest.read_text().replace(fingerprint, fingerprint[::-1]))
        record.write_text(record.read_text().replace(old, digest(manifest)))  # every file is as it is recorded
        result = self.run_cli("verify", folder, "--json")
        self.assertEqual(result.returncode, 1)
        report = json.loads(result.stdout)
        self.assertEqual([file["file"] for file in report["bundles"][0]["files"] if not file["ok"]], ["manifest.json"])
        self.assertIn("encoder.safetensors' has the feature space ", report["bundles"][0]["files"][0]["fault"])

    def test_equal_commands_give_equal_files_and_seeds_differ(self):
        self.make_split()
        self.train_encoder()
        first = digest(self.encoder)
        self.train_encoder()
        self.assertEqual(digest(self.encoder), first)
        self.train_encoder("--seed", 1)
        self.assertNotEqual(digest(self.encoder), first)
        self.encode("train")
        features = digest(self.work / "train.safetensors")
        self.encode("train")
        self.assertEqual(digest(self.work / "train.safetensors"), features)

    def test_text_goes_to_standard_output_and_progress_to_standard_error(self):
        self.make_split()
        result = self.run_cli("train", "encoder", "--data", self.data, "--split", self.split, "--epochs", 2, "--output",
                              self.encoder)
        self.assertEqual(result.returncode, 0)
        self.assertIn("encoder fingerprint ", result.stdout)
        self.assertNotIn("images/s", result.stdout)
        self.assertRegex(result.stderr, r"\d+ of \d+ images \(100 %\), .*images/s, .*loss ")


    def test_every_phase_is_shown_unless_quiet(self):
        repository = self.work / "repository"
        split = ["split", "--data", self.data, "--validation-per-class", 5, "--imbalance-factor", 10, "--output",
                 self.split]
        features, generator = self.work / "features.safetensors", self.work / "generator.safetensors"
        cli_case.write_features(features, metadata={"feature_space": "mine"})
        self.succeed("train", "generator", "--features", features, "--steps", 5, "--output", generator)
        publish = ["publish", "--repository", repository, "--name", "shapes", "--generator", generator]
        for command, phases in [(split, ["read images", "choose images", "write split"]),
                                (publish, ["read files", "assemble bundle", "write version"])]:
            lines = self.run_cli(*command).stderr.splitlines()
            self.assertEqual([line.split(":")[0] for line in lines], [*phases, phases[-1]])
            self.assertIn("0 of 3 steps", lines[0])
            self.assertIn("3 of 3 steps (100 %)", lines[-1])
        verify = ["verify", "--repository", repository]
        lines = self.run_cli(*verify).stderr.splitlines()
        self.assertEqual(lines[0], "verify: 0 of 3 files (0 %)")
        self.assertIn("verify: 3 of 3 files (100 %)", lines[-1])
        for command in (split, publish, verify):
            self.assertEqual(self.run_cli(*command, "--quiet").stderr, "")


class ImportedFeaturesTest(CliCase):
    """Somebody else's features."""

    def setUp(self):
        super().setUp()
        self.features = self.work / "features.safetensors"
        self.generator = self.work / "generator.safetensors"

    def train(self, *more):
        return self.succeed_json("train", "generator", "--features", self.features, "--steps", 5, "--output",
                                 self.generator, *more)

    def test_a_named_space_parts_and_class_names(self):
        cli_case.write_features(self.features, prefix="train.")
        result = self.train("--part", "train", "--feature-space", "mine", "--class-names", "a,b,c")
        self.assertEqual(result["class_names"], ["a", "b", "c"])
        self.assertEqual(result["class_counts"], [20, 20, 20])
        self.assertEqual(read_safetensors(self.generator)[1]["feature_space"], "mine")
        other = self.train("--part", "train", "--feature-space", "theirs")
        self.assertNotEqual(other["feature_space_digest"], result["feature_space_digest"])
        signed = self.train("--part", "train", "--feature-space", "mine", "--non-negative")
        self.assertNotEqual(signed["feature_space_digest"], result["feature_space_digest"])

    def test_more_classes_than_labels_are_possible_and_said(self):
        cli_case.write_features(self.features, metadata={"feature_space": "mine"})
        self.assertEqual(self.train("--classes", 5)["class_counts"], [20, 20, 20, 0, 0])
        text = self.succeed("train", "generator", "--features", self.features, "--steps", 5, "--classes", 4, "--output",
                            self.generator)
        self.assertIn("no training rows, so nothing can be generated of: 3", text)

    def test_many_classes_without_rows_are_counted_and_not_listed(self):
        cli_case.write_features(self.features, metadata={"feature_space": "mine"})
        text = self.succeed("train", "generator", "--features", self.features, "--steps", 5, "--classes", 5000, "--output",
                            self.generator)
        self.assertIn("no training rows, so nothing can be generated of: 3, 4, 5, ", text)
        self.assertIn(", 22 and 4977 more\n", text)

    def test_a_head_of_ones_own_is_published_with_the_generator(self):
        cli_case.write_features(self.features, metadata={"feature_space": "mine"})
        self.train()
        head = self.work / "head.safetensors"
        publish = ["publish", "--repository", self.work / "repository", "--name", "shapes", "--generator", self.generator,
                   "--head", head]
        for classes in (3, 2):
            cli_case.write_safetensors(head, {"classifier.weight": ("F32", [classes, 4], [0.5] * 4 * classes),
                                              "classifier.bias": ("F32", [classes], [0.0] * classes)})
            if classes == 2:
                self.refuse(*publish, says=(f"'{head}': tensor 'classifier.weight' has shape [2, 4]", "expected [3, 4]"))
                break
            folder = self.succeed_json(*publish)["folder"]
            self.assertTrue((pathlib.Path(folder) / "classifier.safetensors").exists())
            self.assertTrue(self.succeed_json("verify", folder)["ok"])
        self.refuse(*publish, "--encoder", "e", code=2, says=("--encoder", "--head"))

    def test_a_dry_run_counts_bytes_in_whole_numbers(self):
        cli_case.write_features(self.features, metadata={"feature_space": "mine"})
        self.train()
        repository = self.work / "repository"
        self.succeed("publish", "--repository", repository, "--name", "shapes", "--generator", self.generator)
        plan = ["generate", "--local", "--repository", repository, "--bundle", "shapes", "--class", 1, "--count", 1000,
                "--dry-run"]
        text = self.succeed(*plan, "--json")
        self.assertIn(f'"bytes": {1000 * (4 * 4 + 8)},\n', text)
        self.refuse(*plan, "--rows", 2**62, says=(2**62, "24 bytes"))

    def test_every_objective_keeps_its_options_in_the_figures(self):
        cli_case.write_features(self.features, metadata={"feature_space": "mine"})
        digests = set()
        for flags in [[], ["--objective", "cbdm"], ["--objective", "cbdm", "--tau", "0.5"],
                      ["--objective", "cbdm", "--label-distribution", "uniform"],
                      ["--objective", "cbdm", "--commitment-weight", "1"], ["--objective", "diffrop"],
                      ["--objective", "diffrop", "--diffrop-weight", "0.5"],
                      ["--objective", "diffrop", "--diffrop-margin", "2"]]:
            figures = self.train(*flags)["figures"]
            self.assertIn(flags[1] if flags else "denoising", json.dumps(figures))
            digests.add(digest(self.generator))
        self.assertEqual(len(digests), 8)


if __name__ == "__main__":
    unittest.main()
