#!/usr/bin/env python3
"""`tailcast generate` with real servers: one table of rows, however, wherever and in spite of what it is asked."""
import hashlib
import json
import os
import pathlib
import re
import resource
import signal
import struct
import subprocess
import tempfile
import time
import unittest

import programs
from programs import Server, json_of, make_bundle, tailcast, wait_until

# A stream of it takes some seconds, many times the interval between two ledgers.
SLOW = {"dim": 64, "hidden": 192, "steps": 60}
SLOW_ROWS = 20000


def read_safetensors(path):
    """Header, bytes of the features, labels."""
    data = pathlib.Path(path).read_bytes()
    size, = struct.unpack("<Q", data[:8])
    header = json.loads(data[8:8 + size])
    tensors = {}
    for name, entry in header.items():
        if name != "__metadata__":
            begin, end = entry["data_offsets"]
            tensors[name] = data[8 + size + begin:8 + size + end]
    count = header["labels"]["shape"][0]
    return header, tensors["features"], struct.unpack(f"<{count}q", tensors["labels"])


class GenerateTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.root = pathlib.Path(cls.folder.name)
        cls.repository = cls.root / "repository"
        make_bundle(cls.repository, "drawn")
        make_bundle(cls.repository, "slow", **SLOW)

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def setUp(self):
        self.work = pathlib.Path(tempfile.mkdtemp(dir=self.root))

    def generate(self, source, *arguments, bundle="drawn", output="rows.safetensors", **options):
        return tailcast("generate", *source, "--bundle", bundle, "--output", self.work / output, *arguments,
                        "--json", **options)

    @property
    def local(self):
        return ("--local", "--repository", self.repository)

    def remote(self, server, *flags):
        return ("--server", getattr(server, "address", server), *flags)

    def files(self):
        return sorted(path.name for path in self.work.iterdir())

    # ---- the same bytes
    def test_local_and_server_give_the_same_file(self):
        arguments = ("--plan", "ratio=2", "--seed", "5", "--guidance", "-0.1:-0.5")
        local = json_of(self.generate(self.local, *arguments, output="local.safetensors"))
        with Server(self.repository) as server:
            remote = json_of(self.generate(self.remote(server), *arguments, output="remote.safetensors"))
        for key in ("address", "recipe", "sha256", "rows", "bundle", "bundle_digest", "row_checksum_sum"):
            self.assertEqual(local[key], remote[key], key)
        self.assertEqual(local["rows"], 1644)
        self.assertEqual((self.work / "local.safetensors").read_bytes(), (self.work / "remote.safetensors").read_bytes())
        self.assertEqual(self.files(), ["local.safetensors", "remote.safetensors"])

    def test_the_file_says_what_it_holds(self):
        report = json_of(self.generate(self.local, "--class", "1", "--class", "4", "--count", "70", "--start-row", "20"))
        header, features, labels = read_safetensors(self.work / "rows.safetensors")
        metadata = header["__metadata__"]
        self.assertEqual(header["features"]["shape"], [120, 12])
        self.assertEqual(header["features"]["dtype"], "F32")
        self.assertEqual(header["labels"]["dtype"], "I64")
        self.assertEqual((metadata["address"], metadata["recipe"], metadata["start_row"], metadata["bundle"]),
                         (report["address"], report["recipe"], "20", "drawn@1"))
        self.assertEqual(report["sha256"], hashlib.sha256(features).hexdigest())
        self.assertEqual(set(labels), {1, 4})
        self.assertRegex(report["address"], "^tc1-[0-9a-f]{64}$")

    def test_the_example_reader_reads_a_stream_to_its_end(self):
        with Server(self.repository) as server:
            command = [programs.BUILD / "bin" / "example_reader", server.address,
                       "bundles/drawn/versions/1"]
            result = subprocess.run([*command, "1", "2"], capture_output=True, text=True, timeout=60)
            refused = subprocess.run([*command, "5"], capture_output=True, text=True, timeout=60)
        lines = result.stdout.splitlines()
        self.assertTrue(lines[0].startswith("rows 0 to ") and " to 999, " in lines[-1], result.stdout)
        self.assertEqual(refused.returncode, 1)
        self.assertIn("a class without training rows", refused.stderr)

    def test_ranges_add_up_to_the_whole(self):
        arguments = ("--plan", "each=60")  # class 5 has no training rows
        self.assertEqual(self.generate(self.local, *arguments).returncode, 1)
        arguments = ("--plan", "counts=60,60,60,60,60,0")
        with Server(self.repository) as server:
            json_of(self.generate(self.remote(server), *arguments, output="whole.safetensors"))
            _, whole, whole_labels = read_safetensors(self.work / "whole.safetensors")
            parts, part_labels, row = [], [], 0
            for count, source in ((1, self.local), (99, self.remote(server)), (7, self.local), (193, self.remote(server))):
                json_of(self.generate(source, *arguments, "--start-row", row, "--rows", count, output="part.safetensors"))
                _, features, labels = read_safetensors(self.work / "part.safetensors")
                parts.append(features)
                part_labels += labels
                row += count
        self.assertEqual(b"".join(parts), whole)
        self.assertEqual(tuple(part_labels), whole_labels)

    def test_npy_files_hold_the_same_rows(self):
        arguments = ("--class", "0", "--count", "33")
        json_of(self.generate(self.local, *arguments))
        json_of(self.generate(self.local, *arguments, output="rows.npy"))
        _, features, labels = read_safetensors(self.work / "rows.safetensors")
        data = (self.work / "rows.npy").read_bytes()
        self.assertTrue(data.startswith(b"\x93NUMPY\x01\x00") and data.endswith(features))
        self.assertIn(b"(33, 12)", data)
        data = (self.work / "rows.labels.npy").read_bytes()
        self.assertTrue(data.endswith(struct.pack("<33q", *labels)))

    def test_smaller_wire_types_round_alike(self):
        for data_type in ("f16", "bf16"):
            arguments = ("--class", "2", "--count", "50", "--data-type", data_type)
            local = json_of(self.generate(self.local, *arguments, output="local.safetensors"))
            with Server(self.repository) as server:
                remote = json_of(self.generate(self.remote(server), *arguments, output="remote.safetensors"))
            self.assertEqual(local["sha256"], remote["sha256"])
            exact = json_of(self.generate(self.local, "--class", "2", "--count", "50"))
            self.assertEqual(exact["address"], local["address"])
            self.assertNotEqual(exact["sha256"], local["sha256"])

    def test_steps_and_eta_mean_the_same_in_both_places(self):
        arguments = ("--class", "2", "--count", "50", "--steps", "7", "--eta", "0.5", "--order-seed", "3",
                     "--repeat-periods", "2", "--start-row", "120", "--rows", "60")
        local = json_of(self.generate(self.local, *arguments))
        with Server(self.repository) as server:
            remote = json_of(self.generate(self.remote(server), *arguments))
        self.assertEqual((local["address"], local["sha256"]), (remote["address"], remote["sha256"]))

    def test_a_dry_run_names_the_address_and_writes_nothing(self):
        arguments = ("--plan", "counts=9,9,9,9,9,0", "--dry-run")
        local = json_of(self.generate(self.local, *arguments))
        with Server(self.repository) as server:
            remote = json_of(self.generate(self.remote(server), *arguments))
        self.assertEqual(self.files(), [])
        self.assertEqual(local["address"], remote["address"])
        self.assertEqual((local["rows"], local["bytes"]), (45, 45 * (12 * 4 + 8)))
        done = json_of(self.generate(self.local, "--plan", "counts=9,9,9,9,9,0", "--expected-address", local["address"]))
        self.assertEqual(done["address"], local["address"])

    # ---- servers and clients that die
    def start(self, *arguments):
        """Runs a command in the background; it ends with the test, however that ends."""
        process = programs.start_tailcast(*arguments)
        for clean_up in (process.stdout.close, process.stderr.close, process.wait, process.kill):  # the last one first
            self.addCleanup(clean_up)
        return process

    def slow(self, source, *arguments, output):
        return self.start("generate", *source, "--bundle", "slow", "--class", "1", "--count", SLOW_ROWS, "--output",
                          self.work / output, "--json", *arguments)

    def expected_slow(self):
        if not hasattr(type(self), "slow_sha256"):
            report = json_of(self.generate(self.local, "--class", "1", "--count", SLOW_ROWS, bundle="slow",
                                           output="expected.safetensors"))
            type(self).slow_sha256 = report["sha256"]
        return self.slow_sha256

    def wait_for_rows(self, output, seconds=120):
        """Until the ledger names rows, but not all."""
        ledger = self.work / f"{output}.partial.ledger"
        wait_until(lambda: ledger.exists() and json.loads(ledger.read_text())["done"], seconds)
        self.assertFalse((self.work / output).exists(), "the stream was too quick for this test")

    def finish(self, process):
        stdout, stderr = process.communicate(timeout=120)
        self.assertEqual(process.returncode, 0, stderr)
        return json.loads(stdout)

    def test_a_server_killed_in_mid_stream_and_restarted_makes_no_difference(self):
        with Server(self.repository) as server:
            process = self.slow(self.remote(server), output="a.safetensors")
            self.wait_for_rows("a.safetensors")
            server.kill()
            time.sleep(0.5)
            server.start()
            report = self.finish(process)
        self.assertEqual(report["sha256"], self.expected_slow())

    def test_a_drained_server_hands_over_to_the_next_replica(self):
        with Server(self.repository) as first, Server(self.repository) as second:
            process = self.slow(("--server", f"{first.address},{second.address}"), output="a.safetensors")
            self.wait_for_rows("a.safetensors")
            self.assertEqual(first.stop(), 0)
            report = self.finish(process)
        self.assertEqual(report["sha256"], self.expected_slow())

    def test_a_killed_client_goes_on(self):
        with Server(self.repository) as server:
            process = self.slow(self.remote(server), output="a.safetensors")
            self.wait_for_rows("a.safetensors")
            process.kill()
            process.communicate()
            self.assertEqual(self.files(), ["a.safetensors.partial", "a.safetensors.partial.ledger"])
            report = self.finish(self.slow(self.remote(server), output="a.safetensors"))
        self.assertGreater(report["resumed_rows"], 0)
        self.assertEqual(report["sha256"], self.expected_slow())
        self.assertIn("a.safetensors", self.files())

    def test_an_interrupted_client_says_so_and_goes_on_without_the_server(self):
        with Server(self.repository) as server:
            process = self.slow(self.remote(server), output="a.npy")
            self.wait_for_rows("a.npy")
            process.send_signal(signal.SIGINT)
            _, stderr = process.communicate(timeout=30)
        self.assertEqual(process.returncode, 130, stderr)
        self.assertIn("the same command goes on", stderr)
        self.assertEqual(self.files(), ["a.labels.npy.partial", "a.npy.partial", "a.npy.partial.ledger"])
        report = self.finish(self.slow(self.local, output="a.npy"))
        self.assertGreater(report["resumed_rows"], 0)
        self.assertEqual(report["sha256"], self.expected_slow())

    def test_a_server_gone_for_good_ends_it_with_what_there_is(self):
        with Server(self.repository) as server:
            # The bundle is served now: however slow the build, its proof is none of the five seconds.
            json_of(self.generate(self.remote(server), "--class", "1", "--count", "1", "--dry-run", bundle="slow"))
            process = self.slow(self.remote(server, "--retry-for", "5"), output="a.safetensors")
            self.wait_for_rows("a.safetensors")
            start = time.monotonic()
            server.kill()
            _, stderr = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 1)
        self.assertLess(time.monotonic() - start, 30)
        self.assertRegex(stderr, rf"gave up after 5s without progress.*received \d+ of {SLOW_ROWS} rows.*"
                                 rf"\d+ of {SLOW_ROWS} rows are in '.*a\.safetensors\.partial'")
        self.assertNotIn("a.safetensors", self.files())

    def test_a_label_that_moved_does_not_change_a_run_that_goes_on(self):
        repository = self.work / "labelled"
        make_bundle(repository, "slow", **SLOW)
        json_of(tailcast("label", "slow@1", "stable", "--repository", repository, "--json"))
        arguments = ("--bundle", "slow:stable", "--class", "1", "--count", SLOW_ROWS, "--output",
                     self.work / "a.safetensors", "--json")
        source = ("--local", "--repository", repository)
        process = self.start("generate", *source, *arguments)
        self.wait_for_rows("a.safetensors")
        process.kill()
        process.communicate()
        make_bundle(repository, "slow", variant=1, **SLOW)
        json_of(tailcast("label", "slow@2", "stable", "--repository", repository, "--json"))
        report = json_of(tailcast("generate", *source, *arguments))
        self.assertEqual((report["bundle"], report["sha256"]), ("slow@1", self.expected_slow()))

    def test_a_replica_with_another_address_is_refused_and_both_are_named(self):
        other = self.work / "other"
        make_bundle(other, "slow", variant=1, **SLOW)
        with Server(self.repository) as server:
            process = self.slow(self.remote(server), output="a.safetensors")
            self.wait_for_rows("a.safetensors")
            server.kill()
            with Server(other, port=server.port):
                _, stderr = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 1)
        self.assertEqual(len(set(re.findall(r"tc1-[0-9a-f]{64}", stderr))), 2, stderr)
        self.assertIn("stream.bundle_digest", stderr)
        self.assertNotIn("a.safetensors", self.files())

    # ---- bad input
    def expect_failure(self, result, code, *texts):
        self.assertEqual(result.returncode, code, result.stderr)
        self.assertEqual(result.stdout, "")
        *progress, error = result.stderr.strip().splitlines()
        for line in progress:
            self.assertRegex(line, r"^[a-z ]+: [0-9]+ of [0-9]+ ")
        for text in texts:
            self.assertIn(text, error)
        self.assertNotIn("rows.safetensors", self.files())

    def test_a_partial_file_of_another_address_is_refused(self):
        process = self.slow(self.local, output="rows.safetensors")
        self.wait_for_rows("rows.safetensors")
        process.kill()
        process.communicate()
        arguments = ("--class", "1", "--count", SLOW_ROWS, "--seed", "1")
        result = self.generate(self.local, *arguments, bundle="slow")
        self.expect_failure(result, 1, "stream.seed is 0, expected 1", "tc1-", "--fresh")
        quick = ("--class", "1", "--count", "10", "--fresh")
        self.assertEqual(json_of(self.generate(self.local, *quick))["resumed_rows"], 0)

    def test_wrong_flags(self):
        ok = ("--class", "1", "--count", "5")
        for arguments, text in (
                ((*ok, "--steps", "0"), "--steps"), ((*ok, "--steps", "x"), "--steps"),
                ((*ok, "--guidance", "nan"), "--guidance"), ((*ok, "--guidance", "1:2:3"), "--guidance"),
                ((*ok, "--guidance", "33"), "--guidance"), ((*ok, "--rows", "0"), "--rows"),
                ((*ok, "--start-row", "-1"), "--start-row"), ((*ok, "--seed", "-1"), "--seed"),
                ((*ok, "--data-type", "f64"), "f32, f16 or bf16"), ((*ok, "--plan", "each=1"), "--plan"),
                (("--class", "1"), "--count"), (("--count", "1"), "--class"), ((), "--plan"),
                (("--class", "x", "--count", "1"), "--class"), ((*ok, "--unknown"), "--unknown"),
                ((*ok, "--server", "localhost"), "--server"), ((*ok, "--eta", "1.5"), "--eta")):
            with self.subTest(arguments=arguments):
                self.expect_failure(self.generate(self.local, *arguments), 2, text)
        self.expect_failure(self.generate((), *ok), 2, "--server")
        self.expect_failure(self.generate(("--local",), *ok), 2, "--repository")
        self.expect_failure(self.generate(("--server", "host"), *ok), 2, "HOST:PORT")
        self.expect_failure(self.generate(self.local, *ok, bundle="a@0"), 2, "NAME@VERSION")
        self.expect_failure(self.generate(self.local, *ok, output="rows.csv"), 2, ".safetensors or .npy")

    def bad_requests(self):
        return (
            (("--class", "6", "--count", "5"), "drawn", "class 6"),
            (("--class", "5", "--count", "5"), "drawn", "class 5"),  # no training rows
            (("--plan", "counts=0,0,0,0,0,0"), "drawn", "plan"),
            (("--plan", "balance-to=1"), "drawn", "plan"),
            (("--plan", "counts=1,2"), "drawn", "6 counts"),
            (("--class", "1", "--count", "5", "--steps", "1001"), "drawn", "step"),
            (("--class", "1", "--count", "5", "--start-row", "9223372036854775800", "--rows", "100"), "drawn", "rows"),
            (("--class", "1", "--count", "5"), "unknown", "unknown"),
            (("--class", "1", "--count", "5"), "drawn@7", "7"),
            (("--class", "1", "--count", "5"), "drawn:nightly", "nightly"),
            (("--class", "1", "--count", "5", "--expected-address", "tc1-" + "0" * 64), "drawn", "tc1-" + "0" * 64),
        )

    def test_bad_requests_fail_alike_in_both_places(self):
        with Server(self.repository) as server:
            for arguments, bundle, text in self.bad_requests():
                for source in (self.local, self.remote(server)):
                    with self.subTest(arguments=arguments, source=source[0]):
                        self.expect_failure(self.generate(source, *arguments, bundle=bundle), 1, text)
        self.assertEqual(self.files(), [])

    def test_a_dead_port_is_named(self):
        result = self.generate(("--server", f"127.0.0.1:{programs.free_port()}", "--retry-for", "0"),
                               "--class", "1", "--count", "5")
        self.expect_failure(result, 1, "127.0.0.1:")

    def test_a_missing_repository_is_named(self):
        result = self.generate(("--local", "--repository", self.work / "missing"), "--class", "1", "--count", "5")
        self.expect_failure(result, 1, "missing")

    def test_a_damaged_bundle_is_named(self):
        damaged = self.work / "damaged"
        make_bundle(damaged, "drawn")
        weights = damaged / "drawn" / "1" / "generator.safetensors"
        os.chmod(weights, 0o644)
        data = bytearray(weights.read_bytes())
        data[-1] ^= 1
        weights.write_bytes(data)
        result = self.generate(("--local", "--repository", damaged), "--class", "1", "--count", "5")
        self.expect_failure(result, 1, "generator.safetensors")

    def test_a_full_disk_is_named_and_the_final_name_stays_free(self):
        def limit():
            resource.setrlimit(resource.RLIMIT_FSIZE, (100000, 100000))
        arguments = ("--class", "1", "--count", "5000")
        result = self.generate(self.local, *arguments, preexec_fn=limit)
        self.expect_failure(result, 1, "rows.safetensors.partial", "File too large")
        self.assertIn("rows.safetensors.partial", self.files())
        json_of(self.generate(self.local, *arguments))
        self.assertEqual(self.files(), ["rows.safetensors"])

    def test_two_runs_do_not_write_the_same_file(self):
        process = self.slow(self.local, output="rows.safetensors")
        self.wait_for_rows("rows.safetensors")
        result = self.generate(self.local, "--class", "1", "--count", SLOW_ROWS, bundle="slow")
        self.assertEqual(result.returncode, 1)
        self.assertIn("another process", result.stderr)
        self.finish(process)


class CatalogTest(unittest.TestCase):
    def test_bundles_and_inspect_show_the_same_of_directory_and_server(self):
        with tempfile.TemporaryDirectory() as folder:
            repository = pathlib.Path(folder) / "repository"
            make_bundle(repository, "drawn")
            make_bundle(repository, "drawn", variant=1)
            make_bundle(repository, "other")
            json_of(tailcast("label", "drawn@1", "stable", "--repository", repository, "--json"))
            with Server(repository) as server:
                places = (("--repository", repository), ("--server", server.address))
                lists = [json_of(tailcast("bundles", *place, "--json"))["bundles"] for place in places]
                shown = [json_of(tailcast("inspect", "drawn:stable", *place, "--json")) for place in places]
                highest = [json_of(tailcast("inspect", "drawn", *place, "--json")) for place in places]
                table = tailcast("bundles", *places[1])
                missing = [tailcast("inspect", "drawn@9", *place) for place in places]
        for listed in lists:
            self.assertEqual([entry["bundle"] for entry in listed], ["drawn@1", "drawn@2", "other@1"])
            self.assertEqual([entry["labels"] for entry in listed], [["stable"], [], []])
        for key in ("bundle", "bundle_digest", "class_names", "class_counts", "feature_space_digest", "default_sampler"):
            self.assertEqual(shown[0][key], shown[1][key], key)
        self.assertEqual(shown[0]["class_counts"], [500, 200, 80, 30, 12, 0])
        self.assertEqual([entry["bundle"] for entry in highest], ["drawn@2", "drawn@2"])
        self.assertIn("drawn@1", table.stdout)
        self.assertEqual([result.returncode for result in missing], [1, 1])


if __name__ == "__main__":
    programs.require(programs.TAILCAST, programs.TAILCASTD, programs.MAKE_BUNDLE)
    unittest.main()
