#!/usr/bin/env python3
"""^C and kill -9: training goes on to the same bytes, repositories stay readable."""

import fcntl
import json
import os
import pathlib
import random
import re
import signal
import socket
import subprocess
import time
import unittest

import cli_case
from cli_case import CliCase, digest

KILLS = 12


class TrainingCase(CliCase):

    def start(self, arguments):
        process = subprocess.Popen([self.program, *map(str, arguments)], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                   text=True)
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.stderr.close)
        return process

    def stop_amid(self, arguments, number, seconds):
        """Sends a signal so many seconds after training has begun."""
        process = self.start(arguments)
        self.assertIn(" of ", process.stderr.readline())  # the first line of progress
        time.sleep(seconds)
        self.assertIsNone(process.poll(), "training ended before it could be stopped; give it more to do")
        process.send_signal(number)
        _, error = process.communicate(timeout=60)
        return process.returncode, error


class EncoderInterruptionTest(TrainingCase):

    def setUp(self):
        super().setUp()
        self.data = cli_case.write_dataset(self.work / "shapes")

    def arguments(self, output, *more):
        return ["train", "encoder", "--data", self.data, "--epochs", 150, "--batch-size", 16, "--threads", 1, "--output",
                output, *more]

    def test_interrupted_and_killed_training_gives_the_same_weights_as_unbroken(self):
        unbroken, broken = self.work / "unbroken.safetensors", self.work / "broken.safetensors"
        checkpoint = self.work / "broken.safetensors.checkpoint"
        self.succeed(*self.arguments(unbroken))
        code, error = self.stop_amid(self.arguments(broken), signal.SIGINT, seconds=0.3)
        self.assertEqual(code, 130, error)
        self.assertIn(str(checkpoint), error.splitlines()[-1])
        self.assertFalse(broken.exists())
        for seconds in (0.05, 0.15):
            code, _ = self.stop_amid(self.arguments(broken), signal.SIGKILL, seconds=seconds)
            self.assertEqual(code, -signal.SIGKILL)
        result = self.run_cli(*self.arguments(broken))
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertNotIn(": 0 of", result.stderr)  # it did not start anew
        self.assertEqual(digest(broken), digest(unbroken))
        self.assertFalse(checkpoint.exists())

    def test_a_checkpoint_of_other_options_is_refused_until_fresh(self):
        output = self.work / "encoder.safetensors"
        checkpoint = self.work / "encoder.safetensors.checkpoint"
        self.stop_amid(self.arguments(output), signal.SIGINT, seconds=0.3)
        self.refuse(*self.arguments(output, "--seed", 1), says=(checkpoint, "seed", "--fresh"))
        self.assertFalse(output.exists())
        checkpoint.write_bytes(checkpoint.read_bytes()[:-10])
        self.refuse(*self.arguments(output), says=(checkpoint, "--fresh"))
        self.succeed(*self.arguments(output, "--fresh"))
        self.assertFalse(checkpoint.exists())


class GeneratorInterruptionTest(TrainingCase):

    def test_interrupted_and_killed_training_gives_the_same_weights_as_unbroken(self):
        features = self.work / "features.safetensors"
        cli_case.write_features(features, rows=300, dimension=16, metadata={"feature_space": "mine"})
        unbroken, broken = self.work / "unbroken.safetensors", self.work / "broken.safetensors"
        checkpoint = self.work / "broken.safetensors.checkpoint"
        arguments = ["train", "generator", "--features", features, "--steps", 800, "--objective", "cbdm", "--batch-size",
                     64, "--hidden-dim", 32, "--blocks", 1, "--output"]
        self.succeed(*arguments, unbroken)
        code, error = self.stop_amid([*arguments, broken], signal.SIGINT, seconds=0.2)
        self.assertEqual(code, 130, error)
        self.assertTrue(checkpoint.exists())
        code, _ = self.stop_amid([*arguments, broken], signal.SIGKILL, seconds=0.1)
        self.assertEqual(code, -signal.SIGKILL)
        code, _ = self.stop_amid([*arguments, broken], signal.SIGTERM, seconds=0.1)
        self.assertEqual(code, 130)
        result = self.run_cli(*arguments, broken)
        self.assertNotIn(": 0 of", result.stderr)
        self.assertEqual(digest(broken), digest(unbroken))
        self.assertFalse(checkpoint.exists())


class ReadingInterruptionTest(CliCase):
    """^C while a command has not written anything: it ends with 130 and never does."""

    def setUp(self):
        super().setUp()
        self.data = cli_case.write_dataset(self.work / "shapes")
        self.features = self.work / "features.safetensors"
        self.generator = self.work / "generator.safetensors"
        cli_case.write_features(self.features, metadata={"feature_space": "mine"})
        self.output = self.work / "output"

    def start(self, *arguments):
        process = subprocess.Popen([self.program, *map(str, arguments)], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                   text=True)
        self.addCleanup(process.communicate)
        self.addCleanup(process.kill)
        return process

    def wait_for_handler(self, process):
        """Until ^C no longer kills the process."""
        while True:
            self.assertIsNone(process.poll(), "the command ended before it could be interrupted")
            status = pathlib.Path(f"/proc/{process.pid}/status").read_text()
            caught = int(re.search(r"^SigCgt:\s*(\w+)", status, re.MULTILINE)[1], 16)
            if caught >> (signal.SIGINT - 1) & 1:
                return
            time.sleep(0.002)

    def interrupt(self, *arguments):
        """Sends ^C while the command cannot go past its first line of progress: the pipe that takes it is full."""
        reader, writer = os.pipe()
        os.set_blocking(writer, False)
        for piece in (4096, 1):
            try:
                while True:
                    os.write(writer, b"-" * piece)
            except BlockingIOError:
                pass
        os.set_blocking(writer, True)
        process = subprocess.Popen([self.program, *map(str, arguments)], stdout=subprocess.PIPE, stderr=writer)
        os.close(writer)
        self.addCleanup(process.communicate)
        self.addCleanup(process.kill)
        with os.fdopen(reader, "rb") as pipe:
            self.wait_for_handler(process)
            process.send_signal(signal.SIGINT)
            stderr = pipe.read().decode().lstrip("-")
        stdout, _ = process.communicate(timeout=60)
        self.assertEqual((process.returncode, stdout), (130, b""), stderr)
        self.assertIn(": interrupted", stderr.splitlines()[-1])

    def test_split(self):
        command = ["split", "--data", self.data, "--validation-per-class", 5, "--imbalance-factor", 10, "--output",
                   self.output]
        self.interrupt(*command)
        self.assertFalse(self.output.exists())
        self.succeed(*command)

    def test_encode(self):
        encoder = self.work / "encoder.safetensors"
        self.succeed("train", "encoder", "--data", self.data, "--epochs", 1, "--batch-size", 60, "--output", encoder)
        command = ["encode", "--encoder", encoder, "--data", self.data, "--part", "test", "--output", self.output]
        self.interrupt(*command)
        self.assertFalse(self.output.exists())
        self.succeed(*command)

    def test_publish_verify_and_report(self):
        self.succeed("train", "generator", "--features", self.features, "--steps", 5, "--output", self.generator)
        repository = self.work / "repository"
        publish = ["publish", "--repository", repository, "--name", "shapes", "--generator", self.generator]
        self.interrupt(*publish)
        self.assertFalse(repository.exists())
        self.succeed(*publish)
        self.interrupt("verify", "--repository", repository)
        self.interrupt("report", "--inputs", self.work, "--output", self.output)
        self.assertFalse(self.output.exists())

    def test_publish_and_label_that_wait_for_another_writer(self):
        self.succeed("train", "generator", "--features", self.features, "--steps", 5, "--output", self.generator)
        repository = self.work / "repository"
        publish = ["publish", "--repository", repository, "--generator", self.generator, "--name"]
        self.succeed(*publish, "shapes")
        with open(repository / ".lock", "rb") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            for command in ([*publish, "others"], ["label", "shapes@1", "stable", "--repository", repository]):
                process = self.start(*command)
                with self.assertRaises(subprocess.TimeoutExpired):
                    process.wait(timeout=2)
                process.send_signal(signal.SIGINT)
                process.wait(timeout=10)
                self.assertEqual(process.returncode, 130)
        self.assertEqual(sorted(path.name for path in repository.iterdir()), [".lock", "shapes"])
        self.assertEqual(self.succeed_json("inspect", "shapes", "--repository", repository)["labels"], [])

    def test_generate_while_it_proves_numerics(self):
        self.succeed("train", "generator", "--features", self.features, "--steps", 5, "--output", self.generator)
        repository, output = self.work / "repository", self.work / "rows.npy"
        self.succeed("publish", "--repository", repository, "--name", "shapes", "--generator", self.generator, "--steps", 1000)
        process = self.start("generate", "--local", "--repository", repository, "--bundle", "shapes", "--class", 1, "--count",
                             10, "--output", output)
        self.assertEqual(process.stderr.readline(), "read bundle: 0 of 2 steps (0 %)\n")
        self.assertEqual(process.stderr.readline(), "prove numerics: 1 of 2 steps (50 %)\n")
        self.end_soon(process)
        self.assertFalse(list(self.work.glob("rows*")))

    def test_every_command_that_waits_for_a_silent_server(self):
        with socket.create_server(("127.0.0.1", 0)) as silent:
            server = ["--server", f"127.0.0.1:{silent.getsockname()[1]}"]
            head = self.write_head()
            for command in (["generate", *server, "--bundle", "b", "--class", 1, "--count", 1, "--output", self.output / "a.npy"],
                            ["inspect", "b", *server], ["bundles", *server],
                            ["retrain", *server, "--bundle", "b", "--features", self.features, "--validation",
                             self.features, "--test", self.features, "--head", head, "--output", self.output]):
                self.output.mkdir(exist_ok=True)
                process = self.start(*command)
                with silent.accept()[0]:  # it waits for an answer
                    self.end_soon(process)

    def end_soon(self, process):
        """^C ends the command within far less than the 20 s that one call may take."""
        start = time.monotonic()
        process.send_signal(signal.SIGINT)
        stdout, stderr = process.communicate(timeout=60)
        self.assertEqual((process.returncode, stdout), (130, ""), stderr)
        self.assertLess(time.monotonic() - start, 8)

    def write_head(self):
        head = self.work / "head.safetensors"
        cli_case.write_safetensors(head, {"classifier.weight": ("F32", [3, 4], [0.5] * 12),
                                          "classifier.bias": ("F32", [3], [0.0] * 3)})
        return head

    def test_retrain_says_that_it_tries_again_until_it_is_interrupted(self):
        head = self.write_head()
        with socket.socket() as unused:  # bound, but nobody listens
            unused.bind(("127.0.0.1", 0))
            address = f"127.0.0.1:{unused.getsockname()[1]}"
            process = self.start("retrain", "--server", address, "--bundle", "shapes@1", "--features", self.features,
                                 "--validation", self.features, "--test", self.features, "--head", head, "--output",
                                 self.output)
            line = process.stderr.readline()
            self.assertRegex(line, f"^tailcast retrain: .*{address}.*; trying again at {address} for up to 60 s \\(--retry-for\\)$")
            process.send_signal(signal.SIGINT)
            stdout, stderr = process.communicate(timeout=60)
        self.assertEqual((process.returncode, stdout), (130, ""), stderr)
        self.assertFalse(self.output.exists())


class RepositoryInterruptionTest(CliCase):

    def setUp(self):
        super().setUp()
        features = self.work / "features.safetensors"
        self.generator = self.work / "generator.safetensors"
        self.repository = self.work / "repository"
        cli_case.write_features(features, metadata={"feature_space": "mine"})
        self.succeed("train", "generator", "--features", features, "--steps", 5, "--output", self.generator)
        self.random = random.Random(0)

    def publish(self, steps):
        return ["publish", "--repository", self.repository, "--name", "shapes", "--generator", self.generator, "--steps",
                steps]

    def kill_at_random(self, arguments, seconds):
        process = subprocess.Popen([self.program, *map(str, arguments)], stdout=subprocess.DEVNULL,
                                   stderr=subprocess.DEVNULL)
        time.sleep(seconds * self.random.uniform(0.5, 1.1))
        process.kill()
        process.wait()

    def seconds_of(self, arguments):
        start = time.monotonic()
        self.succeed(*arguments)
        return time.monotonic() - start

    def check_repository(self):
        report = self.succeed_json("verify", "--repository", self.repository)
        self.assertTrue(report["ok"], report)
        return [bundle["bundle"] for bundle in report["bundles"]]

    def test_publish_killed_at_any_moment_leaves_whole_versions(self):
        seconds = self.seconds_of(self.publish(1))
        for steps in range(2, 2 + KILLS):
            self.kill_at_random(self.publish(steps), seconds)
            versions = self.check_repository()
            self.assertEqual(versions, [f"shapes@{i + 1}" for i in range(len(versions))])
        last = self.succeed_json(*self.publish(100))
        self.assertEqual(last["version"], len(versions) + 1)

    def test_label_killed_at_any_moment_names_one_of_two_versions(self):
        for steps in (1, 2):
            self.succeed(*self.publish(steps))
        seconds = self.seconds_of(["label", "shapes@1", "stable", "--repository", self.repository])
        for i in range(KILLS):
            self.kill_at_random(["label", f"shapes@{1 + i % 2}", "stable", "--repository", self.repository], seconds)
            self.assertEqual(len(self.check_repository()), 2)
            labels = json.loads((self.repository / "shapes" / "labels.json").read_text())
            self.assertIn("stable", json.dumps(labels))
            self.succeed("verify", "shapes:stable", "--repository", self.repository)


if __name__ == "__main__":
    unittest.main()
