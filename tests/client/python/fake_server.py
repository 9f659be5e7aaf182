"""A gRPC server whose Generate does what a test's script says: twin of tests/client/library/fake_server.h."""
import contextlib
import hashlib
import pathlib
import socket
import struct
import sys
import threading
from concurrent import futures

import grpc
import numpy as np
import xxhash
from google.protobuf import any_pb2, duration_pb2
from google.rpc import error_details_pb2, status_pb2

ROOT = pathlib.Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "client" / "python"))
import example_trainer  # noqa: E402
from stream_contract import Plan, address_of, recipe_of  # noqa: E402
from tailcast_api import (bundle_api, bundle_service, feature_api, feature_service, stream_api,  # noqa: E402
                          tensor_api)

DIMENSION = 4
COUNTS = [500, 200, 0, 12]
# That of rows_of().
PLAN = stream_api.Plan(class_weights=[stream_api.ClassWeight(class_index=index, weight=5) for index in range(4)])


def features_of(rows):
    """Arithmetic instead of diffusion."""
    rows = np.asarray(rows, np.float32)
    return rows[:, None] * 0.5 + np.arange(DIMENSION, dtype=np.float32)


def labels_of(rows, plan=PLAN):
    plan = Plan(plan)
    return np.array([plan.class_of(int(row)) for row in rows], np.int32)


def shard_rows(request, count):
    """Rows of the request's range, and the shard's next one, by looking at every row in turn."""
    shard, row, rows = request.rows.shard, request.rows.start_row, []
    shard_count, block = max(1, shard.shard_count), shard.block_row_count or 1024
    while len(rows) <= count:
        if (row - shard.origin_row) // block % shard_count == shard.shard_index:
            rows.append(row)
        row += 1
    return rows[:count], rows[count]


class FakeCall:
    """One call, for a script: yields what these functions return."""

    def __init__(self, request, number, context):
        self.request, self.number, self.context = request, number, context

    def header(self, variant=1):
        header = feature_api.GenerateHeader(feature_dimension=DIMENSION, chunk_row_count=64,
                                            data_type=self.request.data_type or tensor_api.DATA_TYPE_FLOAT32)
        header.stream.CopyFrom(self.request.stream)
        stream = header.stream
        stream.bundle_digest = hashlib.sha256(b"%d" % variant).digest()
        stream.numerics_id = hashlib.sha256(b"numerics").digest()
        stream.sampler.ddim.step_count = stream.sampler.ddim.step_count or 16
        if not stream.sampler.guidance_weights:
            stream.sampler.guidance_weights.append(0.0)
        header.recipe_digest = recipe_of(stream, Plan(stream.plan))
        header.address = address_of(stream, header.recipe_digest)
        header.feature_space_digest = hashlib.sha256(b"space").digest()
        return feature_api.GenerateResponse(header=header)

    def labels(self, rows):
        return labels_of(rows, self.request.stream.plan)

    def rows(self, count):
        return shard_rows(self.request, count)[0]

    def chunk(self, rows, wire="<f4"):
        features = features_of(rows)
        payload = (features.astype(wire) if wire != "bf16" else
                   (features.view(np.uint32) >> 16).astype("<u2")).tobytes()
        classes = self.labels(rows).astype("<i4").tobytes()
        return self.sealed(feature_api.GenerateResponse(chunk=feature_api.FeatureChunk(
            start_row=rows[0], row_count=len(rows), class_indices=classes, payload=payload)))

    @staticmethod
    def sealed(message):
        """The chunk with the checksum of what is in it."""
        chunk = message.chunk
        chunk.checksum = xxhash.xxh3_64_intdigest(chunk.class_indices + chunk.payload, seed=chunk.start_row)
        return message

    def summary(self, count):
        rows, next_row = shard_rows(self.request, count)
        total = 0
        for row, label, feature in zip(rows, self.labels(rows), features_of(rows)):
            data = struct.pack("<i", label) + feature.astype("<f4").tobytes()
            total += xxhash.xxh3_64_intdigest(data, seed=row)
        return feature_api.GenerateResponse(summary=feature_api.GenerateSummary(
            row_count=count, next_row=next_row, row_checksum_sum=total & (1 << 64) - 1))

    def serve(self, count, chunk_rows=64, with_summary=True):
        yield self.header()
        rows = self.rows(count)
        for first in range(0, count, chunk_rows):
            yield self.chunk(rows[first:first + chunk_rows])
        if with_summary:
            yield self.summary(count)

    def serve_all(self):
        yield from self.serve(self.request.rows.row_count)

    def hang(self):
        """Says nothing until the caller gives up."""
        gone = threading.Event()
        if self.context.add_callback(gone.set):
            gone.wait()

    def fail(self, code, text="", delay=None, reason=None):
        """Ends the call; with google.rpc details if there is a delay or a reason."""
        details = []
        if delay is not None:
            info = error_details_pb2.RetryInfo(retry_delay=duration_pb2.Duration(nanos=int(delay * 1e9)))
            details.append(info)
        if reason is not None:
            details.append(error_details_pb2.ErrorInfo(reason=reason, domain="tailcast"))
        if details:
            status = status_pb2.Status(code=code.value[0], message=text)
            for detail in details:
                packed = any_pb2.Any()
                packed.Pack(detail)
                status.details.append(packed)
            self.context.set_trailing_metadata((("grpc-status-details-bin", status.SerializeToString()),))
        self.context.abort(code, text)


class FakeServer(feature_service.FeatureServiceServicer, bundle_service.BundleServiceServicer):
    """Use as a context manager; `script(call)` is a generator of messages."""

    def __init__(self, script):
        self.script, self.requests = script, []
        self.server = grpc.server(futures.ThreadPoolExecutor(8))
        feature_service.add_FeatureServiceServicer_to_server(self, self.server)
        bundle_service.add_BundleServiceServicer_to_server(self, self.server)
        self.address = f"127.0.0.1:{self.server.add_insecure_port('127.0.0.1:0')}"

    def __enter__(self):
        self.server.start()
        return self

    def __exit__(self, *unused):
        self.server.stop(None).wait()

    def Generate(self, request, context):
        self.requests.append(request)
        yield from self.script(FakeCall(request, len(self.requests) - 1, context))

    def Estimate(self, request, context):
        return feature_api.EstimateResponse(header=FakeCall(request.generate, 0, context).header().header)

    def ListBundles(self, request, context):
        first = int(request.page_token or 9)
        return bundle_api.ListBundlesResponse(
            bundles=[bundle_api.Bundle(name=f"bundles/fake/versions/{first}")],
            next_page_token=str(first + 1) if first < 11 else "")

    def GetBundle(self, request, context):
        name = "bundles/fake/versions/2" if request.name.endswith("labels/stable") else request.name
        bundle = bundle_api.Bundle(name=name, class_count=len(COUNTS), training_image_counts=COUNTS)
        bundle.default_sampler.ddim.step_count = 16
        return bundle


@contextlib.contextmanager
def silent_server():
    """Address of a server that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield f"127.0.0.1:{listener.getsockname()[1]}"


class Wire:
    """A connection to a server that can go dead without a word, as a pulled cable does. Use as a context manager."""

    def __init__(self, address):
        self._host, _, port = address.partition(":")
        self._port, self._dead, self._sockets = int(port), False, []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self._listener.getsockname()[1]}"

    def __enter__(self):
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *unused):
        for end in (self._listener, *self._sockets):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()

    def cut(self):
        self._dead = True

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                near = self._listener.accept()[0]
                far = socket.create_connection((self._host, self._port))
                self._sockets += [near, far]
                for ends in ((near, far), (far, near)):
                    threading.Thread(target=self._forward, args=ends, daemon=True).start()

    def _forward(self, source, sink):
        with contextlib.suppress(OSError):
            while data := source.recv(1 << 16):
                if not self._dead:
                    sink.sendall(data)


def rows_of(server, **arguments):
    settings = {"rows": 300, "batch_rows": 50, "retry_for": 5.0, "verify_rows": True, **arguments}
    return example_trainer.TailcastRows(server.address, "fake@3", "each=5", counts=[1, 1, 1, 1], **settings)


def collect(rows):
    """Everything that the iterator yields, as one batch."""
    batches = list(rows)
    return example_trainer.Batch(*(np.concatenate([getattr(batch, field) for batch in batches])
                                   for field in ("features", "labels", "rows")))
