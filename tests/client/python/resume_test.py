#!/usr/bin/env python3
"""Checkpoints of TailcastRows: every row exactly once over stops, ranks and workers."""
import base64
import dataclasses
import itertools
import json
import pickle
import random
import types
import unittest
from unittest import mock

import numpy as np
from fake_server import FakeServer, collect, example_trainer, feature_api, features_of, rows_of, tensor_api
from example_trainer import StreamError, TailcastRows, merge_states, stream_api
from row_state import STATE_FORMAT, check_state


HEADER = feature_api.GenerateHeader(stream=stream_api.StreamSpec(bundle="bundles/fake/versions/3"),
                                    address=b"ab".ljust(32), feature_dimension=1)


def stream_of(**fields):
    """A state's fields for a stream."""
    header = feature_api.GenerateHeader.FromString(HEADER.SerializeToString())
    for field, value in fields.items():
        setattr(header, field, value)
    return {"address": "tc1-" + header.address.hex(), "header": base64.b64encode(header.SerializeToString()).decode()}


def state_of(**fields):
    return {"format": STATE_FORMAT, "origin": 0, "rank": 0, "world_size": 1, "block_rows": 20, "used": [],
            **stream_of(), **fields}


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
                with self.assertRaisesRegex(ValueError, f"state: {field} is {geometry[field]}, expected {other}: .*merge"):
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
            with self.assertRaisesRegex(ValueError, "unknown stream were used: expected resolve"):
                other.mark_used(second)
            other.resolve()
            other.mark_used(second)  # what one object noted is news to another
            other.mark_used(second)
            self.assertEqual(other.state_dict()["used"], [[50, 100]])

    def test_rows_of_another_rank_are_not_marked(self):
        with FakeServer(lambda call: call.serve_all()) as server:
            ranks = [rows_of(server, rank=rank, world_size=2, block_rows=50, start_row=7) for rank in range(2)]
            ranks[0].resolve()
            with self.assertRaisesRegex(ValueError, "row 57 is not of rank 0 of 2 in blocks of 50 from row 7 on"):
                ranks[0].mark_used(next(iter(ranks[1])))
            self.assertEqual(ranks[0].state_dict()["used"], [])

    def test_a_stream_without_end_fills_its_gaps_and_goes_on(self):
        with FakeServer(lambda call: call.serve(call.request.rows.row_count or 90)) as server:
            rows = rows_of(server, rows=None, batch_rows=10)
            rows.load_state_dict(state_of(used=[[0, 10], [30, 40], [70, 75]]))
            rows.header = None  # any stream
            seen = np.concatenate([batch.rows for batch in itertools.islice(rows, 20)])
            np.testing.assert_array_equal(seen, [*range(10, 30), *range(40, 70), *range(75, 225)])
            self.assertEqual([(request.rows.start_row, request.rows.row_count) for request in server.requests],
                             [(10, 20), (40, 30), (75, 0), (165, 0)])

    def test_a_run_may_resume_with_another_type_on_the_wire(self):
        def script(call):
            yield call.header()
            wire = "<f2" if call.request.data_type == tensor_api.DATA_TYPE_FLOAT16 else "<f4"
            yield call.chunk(call.rows(50), wire)
            if call.request.rows.row_count == 50:
                yield call.summary(50)
        with FakeServer(script) as server:
            first = rows_of(server, rows=100)
            next(iter(first))
            second = rows_of(server, rows=100, data_type=tensor_api.DATA_TYPE_FLOAT16, verify_rows=False)
            second.load_state_dict(first.state_dict())
            rest = collect(second)
        np.testing.assert_array_equal(rest.rows, np.arange(50, 100))
        np.testing.assert_array_equal(rest.features, features_of(rest.rows))

    def test_a_resumed_run_does_not_ask_again_which_stream_it_is(self):
        with FakeServer(lambda call: call.serve_all()) as server:
            first = rows_of(server)
            next(iter(first))
            second = TailcastRows(server.address, "fake", "each=5", rows=300)  # a label or the highest version: 11 today
            second.load_state_dict(first.state_dict())
            self.assertEqual(second.resolve().stream.bundle, "bundles/fake/versions/3")


class StateTest(unittest.TestCase):
    """States that are wrong: the error says which field, and what it should be."""

    NOT_BEGUN = TailcastRows("host:1", "fake", "each=1", world_size=2).state_dict()

    def setUp(self):
        self.good = state_of(rank=1, world_size=3, block_rows=20, used=[[20, 40], [80, 90]])

    def rows(self):
        return TailcastRows("host:1", "fake:stable", "each=1", rank=1, world_size=3, block_rows=20)

    def expect_refused(self, state, text):
        rows = self.rows()
        with self.assertRaisesRegex(ValueError, "^state: " + text):
            rows.load_state_dict(state)
        self.assertEqual(rows.state_dict(), self.rows().state_dict())  # nothing changed
        with self.assertRaisesRegex(ValueError, "^states.1.: " + text):
            merge_states([self.good, state])

    def test_what_was_saved_is_loaded(self):
        rows = self.rows()
        rows.load_state_dict(json.loads(json.dumps(self.good)))
        self.assertEqual(rows.state_dict(), self.good)

    def test_what_is_no_state_is_refused(self):
        for state in (None, [], "state", 3):
            self.expect_refused(state, f"got {type(state).__name__}, expected the dict")
        for form in (None, "other", 3):
            self.expect_refused({**self.good, "format": form}, f"format is {form!r}, expected 'tailcast.rows.v1'")
        self.expect_refused({}, "format is None")

    def test_missing_fields_are_named(self):
        for field in self.good.keys() - {"format"}:
            self.expect_refused({key: value for key, value in self.good.items() if key != field}, f"{field} is missing")

    def test_numbers_have_limits(self):
        end = 1 << 63
        for field, least, greatest in (("origin", 0, end - 1), ("block_rows", 1, end - 1), ("world_size", 1, 2 ** 31 - 1),
                                       ("rank", 0, 2 ** 31 - 2)):
            for wrong in (least - 1, greatest + 1, None, "1", 1.0, True):
                self.expect_refused({**self.good, field: wrong}, f"{field} is {wrong!r}, expected a number in "
                                    f"\\[{least}, {greatest}\\]")
            check_state({**self.good, "rank": 0, field: least})
            check_state({**self.good, "world_size": 2 ** 31 - 1, field: greatest})
        self.expect_refused({**self.good, "rank": 3}, "rank is 3, expected less than world_size 3")

    def test_used_rows_are_ranges_in_order(self):
        for wrong in ([[5, 5]], [[5, 4]], [[-1, 4]], [[0, 5], [4, 6]], [[3, 4], [0, 1]], [[0]], [[0, 1, 2]], [3],
                      [[0, "1"]], [[0, True]], [None], [[0, 2 ** 63 + 1]]):
            self.expect_refused({**self.good, "used": wrong}, "used has .* expected .begin, end. with")
        self.expect_refused({**self.good, "used": {}}, "used is {}, expected a list")
        check_state({**self.good, "used": [[0, 5], [5, 2 ** 63]]})

    def test_the_header_is_that_of_the_address(self):
        good = self.good["address"]
        for wrong in (None, "tc1-", good[:-1], good + "0", good.upper(), "tc2" + good[3:]):
            self.expect_refused({**self.good, "address": wrong}, "address is .* expected tc1- and 64 hex digits")
        for wrong in (None, 3, "%", "abc"):
            self.expect_refused({**self.good, "header": wrong}, "header is not base64")
        self.expect_refused({**self.good, "header": ""}, "address is 'tc1-.* with 0 bytes of header")
        self.expect_refused({**self.good, "address": "", "header": ""}, "header is empty")
        for wrong, text in (({"header": "AAAA"}, "header is no GenerateHeader"),
                            ({"address": "tc1-" + "0" * 64}, "address is tc1-0+, expected its header's tc1-6162")):
            with self.assertRaisesRegex(ValueError, "^state: " + text):
                self.rows().load_state_dict({**self.good, **wrong})

    def test_another_stream_than_the_known_one_is_refused(self):
        rows = self.rows()
        rows.load_state_dict(self.good)
        rows.load_state_dict(self.good)
        other = {**self.good, **stream_of(address=b"other".ljust(32))}
        with self.assertRaisesRegex(ValueError, "^state: address is tc1-6f74.*, expected tc1-6162.* known already"):
            rows.load_state_dict(other)
        with self.assertRaisesRegex(ValueError, "^state: header is of 'bundles/fake/versions/3', expected bundle 'fak'"):
            TailcastRows("host:1", "fak@3", "each=1", rank=1, world_size=3, block_rows=20).load_state_dict(self.good)

    def test_states_of_different_runs_are_not_merged(self):
        states = [state_of(rank=rank, world_size=2) for rank in range(2)]
        for field, other in (("address", stream_of(address=b"other".ljust(32))), ("origin", {"origin": 5}),
                             ("world_size", {"world_size": 3}), ("block_rows", {"block_rows": 7})):
            with self.assertRaisesRegex(ValueError, f"^states.1.: {field} is .*, expected .* not of one run"):
                merge_states([states[0], {**states[1], **other}])

    def test_each_rank_is_merged_once(self):
        states = [state_of(rank=rank, world_size=3) for rank in range(3)]
        for chosen, ranks in (((0, 1), "0, 1"), ((0, 1, 1), "0, 1, 1"), ((2, 0, 1, 0), "0, 0, 1, 2")):
            with self.assertRaisesRegex(ValueError, f"states: rank is .{ranks}., expected each in .0, 3. once"):
                merge_states([states[rank] for rank in chosen])
        with self.assertRaisesRegex(ValueError, "states: got none"):
            merge_states([])

    def test_a_rank_that_has_not_begun_is_merged(self):
        begun = state_of(rank=1, world_size=2, block_rows=1024, used=[[1024, 1030]])
        for states in ([self.NOT_BEGUN, begun], [begun, self.NOT_BEGUN]):
            self.assertEqual(merge_states(states), {**begun, "rank": 0, "world_size": 1})
        both = [self.NOT_BEGUN, {**self.NOT_BEGUN, "rank": 1}]
        self.assertEqual(merge_states(both), {**self.NOT_BEGUN, "world_size": 1})


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
            main.resolve()
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
        rows.header = HEADER
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


if __name__ == "__main__":
    unittest.main()
