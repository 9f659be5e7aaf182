#!/usr/bin/env python3
"""Plants forbidden includes in a copy of the sources; layering_test.py must name each of them.

Usage: planted_includes_test.py REPOSITORY_ROOT
"""

import pathlib
import shutil
import subprocess
import sys
import tempfile

HOUSES = ["core", "server", "client", "proto", "tests"]
CHECK = pathlib.Path(__file__).with_name("layering_test.py")

# File -> an include that its folder may not have.
FORBIDDEN = {
    "core/stream/planted.cc": '#include "server/engine/tile_scheduler.h"',
    "core/bundle/planted.cc": "#include <grpcpp/grpcpp.h>",
    "core/base/planted.h": "#include <google/protobuf/message.h>",
    "core/training/planted.cc": "#include <CLI/CLI.hpp>",
    "core/diffusion/losses/planted.cc": '#include "core/data/class_counts.h"',
    "core/contract/planted.cc": '#include "core/io/safetensors.h"',
    "core/io/planted.h": "#include <ATen/core/Tensor.h>",
    "core/metrics/planted.cc": '#include "core/training/ema.h"',
    "core/tensor/planted.cc": '#include "proto/tailcast/v1/tensor.pb.h"',
    "client/library/planted.cc": "#include <torch/types.h>",
    "client/library/planted.h": '#include "core/stream/row_generator.h"',
    "client/library/planted_too.h": '#include "proto/describe/bundle_message.h"',
    "proto/convert/planted.cc": '#include "proto/describe/generate_header.h"',
    "client/cli/planted.cc": '#include "server/server.h"',
    "server/engine/planted.cc": "  #  include <grpcpp/server.h>",
    "server/convert/planted.cc": '#include "server/engine/tile_scheduler.h"',
    "server/telemetry/planted.h": '#include "core/stream/row_generator.h"',
    "server/rpc/planted.cu": '#include "core/stream/row_generator.h"',
    "core/random/planted.cc": '#include "../data/class_counts.h"',
    "server/unknown_part/planted.cc": '#include "client/library/client.h"',
}

# File -> an include that its folder may have.
ALLOWED = {
    "core/stream/fine.cc": '#include "core/bundle/manifest.h"',
    "core/diffusion/samplers/fine.cc": '#include "core/diffusion/noise_schedule.h"',
    "core/base/fine.cc": "#include <openssl/evp.h>",
    "client/library/fine.cc": '#include "proto/tailcast/v1/stream.pb.h"',
    "client/library/fine_too.cc": '#include "proto/convert/resource_names.h"',
    "client/cli/fine.cc": '#include "core/stream/row_generator.h"',
    "server/services/fine.cc": '#include "server/engine/tile_scheduler.h"',
    "server/fine.cc": '#include "server/services/feature_service.h"',
    "tests/core/base/fine.cc": '#include "tests/core/base/scratch_folder.h"',
}


def copy_sources(root, target):
    for house in HOUSES:
        shutil.copytree(root / house, target / house,
                        ignore=lambda folder, names: [n for n in names if n == "__pycache__"])


def plant(root, files):
    for path, line in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(f"// planted\n{line}\n")


def check(root):
    result = subprocess.run([sys.executable, str(CHECK), str(root)], capture_output=True, text=True)
    return result.returncode, [line for line in result.stdout.splitlines() if line]


def main():
    with tempfile.TemporaryDirectory() as folder:
        copy = pathlib.Path(folder)
        copy_sources(pathlib.Path(sys.argv[1]), copy)
        plant(copy, ALLOWED)
        code, before = check(copy)
        assert not [line for line in before if line.startswith(tuple(ALLOWED))], before

        plant(copy, FORBIDDEN)
        code, found = check(copy)
        assert code == 1, f"exit code {code}; expected 1"
        for path, line in FORBIDDEN.items():
            named = [f for f in found if f.startswith(path + ":")]
            assert len(named) == 1, f"{path} with {line!r} is named {len(named)} times: {found}"
        assert len(found) == len(before) + len(FORBIDDEN), found
    print(f"{len(FORBIDDEN)} planted includes were named, {len(ALLOWED)} good ones were not")


if __name__ == "__main__":
    main()
