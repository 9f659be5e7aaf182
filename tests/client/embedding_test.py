#!/usr/bin/env python3
"""A project of its own builds the README's C++ trainer with the client library, without LibTorch, and reads rows."""
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "end_to_end"))
import programs  # noqa: E402
from programs import BUILD, Server, make_bundle  # noqa: E402

PROJECT = BUILD / "tests" / "embedding"  # kept, so that a second run compiles what changed
ADDRESS = "127.0.0.1:50071"
# What differs here: where the server listens, and a class that the bundle has.
CHANGES = ((f'"{ADDRESS}"', "argv[1]"), ("set_class_index(6)", "set_class_index(1)"))
LISTS = f"""cmake_minimum_required(VERSION 3.24)
project(trainer LANGUAGES CXX)
set(TAILCAST_BUILD_SERVER OFF)
set(TAILCAST_LIBTORCH_DIR /nowhere)
add_subdirectory({ROOT} tailcast)
add_executable(trainer trainer.cc)
target_link_libraries(trainer PRIVATE tailcast::client_library)
"""
SOURCE = """#include <iostream>

#include "client/library/row_stream.h"
#include "core/base/status_macros.h"

absl::StatusOr<int64_t> Read(char** argv) {
%s
  return stream->next_row();
}

int main(int, char** argv) {
  const auto rows = Read(argv);
  std::cout << (rows.ok() ? std::to_string(*rows) : rows.status().ToString()) << std::endl;
}
"""


def write_if_changed(path, text):
    if not path.exists() or path.read_text() != text:
        path.write_text(text)


class EmbeddingTest(unittest.TestCase):
    def run_step(self, *command):
        result = subprocess.run(list(map(str, command)), capture_output=True, text=True)
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)
        return result.stdout

    def test_the_readmes_trainer_is_built_in_a_project_without_libtorch_and_reads_every_row(self):
        block, = re.findall(r"^```cpp\n(.*?)^```$", (ROOT / "README.md").read_text(), re.DOTALL | re.MULTILINE)
        for text, change in CHANGES:
            self.assertEqual(block.count(text), 1, text)
            block = block.replace(text, change)
        PROJECT.mkdir(parents=True, exist_ok=True)
        write_if_changed(PROJECT / "CMakeLists.txt", LISTS)
        write_if_changed(PROJECT / "trainer.cc", SOURCE % block)
        generator = ["-G", "Ninja"] if (BUILD / "build.ninja").exists() else []
        self.run_step("cmake", *generator, "-S", PROJECT, "-B", PROJECT / "build",
                      f"-DTAILCAST_DEPENDENCIES_DIR={os.environ['TAILCAST_DEPENDENCIES_DIR']}")
        self.run_step("cmake", "--build", PROJECT / "build", "--parallel", os.cpu_count())
        trainer = PROJECT / "build" / "trainer"
        self.assertNotIn("torch", self.run_step("ldd", trainer))
        with tempfile.TemporaryDirectory() as folder:
            make_bundle(folder, "fashion-mnist-lt")
            with Server(folder) as server:
                self.assertEqual(self.run_step(trainer, server.address).strip(), "500")


if __name__ == "__main__":
    programs.require(programs.TAILCASTD, programs.MAKE_BUNDLE)
    unittest.main()
