"""Calls that break, and what then: which failures pass, whom to ask next, when to give up."""
import random
import threading
import time

import grpc
from google.rpc import error_details_pb2, status_pb2

# What a broken connection looks like; RESOURCE_EXHAUSTED counts only with a delay.
BROKEN = (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.UNKNOWN, grpc.StatusCode.INTERNAL,
          grpc.StatusCode.CANCELLED, grpc.StatusCode.DEADLINE_EXCEEDED, grpc.StatusCode.ABORTED)
# What a service itself answers where another call goes on: ABORTED ends a stream that nobody read for long.
ASK_AGAIN = (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.ABORTED)
FIRST_DELAY, MAX_DELAY = 0.1, 5.0
# A connection that is silent for so long is asked for a sign of life, and given up if none comes: older
# grpcio reads the second option, 1.85 waits a minute unless the third says less. tailcastd hangs up on
# clients that ask more often than every 5 s.
CHANNEL_OPTIONS = (("grpc.keepalive_time_ms", 30_000), ("grpc.keepalive_timeout_ms", 20_000),
                   ("grpc.http2.ping_timeout_ms", 20_000))


class StreamError(Exception):
    """The stream cannot go on; the text says why and how far it came."""


class StreamCut(Exception):
    """A call ended before its rows did; the next call goes on. `delay`: what the server asked for."""

    def __init__(self, text, delay=None):
        super().__init__(text)
        self.delay = delay


def retry_delay(error):
    """Seconds that the server asks us to wait; None if it does not say."""
    for key, value in error.trailing_metadata() or ():
        if key != "grpc-status-details-bin":
            continue
        for detail in status_pb2.Status.FromString(value).details:
            info = error_details_pb2.RetryInfo()
            if detail.Unpack(info):
                return info.retry_delay.seconds + info.retry_delay.nanos * 1e-9
    return None


def has_reason(error):
    """True if a Tailcast service ended the call, not gRPC or a proxy."""
    for key, value in error.trailing_metadata() or ():
        if key == "grpc-status-details-bin":
            return any(detail.Is(error_details_pb2.ErrorInfo.DESCRIPTOR)
                       for detail in status_pb2.Status.FromString(value).details)
    return False


def as_cut(error):
    """A StreamCut if another attempt may help, else a StreamError."""
    text = f"{error.code().name}: {error.details()}"
    delay = retry_delay(error)
    if error.code() in ASK_AGAIN or (error.code() in BROKEN and not has_reason(error)):
        return StreamCut(text, delay)
    if error.code() is grpc.StatusCode.RESOURCE_EXHAUSTED and delay is not None:
        return StreamCut(text, delay)
    return StreamError(text)


class Attempts:
    """Which server to ask next, and when to give up."""

    def __init__(self, servers, retry_for):
        self._servers, self._retry_for = servers, retry_for
        self._number, self._failing_since, self._delay = 0, None, FIRST_DELAY

    @property
    def server(self):
        return self._servers[self._number % len(self._servers)]

    def note_progress(self):
        self._failing_since, self._delay = None, FIRST_DELAY

    def wait_after(self, cut, how_far):
        """Returns when the next server may be asked; StreamError once the time without progress is used up."""
        now = time.monotonic()
        self._failing_since = self._failing_since or now
        waited = now - self._failing_since
        if waited >= self._retry_for:
            raise StreamError(f"gave up after {waited:.0f} s without progress {how_far}: {self.server}: {cut}") from cut
        self._number += 1
        time.sleep(min(max(self._delay * random.uniform(0.75, 1.0), cut.delay or 0.0), self._retry_for - waited))
        self._delay = min(2 * self._delay, MAX_DELAY)


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
