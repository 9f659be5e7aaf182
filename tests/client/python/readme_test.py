#!/usr/bin/env python3
"""The README's Python trainer runs as it stands there, against the real server."""
import pathlib
import re
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[3]
sys.path[:0] = [str(ROOT / "client" / "python"), str(ROOT / "tests" / "end_to_end")]
import programs  # noqa: E402
from programs import Server, make_bundle  # noqa: E402

BUNDLE = "fashion-mnist-lt"
# What differs here: where the server listens, and a bundle whose last class has no training rows.
ADDRESS, PLAN, OUR_PLAN = "127.0.0.1:50071", "each=500", "counts=500,500,500,500,500,0"


class ReadmeTest(unittest.TestCase):
    def test_its_python_trainer_reads_every_row(self):
        block, = re.findall(r"^```python\n(.*?)^```$", (ROOT / "README.md").read_text(), re.DOTALL | re.MULTILINE)
        self.assertEqual([block.count(text) for text in (ADDRESS, BUNDLE, PLAN)], [1, 1, 1])
        with tempfile.TemporaryDirectory() as folder:
            make_bundle(folder, BUNDLE)
            with Server(folder) as server:
                names = {}
                block = block.replace(ADDRESS, server.address).replace(PLAN, OUR_PLAN)
                exec(compile(block, "README.md", "exec"), names)
        self.assertEqual(names["state"]["used"], [[0, 5000]])
        self.assertEqual(names["features"].shape, (len(names["labels"]), names["rows"].header.feature_dimension))


if __name__ == "__main__":
    programs.require(programs.TAILCASTD, programs.MAKE_BUNDLE)
    unittest.main()
