#!/usr/bin/env python3
"""TailcastRows against a scripted server, and its arithmetic against slow twins."""
import dataclasses
import itertools
import json
import os
import pickle
import random
import subprocess
import sys
import tempfile
import time
import types
import unittest
from unittest import mock

import grpc
import numpy as np
from fake_server import FakeServer, Wire, example_trainer, features_of, labels_of, silent_server, tensor_api
from example_trainer import RowSet, Shard, StreamError, TailcastRows, merge_states, plan_weights

UNAVAILABLE = grpc.StatusCode.UNAVAILABLE


def rows_of(server, **arguments):
    settings = {"rows": 300, "batch_rows": 50, "retry_for": 5.0, "verify_rows": True, **arguments}
    return TailcastRows(server.address, "fake@3", "each=5", counts=[1, 1, 1, 1], **settings)


def collect(rows):
    """Everything that the iterator yields, as one batch."""
    batches = list(rows)
    return example_trainer.Batch(*(np.concatenate([getattr(batch, field) for batch in batches])
                                   for field in ("features", "labels", "rows")))


class PlanTest(unittest.TestCase):
    def test_rules_are_those_of_the_command_line(self):
        self.assertEqual(plan_weights("balance-to=500", [500, 200, 600]), [0, 300, 0])
        self.assertEqual(plan_weights("ratio=0.5", [1, 3, 5, 7]), [0, 2, 2, 4])  # half to even
        self.assertEqual(plan_weights("each=7", [5, 5]), [7, 7])
        self.assertEqual(plan_weights("counts=1,0,3", [5, 0, 5]), [1, 0, 3])

    def test_wrong_rules_say_what_was_expected(self):
        for rule in ("", "each", "each=x", "each=0", "each=-1", "counts=1", "other=1", "ratio=0"):
            with self.assertRaises(ValueError):
                plan_weights(rule, [5, 5])
        with self.assertRaisesRegex(ValueError, "class 1 has no training rows"):
            plan_weights("each=1", [5, 0])


class RowSetTest(unittest.TestCase):
    def test_is_the_set_of_the_rows_that_were_added(self):
        rng = random.Random(3)
        for _ in range(200):
            used, twin = RowSet(), set()
            for _ in range(20):
                begin = rng.randrange(60)
                rows = [row for row in range(begin, begin + rng.randrange(1, 12)) if rng.random() < 0.7]
                rng.shuffle(rows)
                self.assertEqual(used.holds(rows), set(rows) <= twin)
                if twin & set(rows):
                    before = [list(pair) for pair in used.ranges]
                    with self.assertRaisesRegex(ValueError, "were used before"):
                        used.add(rows)
                    self.assertEqual(used.ranges, before)  # all or none
                    continue
                used.add(rows)
                twin |= set(rows)
                self.assertEqual([row in used for row in range(80)], [row in twin for row in range(80)])
                self.assertEqual(len(used), len(twin))
                flat = [edge for pair in used.ranges for edge in pair]
                self.assertEqual(flat, sorted(set(flat)))  # disjoint and not touching

    def test_a_row_that_comes_twice_is_refused(self):
        used = RowSet()
        with self.assertRaisesRegex(ValueError, "row 4 comes twice"):
            used.add([3, 4, 5, 4])
        self.assertEqual(used.ranges, [])

    def test_a_merged_set_holds_the_rows_of_both(self):
        rng = random.Random(5)
        for _ in range(200):
            twins = [{row for row in range(60) if rng.random() < rng.choice((0.2, 0.9))} for _ in range(2)]
            sets = [RowSet(), RowSet()]
            for rows, twin in zip(sets, twins):
                rows.add(sorted(twin))
            sets[0].merge(sets[1])
            whole = RowSet()
            whole.add(sorted(twins[0] | twins[1]))
            self.assertEqual(sets[0].ranges, whole.ranges)

    def test_missing_rows_are_those_of_the_shard_that_were_not_used(self):
        rng = random.Random(7)
        for _ in range(500):
            twin = {row for row in range(100) if rng.random() < rng.choice((0.05, 0.5, 0.95))}
            used = RowSet()
            used.add(sorted(twin))
            shard = Shard(rng.randrange(3), 3, rng.randrange(1, 9), origin=rng.randrange(30))
            end = rng.randrange(120)
            for end_row, last in ((end, end), (None, 200)):
                ranges = shard.missing(used, end_row)
                if end_row is None:
                    self.assertIsNone(ranges[-1][1])
                    ranges[-1][1] = shard.count_below(last)
                rows = [int(shard.row_at(ordinal)) for first, past in ranges for ordinal in range(first, past)]
                self.assertEqual(rows, [row for row in range(shard.origin, last) if row not in twin and
                                        (row - shard.origin) // shard.block_rows % 3 == shard.index])
                flat = [edge for pair in ranges for edge in pair]
                self.assertEqual(flat, sorted(set(flat)))  # no call is asked for twice or for nothing

    def test_shards_are_those_of_the_contract(self):
        for count in (1, 2, 3, 5):
            for block in (1, 4, 7):
                for index in range(count):
                    shard = Shard(index, count, block, origin=11)
                    twin = [row for row in range(11, 400) if (row - 11) // block % count == index]
                    ordinals = np.arange(len(twin))
                    self.assertEqual(np.flatnonzero(shard.holds(range(400))).tolist(), twin)
                    self.assertEqual(shard.row_at(ordinals).tolist(), twin)
                    for row in range(0, 400):
                        self.assertEqual(shard.count_below(row), sum(r < row for r in twin))


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
            else:
                yield from call.serve_all()
        with FakeServer(script) as server:
            rows = rows_of(server)
            self.expect_rows(collect(rows), range(300))
            self.assertEqual([request.rows.start_row for request in server.requests], [0, 70, 134, 134, 144])
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
            whole = example_trainer.row_checksum_sum(
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


class CheckpointTest(unittest.TestCase):
    def test_a_resumed_run_gives_exactly_the_missing_rows(self):
        with FakeServer(lambda call: call.serve_all()) as server:
            first, used = rows_of(server), []
            for batch in first:
                used.append(batch.rows)
                if len(used) == 3:
                    state = json.loads(json.dumps(first.state_dict()))
                    break
            second = rows_of(server)
            second.load_state_dict(state)
            rest = collect(second)
            np.testing.assert_array_equal(np.concatenate([*used, rest.rows]), np.arange(300))
            self.assertEqual(server.requests[-1].expected_address, first.header.address)
            self.assertEqual(second.state_dict()["used"], [[0, 300]])

    def test_ranks_share_the_rows_and_may_change_in_number(self):
        with FakeServer(lambda call: call.serve_all()) as server:
            states, seen = [], []
            for rank in range(3):
                rows = rows_of(server, rows=600, rank=rank, world_size=3, block_rows=20, batch_rows=20)
                for step, batch in enumerate(rows, 1):
                    seen.append(batch.rows)
                    if step == 4:
                        break
                states.append(rows.state_dict())
            merged = merge_states(states)
            self.assertEqual(merged["used"], [[0, 240]])
            for rank in range(2):
                rows = rows_of(server, rows=600, rank=rank, world_size=2, block_rows=20, batch_rows=20)
                rows.load_state_dict(merged)
                seen.append(collect(rows).rows)
            np.testing.assert_array_equal(np.sort(np.concatenate(seen)), np.arange(600))

    def test_ranks_that_differ_in_their_steps_leave_the_rest_to_the_next_run(self):
        with FakeServer(lambda call: call.serve_all()) as server:
            states, seen = [], []
            for rank, steps in ((0, 3), (1, 1)):
                rows = rows_of(server, rank=rank, world_size=2, block_rows=20, batch_rows=20)
                seen += [batch.rows for _, batch in zip(range(steps), rows)]
                states.append(rows.state_dict())
            rows = rows_of(server)
            rows.load_state_dict(merge_states(states))
            rest = collect(rows).rows
            np.testing.assert_array_equal(rest, [*range(60, 80), *range(100, 300)])
            np.testing.assert_array_equal(np.sort(np.concatenate([*seen, rest])), np.arange(300))

    def test_the_state_of_one_rank_serves_no_other_geometry(self):
        with FakeServer(lambda call: call.serve_all()) as server:
            geometry = {"rank": 1, "world_size": 2, "block_rows": 20}
            state = rows_of(server, **geometry).state_dict()
            rows_of(server, **geometry).load_state_dict(state)
            for field, other in (("rank", 0), ("world_size", 3), ("block_rows", 10)):
                with self.assertRaisesRegex(ValueError, f"state is of {field} {geometry[field]}, expected {other}: .*merge"):
                    rows_of(server, **{**geometry, field: other}).load_state_dict(state)

    def test_a_wrong_geometry_is_refused(self):
        for wrong in ({"rank": 2}, {"rank": -1}, {"world_size": 0}, {"batch_rows": 0}, {"block_rows": 0}):
            with self.assertRaisesRegex(ValueError, "expected 0 <= rank < world_size and at least 1 row"):
                TailcastRows("host:1", "fake", "each=1", **{"world_size": 2, **wrong})

    def test_a_batch_may_be_marked_again_but_its_rows_may_not_come_again(self):
        with FakeServer(lambda call: call.serve_all()) as server:
            rows = rows_of(server)
            first, second = itertools.islice(rows, 2)  # the iterator notes them itself
            for batch in (first, second, first):
                rows.mark_used(batch)
            self.assertEqual(rows.state_dict()["used"], [[0, 100]])
            with self.assertRaisesRegex(ValueError, r"rows in \[50, 100\) were used before"):
                rows.mark_used(dataclasses.replace(second, used=False))
            other = rows_of(server)
            other.mark_used(second)  # what one object noted is news to another
            other.mark_used(second)
            self.assertEqual(other.state_dict()["used"], [[50, 100]])

    def test_rows_of_another_rank_are_not_marked(self):
        with FakeServer(lambda call: call.serve_all()) as server:
            ranks = [rows_of(server, rank=rank, world_size=2, block_rows=50, start_row=7) for rank in range(2)]
            with self.assertRaisesRegex(ValueError, "row 57 is not of rank 0 of 2 in blocks of 50 from row 7 on"):
                ranks[0].mark_used(next(iter(ranks[1])))
            self.assertEqual(ranks[0].state_dict()["used"], [])

    def test_a_wrong_state_is_refused(self):
        with FakeServer(lambda call: call.serve_all()) as server, self.assertRaises(ValueError):
            rows_of(server).load_state_dict({"format": "other"})



class WorkersTest(unittest.TestCase):
    """DataLoader's workers, played by copies in this process."""

    def start(self, rows, workers):
        """Iterators of the workers of `rows`."""
        copies = [iter_in_worker(pickle.loads(pickle.dumps(rows)), number, workers) for number in range(workers)]
        return dict(enumerate(copies))

    def test_workers_take_shards_of_their_own(self):
        with FakeServer(lambda call: call.serve_all()) as server:
            seen, main = [], rows_of(server, block_rows=16)
            main.resolve()
            for worker in self.start(main, 2).values():
                for batch in worker:
                    main.mark_used(batch)
                    seen.append(batch.rows)
                self.assertEqual(server.requests[-1].expected_address, main.header.address)
            self.assertEqual(main.state_dict()["used"], [[0, 300]])
        np.testing.assert_array_equal(np.sort(np.concatenate(seen)), np.arange(300))

    def test_fewer_workers_find_the_block_that_a_slower_worker_left_out(self):
        with FakeServer(lambda call: call.serve_all()) as server:
            main = rows_of(server, block_rows=10, batch_rows=10)
            workers = self.start(main, 4)
            for number in (0, 0, 0, 3):
                main.mark_used(next(workers[number]))
            self.assertEqual(main.state_dict()["used"], [[0, 10], [30, 50], [80, 90]])
            resumed = rows_of(server, block_rows=10, batch_rows=10)
            resumed.load_state_dict(json.loads(json.dumps(main.state_dict())))
            rest = [batch.rows for worker in self.start(resumed, 2).values() for batch in worker]
        np.testing.assert_array_equal(np.sort(np.concatenate(rest)),
                                      [*range(10, 30), *range(50, 80), *range(90, 300)])

    def test_a_worker_that_begins_again_is_refused(self):
        with FakeServer(lambda call: call.serve_all()) as server:
            rows = rows_of(server)
            next(iter_in_worker(rows, 0, 1))
            with self.assertRaisesRegex(StreamError, "expected persistent_workers=False"):
                next(iter_in_worker(rows, 0, 1))


def iter_in_worker(rows, number, workers):
    """Iterates as a DataLoader's worker does."""
    batches = iter(rows)
    worker = types.SimpleNamespace(id=number, num_workers=workers)
    with mock.patch.object(example_trainer, "get_worker_info", lambda: worker):
        first = next(batches, None)  # the generator asks only here which worker it is
    if first is not None:
        yield first
        yield from batches


class GeometryTest(unittest.TestCase):
    """Checkpoints of runs that change ranks, workers, blocks and batches; rows without features, without a server."""

    ROWS, START = 400, 7

    def rows_of(self, state=None, **geometry):
        rows = TailcastRows("host:1", "fake", "each=1", start_row=self.START, rows=self.ROWS, **geometry)
        if state is not None:
            rows.load_state_dict(json.loads(json.dumps(state)))
        return rows

    def run_some(self, rng, state, **geometry):
        """Rows that random workers of a rank used until random steps, and the rank's state."""
        rows, count, used = self.rows_of(state, **geometry), rng.choice((1, 1, 2, 3, 5)), []
        workers = [iter_in_worker(pickle.loads(pickle.dumps(rows)), number, count) for number in range(count)]
        for _ in range(rng.randrange(8)):
            for batch in itertools.islice(rng.choice(workers), 1):
                rows.mark_used(batch)
                used.append(batch.rows)
        return used, rows.state_dict()

    def run_ranks(self, rng, state):
        """The same of random ranks, each of which goes on from its own state a few times; one state of all."""
        used, states, world_size, block_rows = [], [], rng.choice((1, 1, 2, 3)), rng.randrange(1, 40)
        for rank in range(world_size):
            own = state
            for _ in range(rng.randrange(1, 4)):
                some, own = self.run_some(rng, own, rank=rank, world_size=world_size, block_rows=block_rows,
                                          batch_rows=rng.randrange(1, 40))
                used += some
            states.append(own)
        return used, merge_states(states)

    def test_each_row_comes_exactly_once(self):
        for seed in range(300):
            rng = random.Random(seed)

            def call(_, server, shard, done, count, rng=rng):
                while count > 0:
                    size = min(count, rng.randrange(1, 50))
                    chunk = shard.row_at(np.arange(done, done + size))
                    yield example_trainer.Batch(np.zeros((size, 1), np.float32), np.zeros(size, np.int64), chunk)
                    done, count = done + size, count - size
            with self.subTest(seed=seed), mock.patch.object(TailcastRows, "_call", call):
                used, state = [], None
                for _ in range(rng.randrange(1, 4)):
                    some, state = self.run_ranks(rng, state)
                    used += some
                rows = self.rows_of(state)
                used += [batch.rows for batch in rows]
                np.testing.assert_array_equal(np.sort(np.concatenate(used)),
                                              np.arange(self.START, self.START + self.ROWS))
                self.assertEqual(rows.state_dict()["used"], [[self.START, self.START + self.ROWS]])


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

    def test_a_training_that_goes_astray_ends_before_its_checkpoint(self):
        with FakeServer(lambda call: call.serve_all()) as server, tempfile.TemporaryDirectory() as folder:
            result = self.run_program(server, "--checkpoint", os.path.join(folder, "state.json"),
                                      "--report-every", "600", "--learning-rate", "1e38")
            self.assertEqual(os.listdir(folder), [])
        self.assertEqual(result.returncode, 1)
        self.assertRegex(result.stderr, "step [0-9]+: the loss is nan, expected a finite one; try a lower --learning-rate")

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
