#!/usr/bin/env python3
"""Exchanges files with NumPy and with the safetensors library.

Usage: io_twin_test.py IO_TWIN SITE_PACKAGES
Exit code 77 (skipped) where the libraries are absent.
"""

import json
import pathlib
import subprocess
import sys
import tempfile

SKIPPED = 77
TYPES = {"float64": "F64", "float32": "F32", "float16": "F16", "int64": "I64", "int32": "I32",
         "int16": "I16", "int8": "I8", "uint8": "U8", "bool": "BOOL"}


def check_ours(folder, numpy, safetensors):
    features = numpy.arange(15, dtype="float32").reshape(5, 3)
    assert (numpy.load(folder / "ours.npy") == features).all()
    with safetensors.safe_open(folder / "ours.safetensors", framework="numpy") as file:
        assert file.metadata().keys() == {"address", "content_sha256"}, file.metadata()
        assert file.metadata()["address"] == "tc1-\u00e9", file.metadata()
        assert sorted(file.keys()) == ["features", "labels", "odd", "z"]
        assert (file.get_tensor("features") == features).all()
        assert (file.get_tensor("labels") == numpy.arange(5)).all()
        assert file.get_tensor("odd").tobytes() == b"xyz"
        assert file.get_tensor("z").tobytes() == b"01234567"


def main():
    twin, site_packages = sys.argv[1:3]
    sys.path.insert(0, site_packages)
    try:
        import numpy
        import safetensors
        import safetensors.numpy
    except ImportError as error:
        print(f"skipped: {error}")
        sys.exit(SKIPPED)

    rng = numpy.random.default_rng(1)
    tensors = {f"t.{name}": rng.integers(0, 2, (2, index)).astype(name)
               for index, name in enumerate(TYPES)}
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        safetensors.numpy.save_file(tensors, folder / "theirs.safetensors", metadata={"a": "b"})
        output = subprocess.run([twin, name], capture_output=True, check=True).stdout
        found = json.loads(output)
        assert found["metadata"] == {"a": "b"}, found
        expected = {name: [TYPES[str(t.dtype)], list(t.shape), t.tobytes().hex()]
                    for name, t in tensors.items()}
        assert found["tensors"] == expected, found
        check_ours(folder, numpy, safetensors)
    print(f"{len(tensors)} tensors of theirs and 5 arrays of ours were read")


if __name__ == "__main__":
    main()
