#!/usr/bin/env python3
"""Help, version and wrong usage of every command of `tailcast`."""

import re
import subprocess
import unittest

from cli_case import CliCase, write_features

COMMANDS = [["split"], ["train", "encoder"], ["encode"], ["train", "generator"], ["publish"], ["bundles"], ["inspect"],
            ["verify"], ["label"], ["generate"], ["retrain"], ["report"]]


class UsageTest(CliCase):

    def listed_commands(self):
        text = self.succeed("--help").split("Subcommands:")[1]
        return re.findall(r"^  (\w+) ", text, re.MULTILINE)

    def test_help_lists_every_command_and_each_has_an_example(self):
        listed = self.listed_commands()
        self.assertEqual(set(listed), {command[0] for command in COMMANDS})
        for command in [[name] for name in listed] + COMMANDS:
            text = self.succeed(*command, "--help")
            self.assertRegex(text, r"Examples?:\n  tailcast " + command[0], command)

    def test_every_command_has_version_json_and_quiet(self):
        version = self.succeed("--version")
        self.assertRegex(version, r"^tailcast \d+\.\d+\.\d+ \(commit [\w-]+, LibTorch 2\.11\.\d+\)\n$")
        self.assertEqual(self.succeed("train", "--version"), version)
        for command in COMMANDS:
            self.assertEqual(self.succeed(*command, "--version"), version)
            text = self.succeed(*command, "--help")
            for flag in ("--json", "--quiet"):
                self.assertIn(flag, text)

    def test_no_command_or_an_unknown_one_is_wrong_usage(self):
        result = self.run_cli()
        self.assertEqual((result.returncode, result.stdout), (2, ""))
        self.assertIn("a command is required", result.stderr)
        result = self.run_cli("paint")
        self.assertEqual((result.returncode, result.stdout), (2, ""))
        self.assertIn("paint", result.stderr)
        result = self.run_cli("train")
        self.assertEqual(result.returncode, 2)
        self.assertTrue(result.stderr.startswith("tailcast train: "), result.stderr)

    def test_missing_and_unknown_flags_are_wrong_usage(self):
        self.refuse("split", "--data", "x", code=2, says="--output is required")
        self.refuse("split", "--data", "x", "--output", "y", "--colour", "red", code=2, says="--colour")
        self.refuse("publish", "--repository", "r", "--name", "n", code=2, says="--generator is required")
        self.refuse("verify", code=2, says=("--repository", "tailcast verify --help"))

    def test_numbers_out_of_range_are_wrong_usage(self):
        generator = ["train", "generator", "--features", "f", "--output", "o"]
        encoder = ["train", "encoder", "--data", "d", "--output", "o"]
        publish = ["publish", "--repository", "r", "--name", "n", "--generator", "g"]
        retrain = ["retrain", "--bundle", "b", "--features", "f", "--validation", "v", "--test", "t", "--encoder", "e",
                   "--output", "o"]
        for command, flag, values in [
            (generator, "--steps", ["0", "1000000001"]),
            (generator, "--hidden-dim", ["0", "4097"]),
            (generator, "--blocks", ["0", "65"]),
            (generator, "--learning-rate", ["nan", "10.1"]),
            (generator, "--label-dropout", ["1.1"]),
            (generator, "--threads", ["0"]),
            (generator, "--classes", ["65537"]),
            (encoder, "--epochs", ["0"]),
            (encoder, "--batch-size", ["1"]),
            (encoder, "--learning-rate", ["100"]),
            (encoder, "--weight-decay", ["1"]),
            (encoder, "--mixup", ["100"]),
            (encoder, "--seed", ["-1", "9223372036854775808"]),
            (publish, "--steps", ["0", "4080"]),
            (retrain, "--steps", ["0", "4080"]),
            (["split", "--data", "d", "--output", "o"], "--imbalance-factor", ["0.5"]),
        ]:
            for value in values:
                self.refuse(*command, f"{flag}={value}", code=2, says=(flag, f"'{value}'", "expected"))

    def test_the_deepest_network_that_the_flags_allow_is_one_that_can_be_built(self):
        features = self.work / "features.safetensors"
        write_features(features, rows=6, metadata={"feature_space": "mine"})
        self.succeed("train", "generator", "--features", features, "--steps", 1, "--batch-size", 2, "--hidden-dim", 1,
                     "--blocks", 64, "--output", self.work / "generator.safetensors")

    def test_a_flag_without_its_value_takes_no_other_word(self):
        generate = ["generate", "--local", "--repository", "r", "--bundle", "b", "--class", 1, "--count", 1]
        self.refuse(*generate, "--guidance=", "--output", "rows.npy", code=2,
                    says=("tailcast generate: --guidance= has no value", "expected --guidance=VALUE"))
        self.refuse("train", "generator", "--features=", "f", "--output", "o", code=2,
                    says="tailcast train generator: --features= has no value")

    def test_what_is_no_address_is_wrong_usage(self):
        for place in (["--local", "--repository", self.work / "repository"], ["--server", "127.0.0.1:1"]):
            for address in ("tc1-", "tc1-" + "0" * 63, "0" * 64, "tc1-" + "g" * 64):
                self.refuse("generate", *place, "--bundle", "b", "--class", 1, "--count", 1, "--output",
                            self.work / "rows.npy", "--expected-address", address, code=2, says="--expected-address: ")

    def test_words_outside_their_list_are_wrong_usage(self):
        generator = ["train", "generator", "--features", "f", "--output", "o"]
        self.refuse(*generator, "--objective", "gan", code=2, says=("--objective", "gan"))
        self.refuse(*generator, "--label-distribution", "odd", code=2, says="--label-distribution")
        self.refuse("encode", "--encoder", "e", "--data", "d", "--output", "o", "--part", "middle", code=2, says="middle")
        self.refuse("split", "--data", "d", "--output", "o", "--class-order", "1,x", code=2, says="--class-order: 'x'")
        self.refuse("label", "name", "stable", "--repository", "r", code=2, says="NAME@VERSION")
        self.refuse("publish", "--repository", "r", "--name", "Bad Name", "--generator", "g", code=2, says="Bad Name")

    def test_what_is_no_bundle_and_no_label_is_wrong_usage_wherever_it_is_looked_up(self):
        repository = self.work / "repository"
        repository.mkdir()
        places = (["--repository", repository], ["--server", "127.0.0.1:1"])
        rows = ["--class", "1", "--count", "1", "--output", "o.npy"]
        retrain = ["--features", "f", "--validation", "v", "--test", "t", "--encoder", "e", "--output", self.work / "out"]
        for bundle in ("shapes@0", "shapes@x", "Shapes", "shapes:", "a/b", ""):
            says = ("expected", "; a bundle is NAME, NAME@VERSION or NAME:LABEL")
            for place in places:
                self.refuse("inspect", bundle, *place, code=2, says=("bundle: ", *says))
            if bundle:  # without one it is all bundles
                self.refuse("verify", bundle, "--repository", repository, code=2, says=("bundle: ", *says))
            self.refuse("label", bundle, "stable", "--repository", repository, code=2, says=("bundle: ", *says))
            self.refuse("generate", "--bundle", bundle, *rows, *places[1], code=2, says=("--bundle: ", *says))
            self.refuse("generate", "--bundle", bundle, *rows, "--local", *places[0], code=2, says=("--bundle: ", *says))
            self.refuse("retrain", "--bundle", bundle, *retrain, code=2, says=("--bundle: ", *says))
        self.assertFalse((self.work / "out").exists())
        for place in places:
            self.refuse("bundles", "Shapes!", *place, code=2, says="name: name 'Shapes!'")
        self.refuse("label", "shapes@1", "Stable!", "--repository", repository, code=2, says="label: name 'Stable!'")

    def test_a_closed_standard_output_is_a_failure(self):
        with open("/dev/full", "w") as full:
            result = subprocess.run([self.program, "split", "--help"], stdout=full, stderr=subprocess.PIPE)
        self.assertEqual(result.returncode, 1)


if __name__ == "__main__":
    unittest.main()
