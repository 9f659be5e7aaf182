#!/usr/bin/env python3
"""Help, version and wrong usage of every command of `tailcast`."""

import re
import subprocess
import unittest

from cli_case import CliCase, write_features, write_safetensors

COMMANDS = [["split"], ["train", "encoder"], ["encode"], ["train", "generator"], ["publish"], ["bundles"], ["inspect"],
            ["verify"], ["label"], ["generate"], ["retrain"], ["report"]]


class UsageTest(CliCase):

    def listed_commands(self):
        text = self.succeed("--help").split("Subcommands:")[1].split("Examples:")[0]
        return re.findall(r"^  (\w+) ", text, re.MULTILINE)

    def test_help_lists_every_command_and_each_has_an_example(self):
        listed = self.listed_commands()
        self.assertEqual(set(listed), {command[0] for command in COMMANDS})
        for command in [[], *([name] for name in listed), *COMMANDS]:
            text = self.succeed(*command, "--help")
            self.assertRegex(text, r"Examples?:\n  tailcast " + " ".join(command), command)

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
        self.refuse("split", "--data", "x", "--output", "y", "--colour", "red", code=2,
                    says="unexpected argument '--colour'")
        self.refuse("split", "--dataa", "x", "--output", "y", code=2, says="unexpected argument '--dataa'")
        self.refuse("train", "--steps", "5", "generator", "--output", "o", code=2,
                    says=("tailcast train: unexpected argument '--steps'", "'tailcast train --help'"))
        self.refuse("publish", "--repository", "r", "--name", "n", code=2, says="--generator is required")
        self.refuse("verify", code=2, says=("--repository", "tailcast verify --help"))

    def test_what_follows_two_dashes_is_no_flag(self):
        result = self.run_cli("label", "--", "b@1", "stable")
        self.assertEqual((result.returncode, result.stdout), (2, ""))
        self.assertIn("tailcast label: --repository is required", result.stderr)

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
            (encoder, "--epochs", ["0", "100001"]),
            (encoder, "--batch-size", ["1", "100001"]),
            (encoder, "--learning-rate", ["100"]),
            (encoder, "--weight-decay", ["1"]),
            (encoder, "--mixup", ["100"]),
            (encoder, "--seed", ["-1", "9223372036854775808"]),
            (publish, "--steps", ["0", "4080"]),
            (retrain, "--steps", ["0", "4080"]),
        ]:
            for value in values:
                self.refuse(*command, f"{flag}={value}", code=2, says=(flag, f"'{value}'", "expected"))

    def test_numbers_are_accepted_up_to_the_ends_of_their_range(self):
        """With the lowest numbers, and with the highest, a command gets as far as its missing input."""
        missing, output = self.work / "missing", self.work / "output.npy"
        images = (-1, 0, 2**31, 2**31 + 1, f"0 to {2**31}")
        generate = ["generate", "--local", "--repository", missing, "--bundle", "b", "--output", output]
        retrain = ["retrain", "--bundle", "b", "--features", missing, "--validation", missing, "--test", missing,
                   "--encoder", missing, "--output", self.work / "trainer"]
        for command, flags in [
            (generate, {"--class": (-1, 0, 2**24 - 1, 2**24, ""),
                        "--count": (0, 1, 2**31 - 1, 2**31, f"1 to {2**31 - 1}"),
                        "--steps": (0, 1, 4079, 4080, "1 to 4079"),
                        "--threads": (0, 1, 1024, 1025, "1 to 1024"),
                        "--retry-for": ("-0.1", 0, 31536000, "31536000.1", "0 to 3.1536e+07")}),
            (retrain, {"--data-free-rows": (0, 1, 10**6, 10**6 + 1, "1 to 1000000"),
                       "--epochs": (0, 1, 10**5, 10**5 + 1, "1 to 100000"),
                       "--retry-for": ("-0.1", 0, 86400, "86400.1", "0 to 86400"),
                       "--bias-shifts": ("-10.01", -10, 10, "10.01", "numbers in [-10, 10]"),
                       "--regularizations": ("-0.01", 0, 1000, "1000.01", "numbers in [0, 1000]")}),
            (["train", "encoder", "--data", missing, "--output", output], {"--crop-padding": (-1, 0, 64, 65, "0 to 64")}),
            (["split", "--data", missing, "--output", output],
             {"--imbalance-factor": (0.99, 1, 10**6, "1000000.01", "1 to 1e+06"),
              "--max-per-class": images, "--validation-per-class": images}),
        ]:
            lowest = {flag: low for flag, (_, low, _, _, _) in flags.items()}
            highest = {flag: high for flag, (_, _, high, _, _) in flags.items()}
            for values in (lowest, highest):
                self.refuse(*command, *(f"{flag}={value}" for flag, value in values.items()), says=missing)
            for flag, (below, _, _, above, expected) in flags.items():
                for wrong in (below, above):
                    values = {**lowest, flag: wrong}
                    self.refuse(*command, *(f"{name}={value}" for name, value in values.items()), code=2,
                                says=(flag, f"'{wrong}'", "expected", expected))

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

    def test_choices_of_retrain_outside_their_lists_are_wrong_usage(self):
        retrain = ["retrain", "--bundle", "b", "--features", "f", "--validation", "v", "--test", "t", "--output",
                   self.work / "out"]
        guidance = "expected W or HEAD:TAIL with numbers in [-1, 32]"
        for flag, value, named, expected in [
            ("--refit", "best", "'best'", "expected regularised or paper"),
            ("--arms", "ldmlr,magic", "'magic'", "expected some of stage1, logit_adjustment, balanced_softmax"),
            ("--arms", "ldmlr,", "''", "expected some of stage1, logit_adjustment, balanced_softmax"),
            ("--bias-shifts", "0,x", "'x'", "expected numbers in [-10, 10]"),
            ("--bias-shifts", "nan", "'nan'", "expected numbers in [-10, 10]"),
            ("--bias-shifts", "0.5,0,0.50", "'0.50'", "twice"),
            ("--regularizations", "0.1,", "''", "expected numbers in [0, 1000]"),
            ("--regularizations", "nan,1", "'nan'", "expected numbers in [0, 1000]"),
            ("--regularizations", "1,1", "'1'", "twice"),
            ("--guidance-candidates", "0,x", "'x'", guidance),
            ("--guidance-candidates", "nan", "'nan'", guidance),
            ("--guidance-candidates", "0,1:2:3", "'1:2:3'", guidance),
            ("--guidance-candidates", "0,", "''", guidance),
            ("--guidance-candidates", "-0.1:-0.5,0,-0.1:-0.5", "'-0.1:-0.5'", "twice"),
        ]:
            self.refuse(*retrain, "--encoder", "e", f"{flag}={value}", code=2, says=(flag, named, expected))
        for heads in ([], ["--encoder", "e", "--head", "h"]):
            self.refuse(*retrain, *heads, code=2, says="expected one of --encoder and --head")
        self.assertFalse((self.work / "out").exists())

    def test_a_plan_that_no_data_set_can_have_is_wrong_usage(self):
        rows = ["--server", "127.0.0.1:1", "--bundle", "b", "--output"]
        generate = ["generate", *rows, self.work / "rows.npy"]
        retrain = ["retrain", *rows, self.work / "out", "--features", "f", "--validation", "v", "--test", "t", "--encoder", "e"]
        for plan, expected in [("even=5", "balance-to=N, ratio=R, each=N or counts=A,B,..."),
                               ("each=-1", "a whole number of rows"), ("ratio=nan", "a finite ratio of at least 0"),
                               ("counts=1,,2", "a whole number of rows")]:
            for command in (generate, retrain):
                self.refuse(*command, "--plan", plan, code=2, says=("--plan: ", f"'{plan}'", "expected", expected))
        self.assertFalse((self.work / "out").exists())

    def test_a_plan_that_the_data_do_not_admit_fails_before_a_server_is_asked(self):
        features, head = self.work / "features.safetensors", self.work / "head.safetensors"
        write_features(features, metadata={"feature_space": "mine"})
        write_safetensors(head, {"classifier.weight": ("F32", [3, 4], [0.5] * 12), "classifier.bias": ("F32", [3], [0.0] * 3)})
        for plan, expected in [("counts=1,2", "3 counts, one per class, not 2"), ("each=0", "at least one row"),
                               (f"each={2**31}", f"at most {2**31 - 1} rows in all")]:
            self.refuse("retrain", "--server", "127.0.0.1:1", "--bundle", "b", "--features", features, "--validation",
                        features, "--test", features, "--head", head, "--output", self.work / "out", "--plan", plan, code=1,
                        says=(f"plan '{plan}'", "expected", expected))
        self.assertFalse((self.work / "out").exists(), "a folder without a result")

    def test_an_ablation_of_report_is_a_name_and_a_folder(self):
        for ablation in ("ldmlr_cbdm", "=folder", "ldmlr_cbdm="):
            self.refuse("report", "--inputs", self.work, "--output", self.work / "report.html", "--ablation", ablation, code=2,
                        says=(f"--ablation '{ablation}'", "expected NAME=DIR"))

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
