"""The built programs, for tests that run them: servers that can be killed, commands, small bundles."""
import json
import os
import pathlib
import signal
import socket
import subprocess
import sys
import time

BUILD = pathlib.Path(os.environ.get("TAILCAST_BINARY_DIR", pathlib.Path(__file__).resolve().parents[2] / "build"))
TAILCAST = BUILD / "bin" / "tailcast"
TAILCASTD = BUILD / "bin" / "tailcastd"
MAKE_BUNDLE = BUILD / "tests" / "bin" / "make_bundle"
SKIPPED = 77


def require(*programs):
    """Ends the test as skipped if a program is not built."""
    missing = [str(program) for program in programs if not program.exists()]
    if missing:
        print(f"not built: {', '.join(missing)}")
        sys.exit(SKIPPED)


def make_bundle(repository, name, **options):
    """Publishes a bundle with drawn weights; returns NAME@VERSION."""
    flags = [text for key, value in options.items() for text in (f"--{key}", str(value))]
    return subprocess.run([MAKE_BUNDLE, repository, name, *flags], check=True, capture_output=True,
                          text=True).stdout.strip()


def tailcast(*arguments, **options):
    """Runs one command to its end."""
    return subprocess.run([TAILCAST, *map(str, arguments)], capture_output=True, text=True, timeout=120, **options)


def start_tailcast(*arguments):
    """Runs a command in the background, in a process group of its own."""
    return subprocess.Popen([TAILCAST, *map(str, arguments)], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                            text=True)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_until(condition, seconds=30):
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError("the condition did not come true")
        time.sleep(0.005)


class Server:
    """A tailcastd on a port that stays the same over restarts. Use as a context manager."""

    def __init__(self, repository, *flags, port=None):
        self.repository, self.flags = repository, flags
        self.port = port or free_port()
        self.process = None

    @property
    def address(self):
        return f"127.0.0.1:{self.port}"

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *unused):
        if self.process is not None:
            self.kill()

    def start(self):
        self.process = subprocess.Popen([TAILCASTD, "--repository", self.repository, "--listen", self.address,
                                         *map(str, self.flags)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                                        text=True)
        line = self.process.stdout.readline()
        if line.strip() != f"listening on {self.address}":
            raise RuntimeError(f"tailcastd said {line!r}")

    def end(self, number):
        self.process.send_signal(number)
        code = self.process.wait(timeout=60)
        self.process.stdout.close()
        self.process = None
        return code

    def kill(self):
        return self.end(signal.SIGKILL)

    def stop(self):
        return self.end(signal.SIGTERM)


def json_of(result):
    """The document that a command with --json printed."""
    if result.returncode != 0:
        raise AssertionError(f"exit code {result.returncode}: {result.stderr}")
    return json.loads(result.stdout)
