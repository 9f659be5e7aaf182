#!/usr/bin/env python3
"""`cmake --install` gives a tree that runs from anywhere, with nothing from the build folder."""

import json
import os
import pathlib
import subprocess
import sys
import unittest
from unittest import mock

import cli_case
from cli_case import CliCase

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "end_to_end"))
import programs  # noqa: E402

BUILD = pathlib.Path(os.environ["TAILCAST_BINARY_DIR"])
LIBRARIES = ("libtorch_cpu.so", "libc10.so")


class InstallTest(CliCase):

    def setUp(self):
        super().setUp()
        installed = self.work / "installed"
        subprocess.run(["cmake", "--install", BUILD, "--prefix", installed], check=True, capture_output=True)
        self.tree = self.work / "moved to" / "a place of its own"
        self.tree.parent.mkdir()
        installed.rename(self.tree)

    def run_clean(self, program, *arguments, environment=None):
        result = subprocess.run([self.tree / "bin" / program, *map(str, arguments)], env=environment or {}, cwd="/",
                                capture_output=True, text=True, timeout=120)
        self.assertEqual(result.returncode, 0, result.stderr)
        return result.stdout

    def test_programs_run_with_an_empty_environment_and_load_the_trees_own_libtorch(self):
        for program in ("tailcast", "tailcastd"):
            self.assertIn("LibTorch", self.run_clean(program, "--version"))
            loaded = self.run_clean(program, environment={"LD_TRACE_LOADED_OBJECTS": "1"})
            self.assertNotIn("not found", loaded)
            self.assertNotIn(str(BUILD), loaded)
            for library in LIBRARIES:
                self.assertIn(f"/a place of its own/bin/../lib/{library}", loaded)

    def test_the_installed_program_computes(self):
        features, generator = self.work / "features.safetensors", self.work / "generator.safetensors"
        cli_case.write_features(features, metadata={"feature_space": "mine"})
        self.run_clean("tailcast", "train", "generator", "--features", features, "--steps", 3, "--output", generator)
        self.run_clean("tailcast", "publish", "--repository", self.work / "repository", "--name", "shapes", "--generator",
                       generator)

    def test_the_tree_holds_the_public_api(self):
        self.assertTrue((self.tree / "share/tailcast/proto/tailcast/v1/stream.proto").is_file())
        self.assertTrue((self.tree / "share/tailcast/LICENSE").is_file())

    def test_the_installed_python_trainer_reads_rows_of_the_installed_server(self):
        python = os.environ.get("TAILCAST_PYTHON", "")
        if not pathlib.Path(python).is_file() or not (BUILD / "python").is_dir():
            self.skipTest(f"no Python with grpcio ({python!r}), or no API for it in {BUILD / 'python'}")
        trainer = [python, "-B", self.tree / "share/tailcast/python/example_trainer.py"]
        repository = self.work / "repository"
        programs.make_bundle(repository, "drawn")
        with mock.patch.object(programs, "TAILCASTD", self.tree / "bin/tailcastd"), \
                programs.Server(repository) as server:
            for arguments in (["--help"], ["--server", server.address, "--bundle", "drawn", "--plan",
                                           "counts=1,1,1,1,1,0", "--rows", "300"]):
                result = subprocess.run([*trainer, *arguments], env={}, cwd="/", capture_output=True, text=True,
                                        timeout=120)
                self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(json.loads(result.stdout)["rows"], 300)


if __name__ == "__main__":
    unittest.main()
