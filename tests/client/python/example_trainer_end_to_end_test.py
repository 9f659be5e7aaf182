#!/usr/bin/env python3
"""TailcastRows against the real server: the same bytes as the C++ client, stopped, killed and resumed."""
import json
import pathlib
import subprocess
import sys
import unittest

from generated_rows import PLAN, ROOT, GeneratedRowsCase
import programs
from programs import Server, make_bundle


class EndToEndTest(GeneratedRowsCase):
    def test_the_bytes_are_those_of_the_command_line(self):
        with Server(self.repository) as server:
            rows = self.rows(server)
            self.expect_same(list(rows))
        self.assertEqual(rows.state_dict()["address"], self.report["address"])
        self.assertEqual(f"{rows.checksum_sum:016x}", self.report["row_checksum_sum"])

    def test_stopped_and_resumed(self):
        with Server(self.repository) as server:
            first, batches = self.rows(server), []
            for batch in first:
                batches.append(batch)
                if len(batches) == 11:
                    break
            state = json.dumps(first.state_dict())
        with Server(self.repository) as server:
            second = self.rows(server)
            second.load_state_dict(json.loads(state))
            self.expect_same(batches + list(second))

    def test_a_server_killed_in_mid_stream(self):
        with Server(self.repository) as server:
            batches = []
            for batch in self.rows(server, retry_for=60.0):
                batches.append(batch)
                if len(batches) in (3, 20):
                    server.kill()
                    server.start()
        self.expect_same(batches)

    def test_ranks_share_the_rows(self):
        with Server(self.repository) as server:
            batches = []
            for rank in range(3):
                batches += list(self.rows(server, rank=rank, world_size=3, block_rows=100))
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
