#!/usr/bin/env python3
"""Another build of the same commit (Debug, say) names and makes the same bytes.

Skipped unless the programs of the other build exist: in TAILCAST_OTHER_BUILD_DIR, by default
build-debug/ in the source folder.
"""
import os
import pathlib
import subprocess
import tempfile
import unittest

import programs
from programs import json_of, require

SOURCE = pathlib.Path(os.environ.get("TAILCAST_SOURCE_DIR", pathlib.Path(__file__).resolve().parents[2]))
OTHER_BUILD = pathlib.Path(os.environ.get("TAILCAST_OTHER_BUILD_DIR", SOURCE / "build-debug"))


def require_builds():
    require(*(build / program for build in (programs.BUILD, OTHER_BUILD)
              for program in ("bin/tailcast", "tests/bin/make_bundle")))


class OtherBuildTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.work = pathlib.Path(folder.name)

    def generate(self, build, name, *arguments):
        """A bundle and rows of it, all made by one build."""
        repository = self.work / name / "repository"
        subprocess.run([build / "tests/bin/make_bundle", repository, "drawn"], check=True, capture_output=True)
        return json_of(subprocess.run(
            [build / "bin/tailcast", "generate", "--local", "--repository", repository, "--bundle", "drawn@1",
             "--output", self.work / name / "rows.safetensors", "--json", *arguments],
            capture_output=True, text=True, timeout=600))

    def test_the_same_address_names_the_same_bytes(self):
        choices = {"plain": ("--plan", "counts=60,50,40,30,20,0"), "guided": ("--plan", "ratio=0.2", "--guidance", "1.5", "--eta", "0.5")}
        for choice, arguments in choices.items():
            ours = self.generate(programs.BUILD, f"{choice}-ours", *arguments)
            other = self.generate(OTHER_BUILD, f"{choice}-other", *arguments)
            for key in ("bundle_digest", "address", "sha256", "rows", "row_checksum_sum"):
                self.assertEqual(ours[key], other[key], f"{choice}: {key}")


if __name__ == "__main__":
    require_builds()
    unittest.main()
