#!/usr/bin/env python3
"""Fails when a source file includes a folder or a library that its own folder may not use.

Usage: layering_test.py REPOSITORY_ROOT

CMake orders links, not includes, so it cannot catch this.
"""

import pathlib
import re
import sys

# Folder -> folders it may include, besides itself. Every folder with C++ in it
# must be listed; the order is from the bottom up.
PLAIN = ["core/base", "core/random", "core/contract", "core/io"]  # free of LibTorch
MODELS = ["core/encoders", "core/diffusion", "core/classifiers", "core/metrics"]
API = ["proto/tailcast", "proto/google"]  # generated
SERVER_PARTS = ["server/telemetry", "server/rpc", "server/convert", "server/auth", "server/bundles",
                "server/engine", "server/jobs"]
ALLOWED = {
    "core/base": [],
    "core/random": ["core/base"],
    "core/contract": ["core/base", "core/random"],
    "core/io": ["core/base", "core/random", "core/contract"],
    "core/tensor": PLAIN,
    "core/data": [*PLAIN, "core/tensor"],
    "core/encoders": [*PLAIN, "core/tensor", "core/data"],
    "core/diffusion": [*PLAIN, "core/tensor"],  # not core/data: a loss gets a noisy batch
    "core/classifiers": [*PLAIN, "core/tensor", "core/data"],
    "core/metrics": [*PLAIN, "core/tensor", "core/data"],
    "core/bundle": [*PLAIN, "core/tensor", "core/data", *MODELS],
    "core/training": [*PLAIN, "core/tensor", "core/data", *MODELS],
    "core/stream": ["core"],
    "proto/convert": ["core/base", "core/contract", *API],  # client/library uses it
    "proto/describe": ["core", "proto"],
    "server/telemetry": ["core/base"],
    "server/rpc": ["core/base", "core/contract", "proto", "server/telemetry"],
    "server/convert": ["core", "proto", "server/rpc"],
    "server/auth": ["core/base", "server/rpc"],
    "server/engine": ["core", "server/telemetry", "server/rpc"],
    "server/bundles": ["core", "proto/convert", "server/telemetry", "server/rpc", "server/convert",
                       "server/engine"],
    "server/jobs": ["core", "server/bundles", "server/telemetry"],
    "server/services": ["core", "proto", *SERVER_PARTS],
    "server": ["core", "proto", "server"],
    "client/library": [*PLAIN, *API, "proto/convert"],  # free of LibTorch
    "client/cli": ["client/library", "core", "proto"],
    "tests": ["core", "server", "client", "proto"],
}

# Libraries that a folder may not see.
TORCH = ("torch/", "ATen/", "c10/", "caffe2/")
GRPC = ("grpcpp/", "grpc/")
FLAGS = ("CLI/", "absl/flags/")
FORBIDDEN = {
    "core": (*GRPC, *FLAGS, "google/protobuf/", "tailcast/v1/"),
    **{folder: TORCH for folder in PLAIN},
    "server/rpc": TORCH,
    "proto/convert": (*TORCH, *GRPC, *FLAGS),
    "proto/describe": (*GRPC, *FLAGS),
    "server/convert": (*TORCH, *FLAGS),
    "server/bundles": (*GRPC, *FLAGS),
    "server/engine": (*GRPC, *FLAGS),
    "client/library": (*TORCH, *FLAGS),
}
INCLUDE = re.compile(r'^\s*#\s*include\s+["<]([^">]+)[">]')
SOURCES = {".h", ".cc", ".cpp", ".cu", ".cuh", ".inc"}
HOUSES = {folder.split("/")[0] for folder in ALLOWED}


def longest_holder(path, folders):
    """Returns the longest of `folders` that holds `path`, or None."""
    return max((f for f in folders if path.startswith(f + "/")), key=len, default=None)


def violations_of(path, text):
    folder = longest_holder(path, ALLOWED)
    if folder is None:
        yield f"{path}: its folder is not in the table"
        return
    for number, line in enumerate(text.splitlines(), start=1):
        match = INCLUDE.match(line)
        if not match:
            continue
        included = match[1]
        for house, libraries in FORBIDDEN.items():
            if path.startswith(house + "/") and included.startswith(libraries):
                yield f"{path}:{number}: {house} may not include <{included}>"
        if ".." in included.split("/"):
            yield f'{path}:{number}: "{included}" hides its layer; expected a path from the root'
        if included.split("/")[0] in HOUSES and not longest_holder(included, [folder, *ALLOWED[folder]]):
            yield f'{path}:{number}: {folder} may not include "{included}"'


def violations(root):
    for house in sorted(HOUSES):
        for file in sorted((root / house).rglob("*")):
            if file.suffix in SOURCES:
                yield from violations_of(file.relative_to(root).as_posix(), file.read_text())


def main():
    found = list(violations(pathlib.Path(sys.argv[1])))
    print("\n".join(found))
    sys.exit(bool(found))


if __name__ == "__main__":
    main()
