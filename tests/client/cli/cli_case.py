"""What the tests of the program `tailcast` share: running it, and tiny inputs made from nothing."""

import gzip
import hashlib
import json
import os
import pathlib
import resource
import struct
import subprocess
import tempfile
import unittest

SIDE = 16  # pixels
CLASSES = 3
TRAIN_PER_CLASS = 60
TEST_PER_CLASS = 10
TYPES = {"F32": ("f", 4), "I64": ("q", 8)}


def idx(magic_type_dims, sizes, data):
    """The bytes of an IDX file of unsigned bytes."""
    return bytes([0, 0, 8, magic_type_dims]) + b"".join(struct.pack(">I", size) for size in sizes) + data


def image(label, number):
    """Class 0: bright top, 1: bright left, 2: bright middle; with some texture of its own."""
    rows = []
    for y in range(SIDE):
        for x in range(SIDE):
            bright = (y < SIDE // 2, x < SIDE // 2, SIDE // 3 <= y < 2 * SIDE // 3)[label]
            rows.append((160 if bright else 30) + (x * 7 + y * 13 + number * 29) % 60)
    return bytes(rows)


def write_images(folder, prefix, labels, compress=True):
    images = idx(3, [len(labels), SIDE, SIDE], b"".join(image(label, i) for i, label in enumerate(labels)))
    opened, suffix = (gzip.open, ".gz") if compress else (open, "")
    with opened(folder / f"{prefix}-images-idx3-ubyte{suffix}", "wb") as file:
        file.write(images)
    with opened(folder / f"{prefix}-labels-idx1-ubyte{suffix}", "wb") as file:
        file.write(idx(1, [len(labels)], bytes(labels)))


def write_dataset(folder, compress=True):
    folder.mkdir(parents=True)
    write_images(folder, "train", [i % CLASSES for i in range(CLASSES * TRAIN_PER_CLASS)], compress)
    write_images(folder, "t10k", [i % CLASSES for i in range(CLASSES * TEST_PER_CLASS)], compress)
    (folder / "classes.txt").write_text("top\nleft\nmiddle\n")
    return folder


def read_safetensors(path):
    """Name -> raw bytes, and the metadata."""
    data = pathlib.Path(path).read_bytes()
    size = struct.unpack("<Q", data[:8])[0]
    header = json.loads(data[8:8 + size])
    metadata = header.pop("__metadata__", {})
    body = data[8 + size:]
    return {name: body[slice(*entry["data_offsets"])] for name, entry in header.items()}, metadata


def write_safetensors(path, tensors, metadata=None):
    """tensors: name -> (type, shape, flat values)."""
    header, body = {"__metadata__": metadata or {}}, b""
    for name, (kind, shape, values) in sorted(tensors.items()):
        code, _ = TYPES[kind]
        raw = struct.pack(f"<{len(values)}{code}", *values)
        header[name] = {"dtype": kind, "shape": shape, "data_offsets": [len(body), len(body) + len(raw)]}
        body += raw
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    pathlib.Path(path).write_bytes(struct.pack("<Q", len(text)) + text + body)


def flip_last_byte(path):
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(bytes(data))


def write_features(path, rows=60, dimension=4, metadata=None, edit=None, prefix=""):
    """Labelled features of CLASSES classes around different means; `edit` may spoil them."""
    labels = [i % CLASSES for i in range(rows)]
    values = [label + d * 0.1 + ((i * 31 + d * 17) % 97) / 97 for i, label in enumerate(labels) for d in range(dimension)]
    if edit:
        edit(values, labels)
    write_safetensors(path, {f"{prefix}features": ("F32", [rows, dimension], values),
                             f"{prefix}labels": ("I64", [rows], labels)}, metadata)


def digest(path):
    return hashlib.sha256(pathlib.Path(path).read_bytes()).hexdigest()


class CliCase(unittest.TestCase):
    """A folder for each test, and the program."""

    program = pathlib.Path(os.environ.get("TAILCAST_BINARY_DIR", "build")) / "bin" / "tailcast"

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.work = pathlib.Path(folder.name)

    def run_cli(self, *arguments, **options):
        return subprocess.run([self.program, *map(str, arguments)], capture_output=True, text=True, timeout=300,
                              **options)

    def succeed(self, *arguments, **options):
        result = self.run_cli(*arguments, **options)
        self.assertEqual(result.returncode, 0, f"tailcast {' '.join(map(str, arguments))}\n{result.stderr}")
        return result.stdout

    def succeed_json(self, *arguments):
        """Exactly one JSON document on standard output."""
        return json.loads(self.succeed(*arguments, "--json"))

    def refuse(self, *arguments, code=1, says=(), **options):
        """Fails with one line on standard error that contains `says`, and nothing on standard output."""
        result = self.run_cli(*arguments, "--quiet", **options)
        self.assertEqual(result.returncode, code, result.stderr)
        self.assertEqual(result.stdout, "")
        self.assertEqual(result.stderr.count("\n"), 1, result.stderr)
        self.assertTrue(result.stderr.startswith("tailcast "), result.stderr)
        for text in says if isinstance(says, tuple) else (says,):
            self.assertIn(str(text), result.stderr)
        return result.stderr


def limit_file_size(size):
    """A preexec_fn: a disk that is full after `size` bytes of a file."""
    return lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
