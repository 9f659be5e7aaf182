#!/usr/bin/env python3
"""TailcastRows against the real server: the same bytes as the C++ client, stopped, killed and resumed."""
import json
import pathlib
import subprocess
import sys
import unittest

from generated_rows import DIMENSION, PLAN, ROOT, ROWS, START_ROW, GeneratedRowsCase
import programs
from programs import Server, make_bundle


class EndToEndTest(GeneratedRowsCase):
    def watched_rows(self, server, **arguments):
        """Rows that note in `starts` where each call that was served began, and in `chunks` the rows of each chunk."""
        rows, starts, chunks = self.rows(server, **arguments), [], []

        def verified(server, messages, shard, asked, *, verify=rows._verified):
            for batch in verify(server, messages, shard, asked):
                if batch.rows[0] == shard.row_at(asked[0]):
                    starts.append(int(batch.rows[0]))
                chunks.append(len(batch.rows))
                yield batch
        rows._verified = verified
        return rows, starts, chunks

    def test_the_bytes_are_those_of_the_command_line(self):
        with Server(self.repository) as server:
            rows, starts, chunks = self.watched_rows(server)
            self.expect_same(list(rows))
        self.assertEqual(starts, [START_ROW])
        self.assertEqual(chunks, [128] * 23 + [56])  # 256 KiB each
        self.assertEqual(rows.state_dict()["address"], self.report["address"])
        self.assertEqual(f"{rows.checksum_sum:016x}", self.report["row_checksum_sum"])

    def test_chunks_are_as_small_as_asked_for(self):
        with Server(self.repository) as server:
            rows, _, chunks = self.watched_rows(server, max_chunk_bytes=100 * 4 * DIMENSION + 1)
            self.expect_same(list(rows))
        self.assertEqual(chunks, [100] * 30)

    def test_stopped_and_resumed(self):
        with Server(self.repository) as server:
            first, batches = self.rows(server), []
            for batch in first:
                batches.append(batch)
                if len(batches) == 11:
                    break
            state = json.dumps(first.state_dict())
        with Server(self.repository) as server:
            second, starts, chunks = self.watched_rows(server)
            second.load_state_dict(json.loads(state))
            self.expect_same(batches + list(second))
        self.assertEqual(starts, [START_ROW + 11 * 64])
        self.assertEqual(sum(chunks), ROWS - 11 * 64)

    def test_a_server_killed_in_mid_stream(self):
        with Server(self.repository) as server:
            rows, starts, chunks = self.watched_rows(server, retry_for=60.0)
            batches, starts_when_killed = [], []
            for batch in rows:
                batches.append(batch)
                if len(batches) in (3, 20):
                    starts_when_killed.append(len(starts))
                    server.kill()
                    server.start()
        self.expect_same(batches)
        self.assertEqual(starts_when_killed, [1, 2])
        self.assertEqual(starts[0], START_ROW)
        self.assertTrue(START_ROW + 3 * 64 <= starts[1] < starts[2] < START_ROW + ROWS, starts)
        self.assertEqual(sum(chunks), ROWS)  # no row was sent twice

    def test_ranks_share_the_rows(self):
        with Server(self.repository) as server:
            batches = []
            for rank in range(3):
                rows, starts, chunks = self.watched_rows(server, rank=rank, world_size=3, block_rows=100)
                batches += list(rows)
                self.assertEqual(starts, [START_ROW + 100 * rank])
                self.assertEqual(chunks, [128] * 7 + [104])  # so chunks begin within blocks
        self.expect_same(batches)

    def test_a_pinned_stream_that_is_gone_is_refused(self):
        with Server(self.repository) as server:
            rows = self.rows(server)
            next(iter(rows))
            state = rows.state_dict()
        other = pathlib.Path(self.folder.name) / "other"
        make_bundle(other, "drawn", variant=1)
        with Server(other) as server:
            resumed = self.rows(server)
            resumed.load_state_dict(state)
            with self.assertRaisesRegex(StreamError, "FAILED_PRECONDITION"):
                list(resumed)

    def test_a_replica_with_another_bundle_is_left(self):
        other = pathlib.Path(self.folder.name) / "of another replica"
        make_bundle(other, "drawn", variant=1)
        with Server(self.repository) as server, Server(other) as stranger:
            rows = self.rows(server)
            batches = [next(iter(rows))]
            resumed, starts, _ = self.watched_rows(server)
            resumed.servers.insert(0, stranger.address)
            resumed.load_state_dict(rows.state_dict())
            self.expect_same(batches + list(resumed))
        self.assertEqual(starts, [START_ROW + 64])

    def test_every_plan_and_shard_is_the_servers(self):
        """The client computes classes, digests and the next row anew, and refuses what differs."""
        with Server(self.repository) as server:
            for plan, arguments in (("counts=1,1,1,1,1,0", {}), ("counts=0,0,1,0,0,0", {"order_seed": 2 ** 63 - 1}),
                                    ("counts=3000,1,0,7,2,0", {"start_row": 2 ** 60, "repeat_periods": 3, "rank": 2}),
                                    ("ratio=0.5", {"guidance": -0.5, "steps": 3, "seed": 2 ** 63 - 1})):
                rows = self.rows(server, **{"rows": 1500, "world_size": 3, "block_rows": 100, **arguments})
                rows.plan = plan
                with self.subTest(plan):
                    self.assertEqual(sum(len(batch.rows) for batch in rows), 500)

    def test_the_program_trains(self):
        with Server(self.repository) as server:
            result = subprocess.run([sys.executable, ROOT / "client" / "python" / "example_trainer.py", "--server",
                                     server.address, "--bundle", "drawn@1", "--plan", PLAN, "--rows", "4000"],
                                    capture_output=True, text=True, timeout=120)
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(json.loads(result.stdout)["rows"], 4000)


if __name__ == "__main__":
    programs.require(programs.TAILCAST, programs.TAILCASTD, programs.MAKE_BUNDLE)
    from example_trainer import StreamError
    unittest.main()
