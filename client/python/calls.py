"""Calls that break, and what then: which failures pass, whom to ask next, when to give up."""
import random
import threading
import time

import grpc
from google.protobuf.message import DecodeError
from google.rpc import error_details_pb2, status_pb2

# What a broken connection looks like; RESOURCE_EXHAUSTED counts only with a delay.
BROKEN = (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.UNKNOWN, grpc.StatusCode.INTERNAL,
          grpc.StatusCode.CANCELLED, grpc.StatusCode.DEADLINE_EXCEEDED, grpc.StatusCode.ABORTED)
# What a service itself answers where another call goes on: ABORTED ends a stream that nobody read for long.
ASK_AGAIN = (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.ABORTED)
# What is wrong with one replica and need not be with another, by code and by reason.
FAULTY = (grpc.StatusCode.DATA_LOSS, grpc.StatusCode.INTERNAL)
FAULTY_REASONS = ("ADDRESS_MISMATCH", "BUNDLE_DIGEST_MISMATCH", "NUMERICS_UNAVAILABLE", "BUNDLE_NOT_FOUND")
FIRST_DELAY, MAX_DELAY = 0.1, 5.0
# A connection that is silent for so long is asked for a sign of life, and given up if none comes: older
# grpcio reads the second option, 1.85 waits a minute unless the third says less. tailcastd hangs up on
# clients that ask more often than every 5 s. Loopback and clusters need no proxy; an http_proxy meant for the
# web would break them.
CHANNEL_OPTIONS = (("grpc.keepalive_time_ms", 30_000), ("grpc.keepalive_timeout_ms", 20_000),
                   ("grpc.http2.ping_timeout_ms", 20_000), ("grpc.enable_http_proxy", 0))


class StreamError(Exception):
    """The stream cannot go on; the text says why and how far it came."""


class ReplicaFault(StreamError):
    """This server cannot go on with the stream, or sent what is wrong; another one may be able to."""


class StreamCut(Exception):
    """A call ended before its rows did; the next call goes on. `delay`: what the server asked for."""

    def __init__(self, text, delay=None):
        super().__init__(text)
        self.delay = delay


def detail_of(error, kind):
    """The google.rpc detail of a call's error; None if it has none, or one that does not parse."""
    for key, value in error.trailing_metadata() or ():
        if key != "grpc-status-details-bin":
            continue
        try:
            for detail in status_pb2.Status.FromString(value).details:
                found = kind()
                if detail.Unpack(found):
                    return found
        except DecodeError:
            return None
    return None


def retry_delay(error):
    """Seconds that the server asks us to wait; None if it does not say."""
    info = detail_of(error, error_details_pb2.RetryInfo)
    return None if info is None else info.retry_delay.seconds + info.retry_delay.nanos * 1e-9


def reason_of(error):
    """Why a Tailcast service ended the call; None if it was gRPC or a proxy."""
    info = detail_of(error, error_details_pb2.ErrorInfo)
    return None if info is None or info.domain != "tailcast" else info.reason


def failure_of(error):
    """StreamCut if another attempt may help, ReplicaFault if another server may, else StreamError."""
    text = f"{error.code().name}: {error.details()}"
    delay, reason = retry_delay(error), reason_of(error)
    if error.code() in ASK_AGAIN or (error.code() in BROKEN and reason is None):
        return StreamCut(text, delay)
    if error.code() is grpc.StatusCode.RESOURCE_EXHAUSTED and delay is not None:
        return StreamCut(text, delay)
    return ReplicaFault(text) if error.code() in FAULTY or reason in FAULTY_REASONS else StreamError(text)


class Attempts:
    """Which server to ask next, and when to give up."""

    def __init__(self, servers, retry_for):
        self._servers, self._retry_for = list(servers), retry_for
        self._current, self._failing_since, self._delay = 0, None, FIRST_DELAY
        self._refused = []  # what the servers did that are not asked again

    @property
    def server(self):
        return self._servers[self._current]

    def note_progress(self):
        self._failing_since, self._delay = None, FIRST_DELAY

    def recover(self, failure, how_far):
        """Returns when the next server may be asked. StreamError once the time without progress is used up, or when
        the last server turned out to be faulty.
        """
        if isinstance(failure, ReplicaFault):
            self._refuse(failure)
        else:
            self._wait_after(failure, how_far)

    def _refuse(self, fault):
        """A server that fails where another need not is not asked again while there are others."""
        if len(self._servers) == 1:
            raise StreamError(f"{self.server}: {fault}{self._refusals()}") from fault
        self._refused.append(f"{self.server}: {fault}")
        del self._servers[self._current]
        self._current %= len(self._servers)

    def _wait_after(self, cut, how_far):
        now = time.monotonic()
        self._failing_since = self._failing_since or now
        waited = now - self._failing_since
        if waited >= self._retry_for:
            raise StreamError(f"gave up after {waited:.0f} s without progress {how_far}: {self.server}: {cut}"
                              f"{self._refusals()}") from cut
        self._current = (self._current + 1) % len(self._servers)
        time.sleep(min(max(self._delay * random.uniform(0.75, 1.0), cut.delay or 0.0), self._retry_for - waited))
        self._delay = min(2 * self._delay, MAX_DELAY)

    def _refusals(self):
        return "".join(f"; refused: {text}" for text in self._refused)


class Messages:
    """Messages of a call, as an iterator; StreamCut if the reader waits `idle_timeout` seconds for one.

    A reader that takes its time does not count as waiting.
    """

    def __init__(self, call, idle_timeout):
        self._call, self._idle_timeout = call, idle_timeout
        self._asked_at, self._gave_up = None, False
        self._closed = threading.Event()
        threading.Thread(target=self._watch, daemon=True).start()

    def __iter__(self):
        return self

    def __next__(self):
        self._asked_at = time.monotonic()
        try:
            return next(self._call)
        except grpc.RpcError as error:
            if self._gave_up:
                raise StreamCut(f"no message for {self._idle_timeout:g} s") from error
            raise
        finally:
            self._asked_at = None

    def close(self):
        self._closed.set()

    def _watch(self):
        while not self._closed.wait(self._idle_timeout / 4):
            asked_at = self._asked_at
            if asked_at is not None and time.monotonic() - asked_at >= self._idle_timeout:
                self._gave_up = True
                self._call.cancel()
                return
