#!/usr/bin/env python3
"""TailcastRows and its program against a scripted server."""
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
import unittest
from unittest import mock

import grpc
import numpy as np
from fake_server import (FakeServer, Wire, collect, example_trainer, features_of, labels_of, rows_of, silent_server,
                         tensor_api)
from call_verifier import row_checksum_sum
from example_trainer import StreamError, TailcastRows

UNAVAILABLE = grpc.StatusCode.UNAVAILABLE


class StreamTest(unittest.TestCase):
    def expect_rows(self, batch, rows):
        rows = np.asarray(rows)
        np.testing.assert_array_equal(batch.rows, rows)
        np.testing.assert_array_equal(batch.features, features_of(rows))
        np.testing.assert_array_equal(batch.labels, labels_of(rows))

    def test_gives_all_rows_in_batches(self):
        with FakeServer(lambda call: call.serve_all()) as server:
            rows = rows_of(server, rows=310)
            batches = list(rows)
            self.assertEqual([len(batch.rows) for batch in batches], [50] * 6 + [10])
            self.assertEqual(batches[0].features.dtype, np.float32)
            self.assertEqual(batches[0].labels.dtype, np.int64)
            self.assertEqual(rows.state_dict()["used"], [[0, 310]])
        with FakeServer(lambda call: call.serve_all()) as server:
            self.expect_rows(collect(rows_of(server, start_row=70)), range(70, 370))

    def test_goes_on_after_every_kind_of_cut(self):
        def script(call):
            if call.number == 0:
                yield from call.serve(70, with_summary=False)
                call.fail(UNAVAILABLE, "draining")
            elif call.number == 1:
                yield from call.serve(64, with_summary=False)  # OK without a summary
            elif call.number == 2:
                call.fail(grpc.StatusCode.RESOURCE_EXHAUSTED, "busy", delay=0.01)
            elif call.number == 3:
                yield from call.serve(10)  # ends early with OK
            elif call.number == 4:
                yield from call.serve(20, with_summary=False)
                call.fail(grpc.StatusCode.ABORTED, "unread for 10m", reason="STREAM_IDLE")
            else:
                yield from call.serve_all()
        with FakeServer(script) as server:
            rows = rows_of(server)
            self.expect_rows(collect(rows), range(300))
            self.assertEqual([request.rows.start_row for request in server.requests], [0, 70, 134, 134, 144, 164])
            self.assertEqual(server.requests[1].expected_address, rows.header.address)
            self.assertEqual(server.requests[1].stream, rows.header.stream)

    def test_random_cuts_give_each_row_once(self):
        rng = random.Random(1)

        def script(call):
            count = min(rng.randrange(1, 90), call.request.rows.row_count)
            yield from call.serve(count, chunk_rows=rng.randrange(1, 40), with_summary=rng.random() < 0.5)
        with FakeServer(script) as server:
            rows = rows_of(server, rows=1000)
            self.expect_rows(collect(rows), range(1000))
            whole = row_checksum_sum(
                range(1000), labels_of(np.arange(1000)).astype("<i4").tobytes(), features_of(np.arange(1000)).tobytes())
            self.assertEqual(rows.checksum_sum, whole)

    def test_refuses_wrong_bytes_order_and_sums(self):
        def damaged(call):
            yield call.header()
            message = call.chunk(call.rows(10))
            message.chunk.payload = bytes([message.chunk.payload[0] ^ 1]) + message.chunk.payload[1:]
            yield message

        def misplaced(call):
            yield call.header()
            yield call.chunk(call.rows(20)[10:])

        def wrong_sum(call):
            yield from call.serve(300, with_summary=False)
            summary = call.summary(300)
            summary.summary.row_checksum_sum ^= 1
            yield summary
        for script, text in ((damaged, "checksum"), (misplaced, "expected row 0"), (wrong_sum, "summary")):
            with FakeServer(script) as server, self.assertRaisesRegex(StreamError, text):
                collect(rows_of(server))

    def test_refuses_another_address_and_names_both(self):
        def script(call):
            if call.number == 0:
                yield from call.serve(64, with_summary=False)
                return
            yield call.header(variant=2)
        with FakeServer(script) as server:
            rows = rows_of(server)
            with self.assertRaisesRegex(StreamError, "tc1-.*expected tc1-"):
                collect(rows)

    def test_final_errors_are_not_tried_again(self):
        for code in (grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.NOT_FOUND, grpc.StatusCode.RESOURCE_EXHAUSTED,
                     grpc.StatusCode.FAILED_PRECONDITION):
            def script(call, code=code):
                yield call.fail(code, "no")
            with FakeServer(script) as server:
                with self.assertRaisesRegex(StreamError, "no"):
                    collect(rows_of(server))
                self.assertEqual(len(server.requests), 1)

    def test_an_internal_error_of_the_service_is_final(self):
        def script(call):
            yield call.fail(grpc.StatusCode.INTERNAL, "a bug", reason="INTERNAL")
        with FakeServer(script) as server, self.assertRaisesRegex(StreamError, "a bug"):
            collect(rows_of(server))

    def test_gives_up_and_says_how_far_it_came(self):
        def script(call):
            if call.number == 0:
                yield from call.serve(100, with_summary=False)
            call.fail(UNAVAILABLE, "gone")
        with FakeServer(script) as server:
            with self.assertRaisesRegex(StreamError, "at row 100, 100 rows used.*gone"):
                collect(rows_of(server, retry_for=0.3))

    def test_takes_the_next_replica(self):
        with FakeServer(lambda call: call.serve_all()) as server:
            rows = rows_of(server)
            rows.servers = ["127.0.0.1:1", server.address]
            self.expect_rows(collect(rows), range(300))

    def test_reads_smaller_types(self):
        for data_type, wire in ((tensor_api.DATA_TYPE_FLOAT16, "<f2"), (tensor_api.DATA_TYPE_BFLOAT16, "bf16")):
            def script(call, wire=wire):
                yield call.header()
                yield call.chunk(call.rows(30), wire)
                yield call.summary(30)
            with FakeServer(script) as server:
                batch = collect(rows_of(server, rows=30, data_type=data_type, verify_rows=False))
                np.testing.assert_allclose(batch.features, features_of(range(30)), rtol=2 ** -7)

    def test_names_labels_and_highest_versions_are_looked_up_once(self):
        with FakeServer(lambda call: call.serve_all()) as server:
            for name, version in (("fake", 11), ("fake:stable", 2), ("fake@3", 3)):
                rows = TailcastRows(server.address, name, "counts=2,1,0,1", rows=10, steps=5, guidance=-0.5)
                collect(rows)
                stream = server.requests[-1].stream
                self.assertEqual(stream.bundle, f"bundles/fake/versions/{version}")
                self.assertEqual([(w.class_index, w.weight) for w in stream.plan.class_weights],
                                 [(0, 2), (1, 1), (3, 1)])
                self.assertEqual(stream.sampler.ddim.step_count, 5)
                self.assertEqual(list(stream.sampler.guidance_weights), [-0.5])


class SilenceTest(unittest.TestCase):
    """Servers that take a call and say nothing: the trainer goes elsewhere, or gives up within its limits."""

    def setUp(self):
        self.started = time.monotonic()

    def expect_seconds(self, least, most):
        elapsed = time.monotonic() - self.started
        self.assertGreaterEqual(elapsed, least)
        self.assertLess(elapsed, most)

    def test_a_replica_that_takes_connections_but_never_answers_is_left(self):
        with silent_server() as silent, FakeServer(lambda call: call.serve_all()) as server:
            rows = rows_of(server, call_timeout=0.5)
            rows.servers = [silent, server.address]
            np.testing.assert_array_equal(collect(rows).rows, np.arange(300))
        self.expect_seconds(0.5, 5)

    def test_gives_up_on_a_server_that_never_answers(self):
        with silent_server() as silent:
            rows = TailcastRows(silent, "fake@3", "each=5", rows=10, call_timeout=0.3, retry_for=1.0)
            with self.assertRaisesRegex(StreamError, "gave up after .* at row 0, 0 rows used: .*DEADLINE_EXCEEDED"):
                collect(rows)
        self.expect_seconds(1, 5)

    def test_a_stream_that_falls_silent_is_asked_for_anew_from_the_next_row(self):
        def script(call):
            if call.number == 0:
                yield from call.serve(100, with_summary=False)
                call.hang()
            yield from call.serve_all()
        with FakeServer(script) as server:
            batch = collect(rows_of(server, idle_timeout=0.4))
            np.testing.assert_array_equal(batch.rows, np.arange(300))
            self.assertEqual([request.rows.start_row for request in server.requests], [0, 100])

    def test_a_stream_that_falls_silent_goes_on_at_the_next_replica(self):
        def silent(call):
            yield from call.serve(100, with_summary=False)
            call.hang()
        with FakeServer(silent) as first, FakeServer(lambda call: call.serve_all()) as second:
            rows = rows_of(first, idle_timeout=0.4)
            rows.servers.append(second.address)
            np.testing.assert_array_equal(collect(rows).rows, np.arange(300))
            self.assertEqual(second.requests[0].rows.start_row, 100)

    def test_gives_up_on_a_stream_that_stays_silent(self):
        def script(call):
            if call.number == 0:
                yield from call.serve(100, with_summary=False)
            call.hang()
        with FakeServer(script) as server:
            with self.assertRaisesRegex(StreamError, "at row 100, 100 rows used: .*no message for 0.3 s"):
                collect(rows_of(server, idle_timeout=0.3, retry_for=0.8))
        self.expect_seconds(0.8, 5)

    def test_a_slow_training_step_is_no_silence_of_the_server(self):
        with FakeServer(lambda call: call.serve_all()) as server:
            seen = []
            for batch in rows_of(server, idle_timeout=0.1):
                seen.append(batch.rows)
                time.sleep(0.3)
            np.testing.assert_array_equal(np.concatenate(seen), np.arange(300))
            self.assertEqual(len(server.requests), 1)

    def test_a_dead_connection_is_noticed_without_a_message(self):
        options = tuple((name, milliseconds // 100) for name, milliseconds in example_trainer.CHANNEL_OPTIONS)

        def script(call):
            yield from call.serve(100, with_summary=False)
            wire.cut()
            call.hang()
        with FakeServer(script) as dead, FakeServer(lambda call: call.serve_all()) as living, \
                Wire(dead.address) as wire, mock.patch.object(example_trainer, "CHANNEL_OPTIONS", options):
            rows = rows_of(dead, idle_timeout=600.0)
            rows.servers = [wire.address, living.address]
            np.testing.assert_array_equal(collect(rows).rows, np.arange(300))
            self.assertEqual(len(living.requests), 1)
        self.expect_seconds(0.2, 10)


class ResolveTest(unittest.TestCase):
    def test_asks_the_next_replica(self):
        with silent_server() as silent, FakeServer(lambda call: call.serve_all()) as server:
            rows = rows_of(server, call_timeout=0.3)
            rows.servers = ["127.0.0.1:1", silent, server.address]
            self.assertEqual(rows.resolve().address, rows.header.address)
            self.assertTrue(rows.header.address)

    def test_gives_up_in_the_end(self):
        rows = TailcastRows("127.0.0.1:1", "fake@3", "each=5", retry_for=0.3)
        with self.assertRaisesRegex(StreamError, "before the stream was known: 127.0.0.1:1: UNAVAILABLE"):
            rows.resolve()

    def test_final_errors_are_not_tried_again(self):
        class Refusing(FakeServer):
            def Estimate(self, request, context):
                context.abort(grpc.StatusCode.INVALID_ARGUMENT, "wrong seed")
        with Refusing(lambda call: call.serve_all()) as server:
            with self.assertRaisesRegex(StreamError, "INVALID_ARGUMENT: wrong seed"):
                rows_of(server, retry_for=600.0).resolve()


class ProgramTest(unittest.TestCase):
    def run_program(self, server, *arguments):
        command = [sys.executable, example_trainer.__file__, "--server", server.address, "--bundle", "fake",
                   "--plan", "counts=1,1,0,1", "--rows", "600", "--batch-rows", "20", "--report-every", "5", *arguments]
        return subprocess.run(command, capture_output=True, text=True, timeout=60)

    def test_trains_and_goes_on_from_its_checkpoint(self):
        with FakeServer(lambda call: call.serve_all()) as server, tempfile.TemporaryDirectory() as folder:
            whole = self.run_program(server)
            self.assertEqual(whole.returncode, 0, whole.stderr)
            self.assertEqual(json.loads(whole.stdout)["rows"], 600)
            checkpoint = os.path.join(folder, "state.json")
            part = self.run_program(server, "--checkpoint", checkpoint, "--rows", "300")
            self.assertEqual(part.returncode, 0, part.stderr)
            rest = self.run_program(server, "--checkpoint", checkpoint)
            self.assertEqual(rest.returncode, 0, rest.stderr)
            self.assertEqual(json.loads(rest.stdout)["loss"], json.loads(whole.stdout)["loss"])

    def test_numbers_of_rows_below_one_are_wrong_usage(self):
        with FakeServer(lambda call: call.serve_all()) as server:
            for flag in ("--rows", "--batch-rows"):
                result = self.run_program(server, flag, "0")
                self.assertEqual(result.returncode, 2)
                self.assertIn(f"argument {flag}: is 0; expected at least 1", result.stderr)

    def test_an_interruption_ends_it_with_one_line(self):
        started = threading.Event()

        def silent(call):
            yield call.header()
            started.set()
            time.sleep(30)
        with FakeServer(silent) as server:
            command = [sys.executable, example_trainer.__file__, "--server", server.address, "--bundle", "fake",
                       "--plan", "counts=1,1,0,1", "--rows", "600"]
            with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as program:
                self.assertTrue(started.wait(timeout=30))
                program.send_signal(signal.SIGINT)
                _, error = program.communicate(timeout=30)
            self.assertEqual((program.returncode, error), (130, "example_trainer: interrupted\n"))

    def test_a_finished_checkpoint_is_reported_in_json(self):
        def no_constant(name):
            self.fail(f"{name} is not JSON")
        with FakeServer(lambda call: call.serve_all()) as server, tempfile.TemporaryDirectory() as folder:
            checkpoint = os.path.join(folder, "state.json")
            for steps in (30, 0):
                result = self.run_program(server, "--checkpoint", checkpoint)
                self.assertEqual(result.returncode, 0, result.stderr)
                report = json.loads(result.stdout, parse_constant=no_constant)
                self.assertEqual((report["rows"], report["steps"]), (600, steps))
                self.assertEqual(report["loss"] is None, steps == 0)
                self.assertEqual(os.listdir(folder), ["state.json"])

    def test_a_wrong_checkpoint_is_named(self):
        with FakeServer(lambda call: call.serve_all()) as server, tempfile.TemporaryDirectory() as folder:
            checkpoint = os.path.join(folder, "state.json")
            self.run_program(server, "--checkpoint", checkpoint, "--rows", "300")
            with open(checkpoint) as file:
                good = json.load(file)
            model = good["model"]
            for wrong, text in (({}, "state.json: rows is missing"), ([], "state.json: rows is missing"),
                                ({**good, "rows": {}}, "state: format is None"),
                                ({**good, "model": {}}, "model: momentum is missing"),
                                ({**good, "model": {**model, "momentum": [[1.0]]}}, "model: momentum is missing"),
                                ({**good, "model": {**model, "bias": ["x"]}}, "model: bias is no array of numbers"),
                                ({**good, "model": {**model, "bias": [0.0]}}, r"model: bias has shape \(1,\), expected"),
                                ({**good, "model": {**model, "bias": [None] * 4}}, "model: bias has .* finite numbers"),
                                ("{", "state.json: not JSON")):
                with open(checkpoint, "w") as file:
                    file.write(wrong if isinstance(wrong, str) else json.dumps(wrong))
                result = self.run_program(server, "--checkpoint", checkpoint)
                self.assertEqual(result.returncode, 1)
                self.assertRegex(result.stderr, "^example_trainer: .*" + text)
                self.assertNotIn("Traceback", result.stderr)

    def test_a_training_that_goes_astray_ends_before_its_checkpoint(self):
        with FakeServer(lambda call: call.serve_all()) as server, tempfile.TemporaryDirectory() as folder:
            result = self.run_program(server, "--checkpoint", os.path.join(folder, "state.json"),
                                      "--report-every", "600", "--learning-rate", "1e38")
            self.assertEqual(os.listdir(folder), [])
        self.assertEqual(result.returncode, 1)
        self.assertRegex(result.stderr, "step [0-9]+: the loss is nan, expected a finite one: try a lower --learning-rate")

    def test_a_failure_is_one_line(self):
        def script(call):
            yield call.fail(grpc.StatusCode.INVALID_ARGUMENT, "wrong seed")
        with FakeServer(script) as server:
            result = self.run_program(server)
        self.assertEqual(result.returncode, 1)
        self.assertIn("example_trainer: INVALID_ARGUMENT: wrong seed", result.stderr)
        self.assertNotIn("Traceback", result.stderr)


if __name__ == "__main__":
    unittest.main()
