#!/usr/bin/env python3
"""Compiles every file of ours that declares what its locks guard with clang's thread-safety analysis.

Usage: thread_safety_test.py SOURCE_DIR BUILD_DIR

gcc builds the product but does not check the annotations; clang does. Exit code 77 means skipped.
"""

import concurrent.futures
import json
import os
import pathlib
import re
import shlex
import shutil
import subprocess
import sys
import tempfile

SKIPPED = 77
ANNOTATION = re.compile(r"ABSL_(GUARDED_BY|EXCLUSIVE_LOCKS_REQUIRED|LOCKS_EXCLUDED|PT_GUARDED_BY)")
OUR_INCLUDE = re.compile(r'^\s*#\s*include\s+"((?:core|server|client)/[^"]+)"', re.M)
# Flags of gcc, of the precompiled header and of outputs; with the number of arguments that follow.
DROPPED = {"-fpch-preprocess": 0, "-Winvalid-pch": 0, "-o": 1, "-c": 0, "-MD": 0, "-MT": 1, "-MF": 1, "-Wno-tsan": 0}


def is_annotated(source_dir, path):
    text = (source_dir / path).read_text()
    if ANNOTATION.search(text):
        return True
    headers = (source_dir / h for h in OUR_INCLUDE.findall(text))
    return any(h.exists() and ANNOTATION.search(h.read_text()) for h in headers)


def clang_command(entry, scratch):
    """The compile command of gcc as a check by clang, without gcc's precompiled header."""
    words = entry["arguments"] if "arguments" in entry else shlex.split(entry["command"])
    words = words[next(i for i, w in enumerate(words) if re.search(r"(g\+\+|c\+\+)[-\d.]*$", w)) + 1:]
    command = ["clang++", "-fsyntax-only", "-Wthread-safety", "-Werror=thread-safety", "-Wno-unknown-warning-option"]
    position = 0
    while position < len(words):
        word = words[position]
        if word in DROPPED:
            position += 1 + DROPPED[word]
            continue
        if word == "-include":
            # clang would pick up gcc's precompiled file that lies beside the header.
            header = pathlib.Path(words[position + 1])
            command += ["-include", shutil.copy(header, scratch / header.name)]
            position += 2
            continue
        if word != "-Werror" and not word.startswith("-fsanitize"):
            command.append(word)
        position += 1
    return command


def main():
    source_dir, build_dir = (pathlib.Path(a).resolve() for a in sys.argv[1:3])
    if not shutil.which("clang++"):
        print("clang++ is not installed")
        return SKIPPED
    database = json.loads((build_dir / "compile_commands.json").read_text())
    entries = {}
    for entry in database:
        path = pathlib.Path(entry["file"])
        if source_dir not in path.parents:
            continue
        relative = path.relative_to(source_dir)
        if relative.parts[0] in ("core", "server", "client") and is_annotated(source_dir, relative):
            entries[relative.as_posix()] = entry
    if not entries:
        print("no annotated file in compile_commands.json")
        return 1

    failed = 0
    with tempfile.TemporaryDirectory() as scratch, concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        commands = {path: clang_command(entry, pathlib.Path(scratch)) for path, entry in entries.items()}
        runs = {path: pool.submit(subprocess.run, command, cwd=entries[path]["directory"], capture_output=True, text=True)
                for path, command in commands.items()}
        for path, run in sorted(runs.items()):
            result = run.result()
            print(f"{'ok    ' if result.returncode == 0 else 'FAILED'} {path}")
            if result.returncode != 0:
                failed += 1
                print(result.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
