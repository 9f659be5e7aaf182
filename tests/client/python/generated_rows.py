"""A published bundle and the rows that the C++ client generates from it: what TailcastRows must give too."""
import json
import pathlib
import struct
import sys
import tempfile
import unittest

import numpy as np

ROOT = pathlib.Path(__file__).resolve().parents[3]
sys.path[:0] = [str(ROOT / "client" / "python"), str(ROOT / "tests" / "end_to_end")]
from programs import json_of, make_bundle, tailcast  # noqa: E402

PLAN = "counts=50,60,70,80,90,0"
START_ROW, ROWS = 10, 3000
DIMENSION = 512  # 6 MB: more than a client receives ahead of its reader, and 24 chunks


def read_safetensors(path):
    data = pathlib.Path(path).read_bytes()
    size, = struct.unpack("<Q", data[:8])
    header = json.loads(data[8:8 + size])

    def tensor(name, dtype):
        begin, end = header[name]["data_offsets"]
        return np.frombuffer(data[8 + size + begin:8 + size + end], dtype).reshape(header[name]["shape"])
    return tensor("features", "<f4"), tensor("labels", "<i8")


class GeneratedRowsCase(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.folder.cleanup)
        root = pathlib.Path(cls.folder.name)
        cls.repository = root / "repository"
        make_bundle(cls.repository, "drawn", dim=DIMENSION)
        cls.report = json_of(tailcast("generate", "--local", "--repository", cls.repository, "--bundle", "drawn", "--plan",
                                      PLAN, "--seed", 3, "--start-row", START_ROW, "--rows", ROWS, "--output",
                                      root / "rows.safetensors", "--json"))
        cls.features, cls.labels = read_safetensors(root / "rows.safetensors")

    def rows(self, server, **arguments):
        from example_trainer import TailcastRows  # finds the stubs
        settings = {"seed": 3, "start_row": START_ROW, "rows": ROWS, "batch_rows": 64, "verify_rows": True, **arguments}
        return TailcastRows(server.address, "drawn", PLAN, **settings)

    def expect_same(self, batches):
        rows = np.concatenate([batch.rows for batch in batches])
        order = np.argsort(rows)
        np.testing.assert_array_equal(rows[order], np.arange(START_ROW, START_ROW + ROWS))
        features = np.concatenate([batch.features for batch in batches])[order]
        self.assertEqual(features.tobytes(), self.features.tobytes())
        np.testing.assert_array_equal(np.concatenate([batch.labels for batch in batches])[order], self.labels)
