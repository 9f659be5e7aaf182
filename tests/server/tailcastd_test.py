#!/usr/bin/env python3
"""The program tailcastd from outside: what it prints, how it ends, with which exit code."""
import json
import os
import pathlib
import signal
import subprocess
import tempfile
import time
import unittest

BUILD = pathlib.Path(os.environ.get("TAILCAST_BINARY_DIR", pathlib.Path(__file__).resolve().parents[2] / "build"))
TAILCAST = BUILD / "bin" / "tailcast"
TAILCASTD = BUILD / "bin" / "tailcastd"
MAKE_BUNDLE = BUILD / "tests" / "bin" / "make_bundle"


class TailcastdTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name)
        self.repository = self.root / "repository"
        subprocess.run([MAKE_BUNDLE, self.repository, "drawn"], check=True, capture_output=True)

    def start(self, *flags, listen="127.0.0.1:0"):
        process = subprocess.Popen([TAILCASTD, "--repository", self.repository, "--listen", listen, *flags],
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.addCleanup(self.end, process)
        return process

    @staticmethod
    def end(process):
        process.kill()
        process.communicate()

    def run_to_end(self, *arguments, **options):
        return subprocess.run([TAILCASTD, *arguments], capture_output=True, text=True, timeout=60, **options)

    def test_first_line_says_where_it_listens_and_sigterm_ends_it_well(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            process = self.start("--grace", "5")
            self.assertRegex(process.stdout.readline(), r"^listening on 127\.0\.0\.1:[1-9][0-9]*\n$")
            start = time.monotonic()
            process.send_signal(number)
            rest, _ = process.communicate(timeout=60)
            self.assertEqual(process.returncode, 0)
            self.assertEqual(rest, "")
            self.assertLess(time.monotonic() - start, 20)

    def test_log_is_text_or_one_json_object_a_line(self):
        for log_format in ("text", "json"):
            process = self.start("--log-format", log_format, "--poll-interval", "0.1")
            process.stdout.readline()
            time.sleep(1)
            process.send_signal(signal.SIGTERM)
            _, log = process.communicate(timeout=60)
            lines = log.splitlines()
            self.assertTrue(any("draining" in line for line in lines), log)
            if log_format == "json":
                for line in lines:
                    self.assertLessEqual({"time", "level", "message"}, set(json.loads(line)), line)

    def log_of(self, calls, *flags):
        """The JSON lines of a server that `calls` has called, given its address, and that was stopped then."""
        log_file = self.root / "log"
        with log_file.open("w") as stderr:
            process = subprocess.Popen([TAILCASTD, "--repository", self.repository, "--listen", "127.0.0.1:0",
                                        "--log-format", "json", *flags], stdout=subprocess.PIPE, stderr=stderr, text=True)
        self.addCleanup(self.end, process)
        address = process.stdout.readline().split()[-1]
        self.await_in(log_file, '"bundle active"', len(list(self.repository.glob("*/1"))))
        calls(address, log_file)
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(timeout=60), 0)
        return [json.loads(line) for line in log_file.read_text().splitlines()]

    def await_in(self, log_file, text, count=1):
        deadline = time.monotonic() + 60
        while log_file.read_text().count(text) < count:
            self.assertLess(time.monotonic(), deadline, f"{text} is not in the log")
            time.sleep(0.01)

    def tailcast(self, *arguments):
        return subprocess.Popen([TAILCAST, *map(str, arguments)], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                text=True)

    def make_calls(self, server, log_file):
        """One stream that ends well, one that is cancelled, one bundle that does not exist."""
        generate = ("generate", "--server", server, "--class", "1", "--fresh", "--output", self.root / "rows.safetensors")
        process = self.tailcast(*generate, "--bundle", "drawn@1", "--count", "700")
        self.assertEqual(process.wait(timeout=60), 0, process.communicate())
        process = self.tailcast("inspect", "nobody@1", "--server", server)
        self.assertEqual(process.wait(timeout=60), 1)
        process.communicate()
        process = self.tailcast(*generate, "--bundle", "slow@1", "--count", "100000000")
        ledger = self.root / "rows.safetensors.partial.ledger"
        deadline = time.monotonic() + 60
        while not (ledger.exists() and json.loads(ledger.read_text())["done"]) and time.monotonic() < deadline:
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
        self.await_in(log_file, '"CANCELLED"')

    def test_every_call_leaves_one_access_line(self):
        subprocess.run([MAKE_BUNDLE, self.repository, "slow", "--hidden", "512", "--steps", "50"], check=True,
                       capture_output=True)
        log = self.log_of(self.make_calls)
        lines = [line for line in log if line["message"] == "access"]
        drawn, slow = "bundles/drawn/versions/1", "bundles/slow/versions/1"
        calls = [(line["method"], line["code"], line.get("reason"), line.get("bundle")) for line in lines]
        self.assertEqual(
            calls, [("BundleService.GetBundle", "OK", None, None),
                    ("FeatureService.Estimate", "OK", None, drawn),
                    ("FeatureService.Generate", "OK", None, drawn),
                    ("BundleService.GetBundle", "NOT_FOUND", "BUNDLE_NOT_FOUND", None),
                    ("BundleService.GetBundle", "OK", None, None),
                    ("FeatureService.Estimate", "OK", None, slow),
                    ("FeatureService.Generate", "CANCELLED", None, slow)])
        for line in lines:
            self.assertRegex(line["peer"], r"^ipv4:127\.0\.0\.1:\d+$")
            self.assertGreaterEqual(line["seconds"], 0)
        self.assertEqual((lines[2]["rows"], lines[2]["bytes"]), (700, 700 * 12 * 4))
        self.assertEqual((lines[3]["rows"], lines[3]["bytes"]), (0, 0))
        self.assertLess(lines[6]["rows"], 100_000_000)

    def test_the_last_lines_sum_up_the_engine(self):
        log = self.log_of(self.make_calls_of_full_tiles)
        engine = [line for line in log if line["message"] == "engine"]
        self.assertEqual(engine, log[-1:])
        self.assertEqual(engine[0]["rows"], 512)
        self.assertEqual(engine[0]["rows_per_tile"], 512 / engine[0]["tiles"])

    def make_calls_of_full_tiles(self, server, _):
        process = self.tailcast("generate", "--server", server, "--bundle", "drawn@1", "--class", "1", "--count", "512",
                                "--output", self.root / "rows.safetensors")
        self.assertEqual(process.wait(timeout=60), 0, process.communicate())

    def test_port_in_use(self):
        first = self.start()
        address = first.stdout.readline().split()[-1]
        second = self.run_to_end("--repository", self.repository, "--listen", address)
        self.assertEqual(second.returncode, 1)
        self.assertIn(address, second.stderr)
        self.assertIn("not in use", second.stderr)
        self.assertEqual(second.stdout, "")

    def test_missing_repository(self):
        result = self.run_to_end("--repository", self.root / "missing", "--listen", "127.0.0.1:0")
        self.assertEqual(result.returncode, 1)
        self.assertIn(str(self.root / "missing"), result.stderr)

    def test_a_file_in_place_of_the_repository(self):
        file = self.root / "file"
        file.write_text("not a folder")
        result = self.run_to_end("--repository", file, "--listen", "127.0.0.1:0")
        self.assertEqual(result.returncode, 1)
        self.assertIn(f"'{file}' is not a folder; expected a folder of bundles", result.stderr)
        self.assertEqual(result.stdout, "")

    def test_wrong_usage(self):
        for arguments in ([], ["--nonsense"], ["--repository", "r", "--workers", "0"]):
            self.assertEqual(self.run_to_end(*arguments).returncode, 2, arguments)

    def test_help_and_version(self):
        shown = self.run_to_end("--help")
        self.assertEqual(shown.returncode, 0)
        for word in ("Example:", "--repository", "--listen", "--workers", "--max-streams", "--max-streams-per-caller",
                     "--idle-timeout", "--max-queued-rows", "--max-queued-tasks", "--max-loaded-versions",
                     "--grace", "--poll-interval", "--log-format", "--log-level", "--config", "TAILCASTD_"):
            self.assertIn(word, shown.stdout)
        version = self.run_to_end("--version")
        self.assertEqual(version.returncode, 0)
        self.assertRegex(version.stdout, r"^tailcastd \S+ \(commit \S+, LibTorch 2\.11")

    def test_flags_from_a_file_and_the_environment(self):
        config = self.root / "tailcastd.toml"
        config.write_text(f'repository = "{self.repository}"\nlisten = "127.0.0.1:0"\n')
        process = subprocess.Popen([TAILCASTD, "--config", config], stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, text=True,
                                   env={**os.environ, "TAILCASTD_LOG_FORMAT": "json"})
        self.addCleanup(self.end, process)
        self.assertTrue(process.stdout.readline().startswith("listening on "))
        process.send_signal(signal.SIGTERM)
        _, log = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 0)
        self.assertEqual(json.loads(log.splitlines()[0])["level"], "info")

    def test_beyond_loopback_it_warns(self):
        process = self.start("--log-format", "json", listen="0.0.0.0:0")
        process.stdout.readline()
        process.send_signal(signal.SIGTERM)
        _, log = process.communicate(timeout=60)
        warnings = [json.loads(line) for line in log.splitlines() if json.loads(line)["level"] == "warning"]
        self.assertTrue(any("without TLS" in warning["message"] for warning in warnings), log)


if __name__ == "__main__":
    unittest.main()
