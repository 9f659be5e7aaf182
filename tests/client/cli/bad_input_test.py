#!/usr/bin/env python3
"""Bad input: a message that names what, where and what was expected, exit code 1, and no file."""

import gzip
import json
import shutil
import struct
import unittest

import cli_case
from cli_case import CliCase, write_features, write_safetensors


class BadDatasetTest(CliCase):

    def setUp(self):
        super().setUp()
        self.data = cli_case.write_dataset(self.work / "shapes", compress=False)
        self.images = self.data / "train-images-idx3-ubyte"
        self.labels = self.data / "train-labels-idx1-ubyte"
        self.output = self.work / "split.json"

    def fail_split(self, *says, flags=()):
        self.refuse("split", "--data", self.data, "--imbalance-factor", 10, "--output", self.output,
                    *(flags or ["--validation-per-class", 5]), says=says)
        self.assertFalse(self.output.exists())

    def test_a_missing_folder_and_an_empty_one(self):
        shutil.rmtree(self.data)
        self.fail_split(self.data)
        self.data.mkdir()
        self.fail_split(self.data, "train-images-idx3-ubyte")

    def test_a_truncated_image_file(self):
        self.images.write_bytes(self.images.read_bytes()[:-1])
        self.fail_split(self.images)

    def test_a_wrong_magic_number(self):
        self.images.write_bytes(b"\x01" + self.images.read_bytes()[1:])
        self.fail_split(self.images)

    def test_sizes_that_claim_more_than_any_memory(self):
        self.images.write_bytes(bytes([0, 0, 8, 3]) + struct.pack(">III", 0xFFFFFFFF, 0xFFFFFFFF, 0xFFFFFFFF))
        self.fail_split(self.images)

    def test_truncated_and_damaged_gz(self):
        packed = gzip.compress(self.images.read_bytes())
        self.images.unlink()
        path = self.data / "train-images-idx3-ubyte.gz"
        for spoiled in (packed[:-20], packed[:40] + bytes([packed[40] ^ 0xFF]) + packed[41:], b"no gzip at all"):
            path.write_bytes(spoiled)
            self.fail_split(path)

    def test_a_label_out_of_range(self):
        data = bytearray(self.labels.read_bytes())
        data[8 + 7] = 99
        self.labels.write_bytes(bytes(data))
        self.fail_split(self.labels, "99", "index 7")

    def test_counts_of_images_and_labels_that_differ(self):
        self.labels.write_bytes(cli_case.idx(1, [3], bytes([0, 1, 2])))
        self.fail_split(self.labels, "3")

    def test_options_that_the_data_set_cannot_meet(self):
        self.fail_split("60", flags=["--validation-per-class", 60])
        self.fail_split("class_order", flags=["--validation-per-class", 5, "--class-order", "0,1"])
        self.fail_split("class_order", flags=["--validation-per-class", 5, "--class-order", "0,1,1"])
        self.fail_split("class_order", flags=["--validation-per-class", 5, "--class-order", "0,1,3"])
        self.fail_split("56", flags=["--validation-per-class", 5, "--max-per-class", 56])


class BadSplitTest(CliCase):

    def setUp(self):
        super().setUp()
        self.data = cli_case.write_dataset(self.work / "shapes")
        self.split = self.work / "split.json"
        self.succeed("split", "--data", self.data, "--validation-per-class", 5, "--imbalance-factor", 10, "--output",
                     self.split)
        self.content = json.loads(self.split.read_text())

    def fail_training(self, *says):
        output = self.work / "encoder.safetensors"
        self.refuse("train", "encoder", "--data", self.data, "--split", self.split, "--epochs", 1, "--output", output,
                  says=says)
        self.assertFalse(output.exists())

    def test_a_missing_truncated_or_foreign_split(self):
        text = self.split.read_text()
        self.split.write_text(text[:-10])
        self.fail_training(self.split)
        self.split.write_text(json.dumps({**self.content, "format": "tailcast.split.v9"}))
        self.fail_training(self.split, "tailcast.split.v9")
        self.split.write_text(json.dumps({**self.content, "colour": 1}))
        self.fail_training(self.split, "colour")
        self.split.unlink()
        self.fail_training(self.split)

    def test_indices_that_are_none(self):
        self.split.write_text(json.dumps({**self.content, "train": self.content["train"][:-1] + [10**9]}))
        self.fail_training(self.split, 10**9)

    def test_a_split_of_other_data(self):
        shutil.rmtree(self.data)
        self.data.mkdir()
        cli_case.write_images(self.data, "train", [2 - i % 3 for i in range(180)])
        (self.data / "classes.txt").write_text("top\nleft\nmiddle\n")
        self.fail_training(self.split)


class BadEncoderTest(CliCase):

    def setUp(self):
        super().setUp()
        self.data = cli_case.write_dataset(self.work / "shapes")
        self.encoder = self.work / "encoder.safetensors"
        self.succeed("train", "encoder", "--data", self.data, "--epochs", 1, "--batch-size", 60, "--output", self.encoder)
        self.output = self.work / "features.safetensors"

    def fail_encode(self, *says, part="test", code=1, flags=()):
        self.refuse("encode", "--encoder", self.encoder, "--data", self.data, "--part", part, "--output", self.output,
                  *flags, code=code, says=says)
        self.assertFalse(self.output.exists())

    def test_validation_images_need_a_split(self):
        self.fail_encode("--split", part="validation", code=2)

    def test_a_truncated_or_foreign_encoder_file(self):
        data = self.encoder.read_bytes()
        self.encoder.write_bytes(data[:-4])
        self.fail_encode(self.encoder)
        write_features(self.encoder)
        self.fail_encode(self.encoder)
        self.encoder.unlink()
        self.fail_encode(self.encoder)

    def test_a_flipped_bit_in_the_encoder_or_its_features(self):
        whole = self.encoder.read_bytes()
        cli_case.flip_last_byte(self.encoder)
        self.fail_encode(self.encoder, "is damaged", "content_sha256")
        self.encoder.write_bytes(whole)
        self.succeed("encode", "--encoder", self.encoder, "--data", self.data, "--part", "test", "--output", self.output)
        cli_case.flip_last_byte(self.output)
        self.refuse("train", "generator", "--features", self.output, "--output", self.work / "generator.safetensors",
                    says=(self.output, "is damaged", "content_sha256"))

    def test_weights_that_are_not_those_of_the_fingerprint(self):
        self.encoder.write_bytes(self.encoder.read_bytes().replace(b"content_sha256", b"without_a_seal"))
        cli_case.flip_last_byte(self.encoder)
        self.fail_encode(self.encoder, "fingerprint")

    def test_images_of_another_size(self):
        for path in self.data.glob("t10k*"):
            path.unlink()
        (self.data / "t10k-images-idx3-ubyte").write_bytes(cli_case.idx(3, [3, 8, 8], bytes(3 * 64)))
        (self.data / "t10k-labels-idx1-ubyte").write_bytes(cli_case.idx(1, [3], bytes([0, 1, 2])))
        self.fail_encode("16", "8")


class BadFeaturesTest(CliCase):

    def setUp(self):
        super().setUp()
        self.features = self.work / "features.safetensors"
        self.output = self.work / "generator.safetensors"

    def fail_training(self, *says, flags=(), code=1):
        self.refuse("train", "generator", "--features", self.features, "--steps", 5, "--output", self.output, *flags,
                  says=says, code=code)
        self.assertFalse(self.output.exists())

    def test_nan_and_infinite_features_are_named_by_row_and_column(self):
        for value in (float("nan"), float("inf"), float("-inf")):
            def edit(values, labels, value=value):
                values[4 * 7 + 2] = value
            write_features(self.features, metadata={"feature_space": "mine"}, edit=edit)
            self.fail_training(self.features, "7", "2")

    def test_labels_out_of_range(self):
        def negative(values, labels):
            labels[9] = -1
        write_features(self.features, metadata={"feature_space": "mine"}, edit=negative)
        self.fail_training(self.features, "-1")
        write_features(self.features, metadata={"feature_space": "mine"})
        self.fail_training(self.features, "2", flags=["--classes", 2])

    def test_a_negative_value_in_a_non_negative_space(self):
        def edit(values, labels):
            values[5] = -0.5
        write_features(self.features, metadata={"feature_space": "mine", "non_negative": "true"}, edit=edit)
        self.fail_training(self.features, "-0.5")

    def test_a_space_that_is_missing_or_contradicted(self):
        write_features(self.features)
        self.fail_training(self.features, "--feature-space")
        write_features(self.features, metadata={"feature_space": "mine"})
        self.fail_training("mine", "theirs", flags=["--feature-space", "theirs"])
        fingerprint = "ab" * 32
        write_features(self.features, metadata={"encoder_fingerprint": fingerprint})
        self.fail_training(fingerprint, "theirs", flags=["--feature-space", "theirs"])

    def test_validation_features_of_another_space(self):
        write_features(self.features, metadata={"encoder_fingerprint": "ab" * 32})
        validation = self.work / "validation.safetensors"
        write_features(validation, metadata={"encoder_fingerprint": "cd" * 32})
        self.fail_training("ab" * 32, "cd" * 32, validation, flags=["--validation", validation])
        write_features(validation, dimension=5, metadata={"encoder_fingerprint": "ab" * 32})
        self.fail_training("5 dimensions", "4 dimensions", flags=["--validation", validation])

    def test_validation_with_the_classes_in_another_order(self):
        validation = self.work / "validation.safetensors"
        write_features(self.features, metadata={"feature_space": "mine", "class_names": '["a", "b", "c"]'})
        write_features(validation, metadata={"feature_space": "mine", "class_names": '["a", "c", "b"]'})
        self.fail_training(validation, "a, c, b", self.features, "a, b, c", flags=["--validation", validation])
        self.fail_training(validation, "a, c, b", flags=["--validation", validation, "--class-names", "a,c,b"])

    def test_truncated_damaged_and_foreign_files(self):
        write_features(self.features, metadata={"feature_space": "mine"})
        data = self.features.read_bytes()
        for spoiled in (b"", data[:7], data[:20], data[:-1], data + b"x", b"\xff" * 8 + data[8:], b"\x00" * 64):
            self.features.write_bytes(spoiled)
            self.fail_training(self.features)
        write_safetensors(self.features, {"features": ("I64", [2, 2], [1, 2, 3, 4]), "labels": ("I64", [2], [0, 1])},
                          {"feature_space": "mine"})
        self.fail_training(self.features, "F32")
        write_safetensors(self.features, {"features": ("F32", [2, 2], [1, 2, 3, 4]), "labels": ("I64", [3], [0, 1, 1])},
                          {"feature_space": "mine"})
        self.fail_training(self.features, "labels")

    def test_a_part_that_the_file_does_not_have(self):
        write_features(self.features, prefix="train.", metadata={"feature_space": "mine"})
        self.fail_training(self.features, "train.features", "--part")
        self.fail_training(self.features, "test.features", flags=["--part", "test"])

    def test_class_names_that_do_not_fit(self):
        write_features(self.features, metadata={"feature_space": "mine"})
        self.fail_training("--class-names", "2", "3", flags=["--class-names", "a,b"], code=2)


class BadRepositoryTest(CliCase):

    def setUp(self):
        super().setUp()
        self.features = self.work / "features.safetensors"
        self.generator = self.work / "generator.safetensors"
        self.repository = self.work / "repository"
        write_features(self.features, metadata={"feature_space": "mine"})
        self.succeed("train", "generator", "--features", self.features, "--steps", 5, "--output", self.generator)

    def publish(self, *more):
        return ["publish", "--repository", self.repository, "--name", "shapes", "--generator", self.generator, *more]

    def test_files_that_are_no_generator(self):
        self.refuse("publish", "--repository", self.repository, "--name", "shapes", "--generator", self.features,
                  says=(self.features, "tailcast.generator.v1"))
        self.generator.write_bytes(self.generator.read_bytes()[:-1])
        self.refuse(*self.publish(), says=self.generator)

    def test_a_generator_with_a_flipped_bit(self):
        cli_case.flip_last_byte(self.generator)
        self.refuse(*self.publish(), says=(self.generator, "is damaged", "content_sha256"))
        self.assertFalse(self.repository.exists())

    def test_a_generator_whose_tensor_changed_its_size(self):
        tensors, metadata = cli_case.read_safetensors(self.generator)
        del metadata["content_sha256"]
        write_safetensors(self.generator, {name: ("F32", [len(raw) // 4], struct.unpack(f"<{len(raw) // 4}f", raw))
                                           for name, raw in tensors.items()}, metadata)
        self.refuse(*self.publish(), says=self.generator)

    def test_an_encoder_of_another_space_names_both(self):
        data = cli_case.write_dataset(self.work / "shapes")
        encoder = self.work / "encoder.safetensors"
        trained = self.succeed_json("train", "encoder", "--data", data, "--epochs", 1, "--batch-size", 60, "--output", encoder)
        self.refuse(*self.publish("--encoder", encoder), says=("mine", trained["encoder_fingerprint"], encoder, self.generator))
        self.assertFalse(self.repository.exists())

    def test_guidance_and_steps_that_cannot_be(self):
        for guidance in ("nan", "x", "1:", "inf:0", "-2", "33"):
            self.refuse(*self.publish(f"--guidance={guidance}"), code=2, says="guidance")
        self.refuse(*self.publish("--steps", 1001), code=2, says=("1001", "1000"))

    def test_figures_that_are_no_object(self):
        figures = self.work / "figures.json"
        figures.write_text("[1]")
        self.refuse(*self.publish("--figures", figures), says=(figures, "array", "object"))
        figures.write_text("{")
        self.refuse(*self.publish("--figures", figures), says=figures)

    def test_unknown_bundle_version_and_label(self):
        self.succeed(*self.publish())
        self.refuse("verify", "other", "--repository", self.repository, says="other")
        self.refuse("verify", "shapes@2", "--repository", self.repository, says=("shapes", "2"))
        self.refuse("verify", "shapes:stable", "--repository", self.repository, says=("shapes", "stable"))
        self.refuse("label", "other@1", "stable", "--repository", self.repository, says="other")
        self.refuse("label", "shapes@2", "stable", "--repository", self.repository, says=("shapes", "2"))
        self.assertFalse((self.repository / "shapes" / "labels.json").exists())

    def test_a_repository_that_is_missing_or_a_file(self):
        missing = self.work / "missing"
        self.refuse("verify", "--repository", missing, says=missing)
        self.refuse("label", "shapes@1", "stable", "--repository", missing, says=missing)
        self.refuse("publish", "--repository", self.features, "--name", "shapes", "--generator", self.generator,
                  says=self.features)
        self.refuse("verify", missing, says=missing)

    def test_verify_names_every_damaged_file(self):
        folder = self.succeed_json(*self.publish())["folder"]
        weights = self.repository / "shapes" / "1" / "generator.safetensors"
        weights.chmod(0o644)
        cli_case.flip_last_byte(weights)
        for target in (["shapes@1", "--repository", self.repository], [folder]):
            result = self.run_cli("verify", *target, "--json")
            self.assertEqual(result.returncode, 1)
            report = json.loads(result.stdout)
            self.assertFalse(report["ok"])
            faults = {file["file"]: file["fault"] for file in report["bundles"][0]["files"] if not file["ok"]}
            self.assertEqual(list(faults), ["generator.safetensors"])
            self.assertTrue(faults["generator.safetensors"])
        self.assertIn("DAMAGED", self.run_cli("verify", folder).stdout)

    def test_verify_sees_a_changed_manifest_a_missing_and_a_foreign_file(self):
        folder = self.repository / "shapes" / "1"
        self.succeed(*self.publish())
        manifest = (folder / "manifest.json").read_bytes()
        changes = [
            (lambda: (folder / "extra.bin").write_bytes(b"x"), lambda: (folder / "extra.bin").unlink()),
            (lambda: (folder / "manifest.json").write_bytes(manifest.replace(b'"0"', b'"9"')),
             lambda: (folder / "manifest.json").write_bytes(manifest)),
            (lambda: (folder / "generator.safetensors").rename(self.work / "kept"),
             lambda: (self.work / "kept").rename(folder / "generator.safetensors")),
        ]
        for spoil, mend in changes:
            spoil()
            self.assertEqual(self.run_cli("verify", "shapes", "--repository", self.repository, "--json").returncode, 1)
            mend()
            self.succeed("verify", "shapes", "--repository", self.repository)


    # ---- damage that no list of bundles shows
    def damaged(self, *target):
        """The files that verify finds damaged, by bundle, and what it says of them."""
        result = self.run_cli("verify", *target, "--repository", self.repository, "--json")
        self.assertEqual(result.returncode, 1, result.stderr)
        report = json.loads(result.stdout)
        self.assertFalse(report["ok"])
        found = [(bundle["bundle"], file) for bundle in report["bundles"] for file in bundle["files"]]
        found += [(labels["bundle"], labels) for labels in report["labels"]]
        faults = {(name, file["file"]): file["fault"] for name, file in found if not file["ok"]}
        self.assertEqual(len(faults), report["faults"])
        text = self.run_cli("verify", *target, "--repository", self.repository).stdout
        for (name, file), fault in faults.items():
            self.assertRegex(text, rf"{name} +{file} +DAMAGED: .")
            self.assertIn(fault, text)
        return faults

    def publish_two(self):
        self.succeed(*self.publish())
        self.succeed(*self.publish("--steps", 8))
        self.succeed("label", "shapes@1", "stable", "--repository", self.repository)
        self.assertTrue(self.succeed_json("verify", "--repository", self.repository)["ok"])
        return self.repository / "shapes"

    def test_a_version_without_its_manifest_is_damaged(self):
        (self.publish_two() / "2" / "manifest.json").unlink()
        faults = self.damaged()
        self.assertEqual(list(faults), [("shapes@2", "manifest.json")])
        self.assertIn("No such file", faults["shapes@2", "manifest.json"])
        self.assertEqual(self.damaged("shapes@2"), faults)
        self.assertEqual(self.damaged("shapes"), faults)
        self.succeed("verify", "shapes:stable", "--repository", self.repository)

    def test_an_empty_version_is_damaged(self):
        (self.publish_two() / "7").mkdir()
        self.assertEqual(list(self.damaged()), [("shapes@7", "manifest.json"), ("shapes@7", "publish.json")])

    def test_a_version_with_a_damaged_record_is_damaged(self):
        record = self.publish_two() / "2" / "publish.json"
        for spoil in (lambda: record.write_text("{"), record.unlink):
            spoil()
            faults = self.damaged()
            self.assertEqual(list(faults), [("shapes@2", "publish.json")])
            self.assertIn(str(record), faults["shapes@2", "publish.json"])

    def test_labels_that_cannot_be_read_or_point_nowhere_are_damaged(self):
        labels = self.publish_two() / "labels.json"
        sound = labels.read_text()
        labels.write_text("garbage")
        faults = self.damaged()
        self.assertEqual(list(faults), [("shapes", "labels.json")])
        self.assertIn(str(labels), faults["shapes", "labels.json"])
        labels.write_text(sound)
        shutil.rmtree(self.repository / "shapes" / "1")
        self.assertEqual(self.damaged(), {("shapes", "labels.json"): "label 'stable' is version 1, which is not there"})

    def test_bundles_lists_what_is_damaged_with_its_fault_and_all_the_rest(self):
        folder = self.publish_two()
        self.succeed("publish", "--repository", self.repository, "--name", "other", "--generator", self.generator)
        (folder / "2" / "publish.json").write_text("{")
        (folder / "labels.json").write_text("garbage")
        listed = self.succeed_json("bundles", "--repository", self.repository)["bundles"]
        self.assertEqual([entry["bundle"] for entry in listed], ["other@1", "shapes@1", "shapes@2"])
        self.assertEqual([entry.get("state") for entry in listed], [None, None, "DAMAGED"])
        self.assertIn(str(folder / "2" / "publish.json"), listed[2]["fault"])
        self.assertNotIn("labels_fault", listed[0])
        for entry in listed[1:]:
            self.assertIn(str(folder / "labels.json"), entry["labels_fault"])
        text = self.succeed("bundles", "shapes", "--repository", self.repository)
        self.assertRegex(text, r"shapes@1 .* DAMAGED")
        self.assertEqual(text.count(str(folder / "labels.json")), 1)
        self.assertEqual(text.count(str(folder / "2" / "publish.json")), 1)
        shown = self.succeed_json("inspect", "shapes@1", "--repository", self.repository)
        self.assertIn(str(folder / "labels.json"), shown["labels_fault"])


class LimitTest(CliCase):
    """Files at the size that is read, and a byte above it."""

    FIGURES_BYTES = 16 << 20
    REPORT_BYTES = 64 << 20

    def test_figures_of_a_bundle(self):
        features, generator, figures = (self.work / name for name in ("f.safetensors", "g.safetensors", "figures.json"))
        write_features(features, metadata={"feature_space": "mine"})
        self.succeed("train", "generator", "--features", features, "--steps", 5, "--output", generator)
        publish = ["publish", "--repository", self.work / "repository", "--name", "shapes", "--generator", generator,
                   "--figures", figures]
        figures.write_text('{"rows": 3}'.ljust(self.FIGURES_BYTES + 1))
        self.refuse(*publish, says=(figures, "too large", self.FIGURES_BYTES))
        self.assertFalse((self.work / "repository").exists())
        figures.write_text('{"rows": 3}'.ljust(self.FIGURES_BYTES))
        self.succeed(*publish)

    def test_figures_of_a_report(self):
        figures = self.work / "figures.json"
        report = ["report", "--inputs", self.work, "--output", self.work / "report.html"]
        figures.write_text("{}".ljust(self.REPORT_BYTES + 1))
        self.refuse(*report, says=(figures, "too large", self.REPORT_BYTES))
        figures.write_text("{}".ljust(self.REPORT_BYTES))
        self.assertNotIn("too large", self.refuse(*report, says=(figures, "'format'")))


if __name__ == "__main__":
    unittest.main()
