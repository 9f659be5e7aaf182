#!/usr/bin/env python3
"""Servers that send what is wrong: each is refused, and the next replica goes on with the same rows."""
import os
import unittest
from unittest import mock

import grpc
import numpy as np
from fake_server import FakeServer, collect, features_of, labels_of, rows_of, tensor_api
from example_trainer import StreamError

CODES = grpc.StatusCode
# What a service says where another replica may do better, and where none can.
OF_REPLICA = ((CODES.FAILED_PRECONDITION, "BUNDLE_DIGEST_MISMATCH"), (CODES.FAILED_PRECONDITION, "ADDRESS_MISMATCH"),
              (CODES.FAILED_PRECONDITION, "NUMERICS_UNAVAILABLE"), (CODES.NOT_FOUND, "BUNDLE_NOT_FOUND"),
              (CODES.DATA_LOSS, "BUNDLE_DAMAGED"), (CODES.DATA_LOSS, None), (CODES.INTERNAL, "INTERNAL"))
OF_REQUEST = ((CODES.INVALID_ARGUMENT, "INVALID_FIELD"), (CODES.OUT_OF_RANGE, "ROW_OUT_OF_RANGE"),
              (CODES.FAILED_PRECONDITION, "FEATURE_SPACE_MISMATCH"), (CODES.FAILED_PRECONDITION, None),
              (CODES.NOT_FOUND, None), (CODES.RESOURCE_EXHAUSTED, None), (CODES.UNIMPLEMENTED, None))


def good(call):
    yield from call.serve_all()


def failing(code, reason, after=0):
    def script(call):
        if after:
            yield from call.serve(after, with_summary=False)
        call.fail(code, "no", reason=reason)
        yield
    return script


def with_header(change):
    """A server whose header is wrong in one field."""
    def script(call):
        first, *rest = call.serve_all()
        change(first.header)
        yield from (first, *rest)
    return script


def with_chunk(change, seal=True):
    """A server whose second chunk is wrong; with the checksum of what it sends."""
    def script(call):
        header, first, second, *rest = call.serve_all()
        change(second.chunk)
        yield from (header, first, call.sealed(second) if seal else second, *rest)
    return script


def with_summary(change, with_more=False):
    def script(call):
        *rows, summary = call.serve_all()
        change(summary.summary)
        yield from (*rows, summary)
        if with_more:
            yield rows[-1]
    return script


def assign(field, value):
    return lambda message: setattr(message, field, value)


def grow(chunk):
    """One row more than the bytes have."""
    chunk.row_count += 1


def relabel(chunk):
    chunk.class_indices = bytes([(chunk.class_indices[0] + 1) % 4]) + chunk.class_indices[1:]


def cut_payload(chunk):
    chunk.payload = chunk.payload[:-1]


def cut_classes(chunk):
    chunk.class_indices = chunk.class_indices[:-4]


def send_too_many(call):
    header, *_ = call.serve_all()
    yield from (header, call.chunk(call.rows(301)), call.summary(301))


def other_plan(header):
    header.stream.plan.order_seed += 1


def skip_header(call):
    yield from list(call.serve_all())[1:]


def second_header(call):
    header, *rest = call.serve_all()
    yield from (header, header, *rest)


WRONG = {
    "the first message is not a header": skip_header,
    "header.address has 3 bytes": with_header(assign("address", b"abc")),
    "header.recipe_digest has 0 bytes": with_header(assign("recipe_digest", b"")),
    "header.feature_space_digest has 0 bytes": with_header(assign("feature_space_digest", b"")),
    "header.address is 6162.*; its stream has": with_header(assign("address", b"ab".ljust(32))),
    "header.recipe_digest is .*; its stream has": with_header(other_plan),
    "header.stream: plan has a period of 0": with_header(lambda header: header.stream.plan.Clear()),
    "header.feature_dimension is 0": with_header(assign("feature_dimension", 0)),
    "header.data_type is 2; expected 1": with_header(assign("data_type", tensor_api.DATA_TYPE_FLOAT16)),
    "a second header; expected a chunk or the summary": second_header,
    "a chunk starts at row 65; expected row 64": with_chunk(assign("start_row", 65)),
    "at row 64 has 0 rows": with_chunk(assign("row_count", 0)),
    "at row 64 has 2147483647 rows": with_chunk(assign("row_count", (1 << 31) - 1)),
    "at row 64 has 256 bytes of classes and 1024 of features; expected 260 and 1040": with_chunk(grow),
    "at row 64 has 256 bytes of classes and 1023 of features": with_chunk(cut_payload),
    "at row 64 has 252 bytes of classes": with_chunk(cut_classes),
    "at row 64 has checksum 0x": with_chunk(relabel, seal=False),
    "row 64 has class .; the plan says .": with_chunk(relabel),
    "at row 0 has 301 rows; expected .1, 300.": send_too_many,
    "a message follows the summary": with_summary(lambda summary: None, with_more=True),
}
# Behind rows that were given.
DISOWNED = {
    "summary.row_count is 299; received 300": with_summary(assign("row_count", 299)),
    "summary.next_row is 299; received 300": with_summary(assign("next_row", 299)),
    "summary.row_checksum_sum is 1; received": with_summary(assign("row_checksum_sum", 1)),
}


class RefusalTest(unittest.TestCase):
    def expect_rows(self, batch):
        np.testing.assert_array_equal(batch.rows, np.arange(300))
        np.testing.assert_array_equal(batch.features, features_of(batch.rows))
        np.testing.assert_array_equal(batch.labels, labels_of(batch.rows))

    def test_wrong_messages_are_named_and_never_given(self):
        for text, script in (WRONG | DISOWNED).items():
            with self.subTest(text), FakeServer(script) as server:
                rows = rows_of(server, batch_rows=1)
                seen = []
                with self.assertRaisesRegex(StreamError, f"{server.address}: .*{text}"):
                    seen.extend(batch.rows[0] for batch in rows)
                self.assertEqual(seen, list(range(len(seen))))
                self.assertEqual(len(server.requests), 1)

    def test_the_next_replica_goes_on_behind_wrong_messages(self):
        for text, script in WRONG.items():
            with self.subTest(text), FakeServer(script) as wrong, FakeServer(good) as server:
                rows = rows_of(wrong)
                rows.servers.append(server.address)
                self.expect_rows(collect(rows))
                self.assertEqual(len(wrong.requests), 1)

    def test_no_replica_makes_rows_good_that_their_own_server_disowns(self):
        for text, script in DISOWNED.items():
            with self.subTest(text), FakeServer(script) as wrong, FakeServer(good) as server:
                rows = rows_of(wrong)
                rows.servers.append(server.address)
                with self.assertRaisesRegex(StreamError, f"{wrong.address}: {text}"):
                    collect(rows)
                self.assertEqual(len(server.requests), 0)

    def test_the_next_replica_goes_on_where_this_one_cannot(self):
        for code, reason in OF_REPLICA:
            for after in (0, 100):
                with self.subTest(f"{code} {reason} {after}"), FakeServer(failing(code, reason, after)) as first, \
                        FakeServer(good) as second:
                    rows = rows_of(first)
                    rows.servers.append(second.address)
                    self.expect_rows(collect(rows))
                    self.assertEqual([request.rows.start_row for request in second.requests], [after])

    def test_a_resumed_stream_finds_the_replica_that_has_it(self):
        def other_version(call):
            yield call.header(variant=2)
        with FakeServer(other_version) as first, FakeServer(good) as second:
            begun = rows_of(second)
            next(iter(begun))
            resumed = rows_of(first)
            resumed.servers.append(second.address)
            resumed.load_state_dict(begun.state_dict())
            np.testing.assert_array_equal(collect(resumed).rows, np.arange(50, 300))

    def test_a_refused_replica_is_not_asked_again(self):
        def cutting(call):
            yield from call.serve(min(100, call.request.rows.row_count), with_summary=False)
        with FakeServer(failing(CODES.DATA_LOSS, "BUNDLE_DAMAGED")) as damaged, FakeServer(cutting) as server:
            rows = rows_of(server)
            rows.servers.append(damaged.address)
            self.expect_rows(collect(rows))
            self.assertEqual(len(damaged.requests), 1)

    def test_no_replica_is_asked_after_an_error_of_the_request(self):
        for code, reason in OF_REQUEST:
            with self.subTest(f"{code} {reason}"), FakeServer(failing(code, reason)) as first, FakeServer(good) as second:
                rows = rows_of(first)
                rows.servers.append(second.address)
                with self.assertRaisesRegex(StreamError, "no"):
                    collect(rows)
                self.assertEqual((len(first.requests), len(second.requests)), (1, 0))

    def test_the_last_error_says_what_every_replica_did(self):
        with FakeServer(failing(CODES.DATA_LOSS, "BUNDLE_DAMAGED")) as first, \
                FakeServer(failing(CODES.INTERNAL, "INTERNAL")) as second:
            rows = rows_of(first)
            rows.servers.append(second.address)
            with self.assertRaisesRegex(StreamError, f"^{second.address}: INTERNAL: no; refused: {first.address}: DATA_LOSS"):
                collect(rows)
            rows.servers[1] = "127.0.0.1:1"
            rows.retry_for = 0.3
            with self.assertRaisesRegex(StreamError, f"gave up .*127.0.0.1:1: .*; refused: {first.address}: DATA_LOSS"):
                collect(rows)

    def test_the_question_which_stream_it_is_goes_to_the_next_replica_too(self):
        class Lacking(FakeServer):
            def ListBundles(self, request, context):
                return type(super().ListBundles(request, context))()

        class Lying(FakeServer):
            def Estimate(self, request, context):
                answer = super().Estimate(request, context)
                answer.header.address = bytes(32)
                return answer
        with Lacking(good) as lacking, Lying(good) as lying, FakeServer(good) as server:
            rows = rows_of(server)
            rows.bundle = "fake"
            rows.servers = [lacking.address, lying.address, server.address]
            self.assertEqual(rows.resolve().stream.bundle, "bundles/fake/versions/11")
            rows.servers, rows.header = rows.servers[:2], None
            with self.assertRaisesRegex(StreamError, f"{lying.address}: header.address .*refused: {lacking.address}: bundle 'f"):
                rows.resolve()

    def test_an_error_behind_the_summary_costs_no_call(self):
        def script(call):
            yield from call.serve_all()
            call.fail(CODES.UNAVAILABLE, "draining")
        with FakeServer(script) as server:
            self.expect_rows(collect(rows_of(server, retry_for=0.0)))
            self.assertEqual(len(server.requests), 1)

    def test_details_that_do_not_parse_are_none(self):
        def script(call):
            call.context.set_trailing_metadata((("grpc-status-details-bin", b"\xff\xff"),))
            call.context.abort(CODES.INVALID_ARGUMENT, "no")
            yield
        with FakeServer(script) as server, self.assertRaisesRegex(StreamError, "INVALID_ARGUMENT: no"):
            collect(rows_of(server))


class ProxyTest(unittest.TestCase):
    def test_a_proxy_for_the_web_is_not_asked_for_rows(self):
        nobody = "http://127.0.0.1:1"
        names = ("grpc_proxy", "http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY")
        with FakeServer(good) as server, mock.patch.dict(os.environ, {name: nobody for name in names}):
            for name in ("no_proxy", "NO_PROXY", "no_grpc_proxy"):
                os.environ.pop(name, None)
            self.assertEqual(len(collect(rows_of(server, retry_for=0.5)).rows), 300)


if __name__ == "__main__":
    unittest.main()
