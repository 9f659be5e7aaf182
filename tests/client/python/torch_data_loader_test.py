#!/usr/bin/env python3
"""TailcastRows in torch's own DataLoader, against the real server.

Runs in the interpreter that TAILCAST_TORCH_PYTHON names, else in this one; it needs torch and what
client/python/example_trainer.py needs. Skipped, with the reason, where one of them cannot be imported.
"""
import importlib
import itertools
import json
import os
import sys
import unittest

SKIPPED = 77
MODULES = ("torch", "grpc", "numpy", "xxhash", "google.rpc.status_pb2")


def use_interpreter_with_torch():
    """Starts anew in TAILCAST_TORCH_PYTHON; ends the test as skipped if a module is missing."""
    interpreter = os.environ.pop("TAILCAST_TORCH_PYTHON", "")
    if interpreter:
        os.execv(interpreter, [interpreter, *sys.argv])
    for name in MODULES:
        try:
            importlib.import_module(name)
        except (ImportError, OSError) as error:  # OSError: a torch without its libraries
            print(f"skipped: {sys.executable} cannot import {name}: {error}; TAILCAST_TORCH_PYTHON may name another one")
            sys.exit(SKIPPED)


if __name__ == "__main__":
    use_interpreter_with_torch()

from torch.utils.data import DataLoader, IterableDataset  # noqa: E402

from generated_rows import ROWS, START_ROW, GeneratedRowsCase  # noqa: E402
import programs  # noqa: E402
from programs import Server  # noqa: E402


def loader_of(rows, workers):
    return DataLoader(rows, batch_size=None, num_workers=workers,
                      multiprocessing_context="spawn" if workers else None)


class TorchDataLoaderTest(GeneratedRowsCase):
    def test_is_a_dataset_of_torch(self):
        with Server(self.repository) as server:
            self.assertIsInstance(self.rows(server), IterableDataset)

    def test_the_process_itself_gives_the_bytes_of_the_command_line(self):
        with Server(self.repository) as server:
            rows, batches = self.rows(server), []
            for batch in loader_of(rows, workers=0):
                rows.mark_used(batch)
                batches.append(batch)
        self.expect_same(batches)
        self.assertEqual(rows.state_dict()["used"], [[START_ROW, START_ROW + ROWS]])

    def test_two_workers_give_the_bytes_of_the_command_line(self):
        with Server(self.repository) as server:
            rows = self.rows(server)
            rows.resolve()
            batches = []
            for batch in loader_of(rows, workers=2):
                rows.mark_used(batch)
                batches.append(batch)
        self.expect_same(batches)
        self.assertEqual(rows.state_dict()["used"], [[START_ROW, START_ROW + ROWS]])
        self.assertEqual(rows.state_dict()["address"], self.report["address"])

    def test_stopped_and_resumed_with_other_numbers_of_workers_that_had_read_ahead(self):
        with Server(self.repository) as server:
            state, batches = None, []
            for workers, steps in ((2, 7), (1, None)):
                rows = self.rows(server, block_rows=100)
                if state is None:
                    rows.resolve()
                else:
                    rows.load_state_dict(json.loads(state))
                for batch in itertools.islice(loader_of(rows, workers), steps):
                    rows.mark_used(batch)
                    batches.append(batch)
                state = json.dumps(rows.state_dict())
        self.expect_same(batches)


if __name__ == "__main__":
    programs.require(programs.TAILCAST, programs.TAILCASTD, programs.MAKE_BUNDLE)
    unittest.main()
