"""Checks what a server sends: twin of client/library/call_verifier.h. Every error is a ReplicaFault that names row,
value and what was expected.
"""
import dataclasses

import numpy as np
import xxhash

from calls import ReplicaFault
from stream_contract import END_OF_ROWS, Plan, address_of, recipe_of
from tailcast_api import tensor_api

MASK64 = (1 << 64) - 1
CLASS_BYTES = 4
ELEMENT_BYTES = {tensor_api.DATA_TYPE_FLOAT32: 4, tensor_api.DATA_TYPE_FLOAT16: 2, tensor_api.DATA_TYPE_BFLOAT16: 2}


@dataclasses.dataclass
class Batch:
    """Rows for one training step."""
    features: np.ndarray  # [n, D] float32
    labels: np.ndarray    # [n] int64
    rows: np.ndarray      # [n] int64: index in the stream of each row
    used: bool = False    # noted by TailcastRows


def decode(payload, data_type, dimension):
    """Bytes of the wire -> [n, D] float32."""
    if data_type == tensor_api.DATA_TYPE_FLOAT32:
        values = np.frombuffer(payload, "<f4")
    elif data_type == tensor_api.DATA_TYPE_FLOAT16:
        values = np.frombuffer(payload, "<f2").astype(np.float32)
    else:  # bfloat16 is the upper half of a float32
        values = (np.frombuffer(payload, "<u2").astype(np.uint32) << 16).view(np.float32)
    return values.reshape(-1, dimension)


def row_checksum_sum(rows, class_indices, payload):
    """Sum modulo 2^64 of the rows' checksums: equal for all ways to cut a stream into ranges."""
    size = len(payload) // len(rows)
    total = 0
    for k, row in enumerate(rows):
        data = class_indices[CLASS_BYTES * k:CLASS_BYTES * (k + 1)] + payload[size * k:size * k + size]
        total += xxhash.xxh3_64_intdigest(data, seed=int(row))
    return total & MASK64


def check_header(header, data_type):
    """The header's Plan. Every field is resolved and in range, and recipe and address are those of its own stream."""
    for field in ("address", "recipe_digest", "feature_space_digest"):
        size = len(getattr(header, field))
        if size != 32:
            raise ReplicaFault(f"header.{field} has {size} bytes; expected 32")
    if header.feature_dimension < 1:
        raise ReplicaFault(f"header.feature_dimension is {header.feature_dimension}; expected at least 1")
    expected = data_type or tensor_api.DATA_TYPE_FLOAT32
    if header.data_type != expected:
        raise ReplicaFault(f"header.data_type is {header.data_type}; expected {expected}")
    try:
        plan = Plan(header.stream.plan)
        if header.stream.sampler.HasField("ddpm"):
            return plan  # the number of steps that the digest of this sampler holds is not in the message
        recipe = recipe_of(header.stream, plan)
        address = address_of(header.stream, recipe)
    except ValueError as error:
        raise ReplicaFault(f"header.stream: {error}") from error
    for field, own in (("recipe_digest", recipe), ("address", address)):
        if getattr(header, field) != own:
            raise ReplicaFault(f"header.{field} is {getattr(header, field).hex()}; its stream has {own.hex()}")
    return plan


class CallVerifier:
    """Checks the chunks and the summary of one call: order, sizes, classes, checksums."""

    def __init__(self, header, plan, shard, rows, with_row_sums=False):
        """`header`: a checked one, and its plan. `rows`: which of the shard's were asked for, as (first, count); count
        None: without end. `with_row_sums`: checks each row's own checksum too.
        """
        self._header, self._plan, self._shard, self._with_row_sums = header, plan, shard, with_row_sums
        self._first, self._count = rows
        self._row_bytes = header.feature_dimension * ELEMENT_BYTES[header.data_type]
        self.row_count, self._checksum_sum = 0, 0

    def check(self, chunk):
        """The chunk as a Batch, and the sum of its rows' own checksums (0 if they are not checked)."""
        self._check_shape(chunk)
        first = self._first + self.row_count
        rows = self._shard.row_at(np.arange(first, first + chunk.row_count, dtype=np.int64))
        labels = np.frombuffer(chunk.class_indices, "<i4").astype(np.int64)
        # One row of each chunk: enough to see a server that understands the plan differently.
        expected = self._plan.class_of(int(rows[0]))
        if labels[0] != expected:
            raise ReplicaFault(f"row {rows[0]} has class {labels[0]}; the plan says {expected}")
        checksums = row_checksum_sum(rows, chunk.class_indices, chunk.payload) if self._with_row_sums else 0
        self._checksum_sum = (self._checksum_sum + checksums) & MASK64
        self.row_count += chunk.row_count
        features = decode(chunk.payload, self._header.data_type, self._header.feature_dimension)
        return Batch(features, labels, rows), checksums

    def _check_shape(self, chunk):
        row = self._next_row()
        if chunk.start_row != row:
            raise ReplicaFault(f"a chunk starts at row {chunk.start_row}; expected row {row}")
        left = END_OF_ROWS if self._count is None else self._count - self.row_count
        if not 1 <= chunk.row_count <= left:
            raise ReplicaFault(f"the chunk at row {row} has {chunk.row_count} rows; expected [1, {left}]")
        sizes = (len(chunk.class_indices), len(chunk.payload))
        expected = (chunk.row_count * CLASS_BYTES, chunk.row_count * self._row_bytes)
        if sizes != expected:
            raise ReplicaFault(f"the chunk at row {row} has {sizes[0]} bytes of classes and {sizes[1]} of features; "
                               f"expected {expected[0]} and {expected[1]}")
        checksum = xxhash.xxh3_64(seed=chunk.start_row)
        checksum.update(chunk.class_indices)
        checksum.update(chunk.payload)
        if checksum.intdigest() != chunk.checksum:
            raise ReplicaFault(f"the chunk at row {row} has checksum {checksum.intdigest():#018x}; expected "
                               f"{chunk.checksum:#018x}")

    def check_summary(self, summary):
        received = {"row_count": self.row_count, "next_row": self._next_row()}
        if self._with_row_sums:
            received["row_checksum_sum"] = self._checksum_sum
        for field, expected in received.items():
            if getattr(summary, field) != expected:
                raise ReplicaFault(f"summary.{field} is {getattr(summary, field)}; received {expected}")

    def _next_row(self):
        return min(self._shard.row_at(self._first + self.row_count), END_OF_ROWS - 1)
