#!/usr/bin/env python3
"""Train a classifier on rows that a Tailcast server generates: an example to copy from.

`TailcastRows` is all that a trainer needs. It is an iterator over batches of generated features that

* checks every chunk's order, size, class and checksum, and that header and summary fit,
* goes on from the next row when the connection breaks, the server restarts or falls silent, and at the
  next server when one would send other bytes or sends wrong ones,
* knows which rows it has yielded, so a checkpoint resumes with exactly the missing ones, and
* splits the rows over ranks and DataLoader workers without any talk between them.

    rows = TailcastRows("127.0.0.1:50071", "fashion-mnist-lt:stable", "balance-to=5900",
                        batch_rows=256, rank=rank, world_size=world_size)
    if checkpoint is not None:
        rows.load_state_dict(checkpoint["rows"])
    for batch in rows:                       # batch.features [n, D] f32, batch.labels [n] i64
        train_step(batch.features, batch.labels)
        save({"model": ..., "rows": rows.state_dict()})

A row is the same bytes whenever and wherever it is asked for, so all that a checkpoint has to keep is
the stream's header (the resume token: bundle version, plan, sampler, seed, arithmetic) and the rows
that were used.

With PyTorch, `TailcastRows` is an IterableDataset. Each worker takes a shard of its own. Workers read
ahead of the training step, so there the training process says itself what it used:

    rows.resolve()                           # all workers take the same stream
    for batch in DataLoader(rows, batch_size=None, num_workers=4, multiprocessing_context="spawn"):
        train_step(batch.features, batch.labels)
        rows.mark_used(batch)                # then save rows.state_dict()

A resumed run may have another number of workers. Another number of ranks or other blocks need a state that
knows what all ranks used: merge_states() of theirs.

Needs grpcio, numpy, xxhash and googleapis-common-protos, and the Python code of the public API that the
build makes (see tailcast_api.py). Run as a program it fits a softmax classifier:

    python example_trainer.py --server 127.0.0.1:50071 --bundle fashion-mnist-lt --plan each=2000
"""

import argparse
import base64
import contextlib
import dataclasses
import json
import os
import pathlib
import re
import sys

import grpc
import numpy as np
from google.protobuf.message import DecodeError

from call_verifier import MASK64, Batch, CallVerifier, check_header
from calls import CHANNEL_OPTIONS, Attempts, Messages, ReplicaFault, StreamCut, StreamError, failure_of
from row_sets import RowSet, Shard, plan_weights
from row_state import STATE_FORMAT, check_state, merge_states  # noqa: F401
from softmax_classifier import SoftmaxClassifier
from stream_contract import address_text
from tailcast_api import bundle_api, bundle_service, feature_api, feature_service, stream_api, tensor_api

try:
    from torch.utils.data import IterableDataset, get_worker_info
except (ImportError, OSError):  # OSError: a torch without its libraries
    IterableDataset, get_worker_info = object, lambda: None


class TailcastRows(IterableDataset):
    """Batches of generated rows, in order, each row once, every byte checked.

    server       "host:port", or several replicas with commas
    bundle       NAME (its highest version), NAME@VERSION or NAME:LABEL
    plan         rule such as "each=1000", see plan_weights(); or a tailcast.v1.Plan
    rows         number of rows for all ranks together; None: without end
    batch_rows   rows of a batch; the last one may be smaller
    max_chunk_bytes: features of one message, at most; 0: what the server takes by itself (256 KiB)
    counts       training rows per class for the rule; None: the bundle's
    rank, world_size, block_rows: this trainer takes blocks of `block_rows` rows in turn with the others.
                 block_rows = batch_rows gives each rank its rows of a common step. Its DataLoader
                 workers take the rank's blocks in turn.
    verify_rows  also checks each row's own checksum (slow in Python: about a million rows a second)
    retry_for    seconds without progress, from the first failure on, before it gives up
    call_timeout seconds that a question (which bundle, which stream) may take
    idle_timeout seconds to wait for the next message of a stream before it is asked for anew
    """

    def __init__(self, server, bundle, plan, *, seed=0, order_seed=0, repeat_periods=0, steps=None,
                 guidance=None, counts=None, start_row=0, rows=None, batch_rows=1024,
                 data_type=tensor_api.DATA_TYPE_FLOAT32, max_chunk_bytes=0, rank=0, world_size=1, block_rows=1024,
                 verify_rows=False, retry_for=60.0, call_timeout=20.0, idle_timeout=60.0):
        self.servers = server.split(",")
        self.bundle, self.plan, self.counts = bundle, plan, counts
        self.seed, self.order_seed, self.repeat_periods = seed, order_seed, repeat_periods
        self.steps, self.guidance = steps, guidance
        self.data_type, self.max_chunk_bytes = data_type, max_chunk_bytes
        self.origin, self.end_row = start_row, None if rows is None else start_row + rows
        if not 0 <= rank < world_size or batch_rows < 1 or block_rows < 1:
            raise ValueError(f"rank {rank} of world_size {world_size}, batch_rows {batch_rows}, block_rows "
                             f"{block_rows}: expected 0 <= rank < world_size and at least 1 row")
        self.batch_rows, self.block_rows = batch_rows, block_rows
        self.rank, self.world_size = rank, world_size
        self.verify_rows, self.retry_for = verify_rows, retry_for
        self.call_timeout, self.idle_timeout = call_timeout, idle_timeout
        self.header = None  # feature_api.GenerateHeader once it is known
        self.checksum_sum = 0
        self._used = RowSet()
        self._began_in_worker = False

    # ---- checkpoints
    def state_dict(self):
        """What a checkpoint keeps: the resume token, the rows that were used, and by whom. Plain JSON."""
        header = b"" if self.header is None else self.header.SerializeToString()
        return {"format": STATE_FORMAT,
                "address": "" if self.header is None else address_text(self.header),
                "header": base64.b64encode(header).decode(), "origin": self.origin,
                "rank": self.rank, "world_size": self.world_size, "block_rows": self.block_rows,
                "used": [list(pair) for pair in self._used.ranges]}

    def load_state_dict(self, state):
        """Continues exactly that stream: what labels and defaults mean today does not matter.

        ValueError, and nothing changed, if a field is wrong or the state is of another stream or rank.
        """
        check_state(state)
        self._check_knows_missing_rows(state)
        self.header = self._header_of(state) or self.header
        self.origin, self._used = state["origin"], RowSet(state["used"])
        if state["world_size"] == 1:  # all rows are accounted for, so the pattern may begin anew
            self.origin = next(self._used.gaps(self.origin, None))[0]

    def _header_of(self, state):
        """The state's resume token; None if it has none."""
        if not state["address"]:
            return None
        try:
            header = feature_api.GenerateHeader.FromString(base64.b64decode(state["header"]))
        except DecodeError as error:
            raise ValueError(f"state: header is no GenerateHeader: {error}") from error
        if address_text(header) != state["address"]:
            raise ValueError(f"state: address is {state['address']}, expected its header's {address_text(header)}")
        if self.header is not None and self.header.address != header.address:
            raise ValueError(f"state: address is {state['address']}, expected {address_text(self.header)}, which is "
                             "known already")
        bundle, expected = header.stream.bundle.split("/")[1:2], re.split("[@:]", self.bundle)[0]
        if bundle != [expected]:
            raise ValueError(f"state: header is of {header.stream.bundle!r}, expected bundle {expected!r}")
        return header

    def _check_knows_missing_rows(self, state):
        """One rank's state says nothing about the rows of others, so it serves that rank alone."""
        if state["world_size"] == 1:
            return
        for field in ("world_size", "rank", "block_rows"):
            if state[field] != getattr(self, field):
                raise ValueError(f"state: {field} is {state[field]}, expected {getattr(self, field)}: "
                                 "resume from merge_states() of all ranks")

    def mark_used(self, batch):
        """Says that a training step used a batch which a DataLoader's worker handed over.

        Changes nothing if that is known: this object yielded the batch itself (num_workers=0), or was told before.
        ValueError if another batch brought one of the rows, or one is not of this rank.
        """
        if self.header is None:
            raise ValueError("rows of an unknown stream were used: expected resolve() before any worker starts")
        if batch.used and self._used.holds(batch.rows):
            return
        mine = Shard(self.rank, self.world_size, self.block_rows, self.origin).holds(batch.rows)
        if not mine.all():
            raise ValueError(f"row {batch.rows[~mine][0]} is not of rank {self.rank} of {self.world_size} in blocks of "
                             f"{self.block_rows} from row {self.origin} on")
        self._used.add(batch.rows)
        batch.used = True

    def resolve(self):
        """Asks which stream this is, unless a state said it. Ranks and workers that share the answer take the same."""
        attempts = Attempts(self.servers, self.retry_for)
        while self.header is None:
            try:
                with self._service(attempts.server) as channel:
                    request = feature_api.GenerateRequest(stream=self._first_stream(channel), data_type=self.data_type)
                    estimate = feature_service.FeatureServiceStub(channel).Estimate(
                        feature_api.EstimateRequest(generate=request), timeout=self.call_timeout)
                check_header(estimate.header, self.data_type)
                self.header = estimate.header
            except (StreamCut, ReplicaFault) as failure:
                attempts.recover(failure, "before the stream was known")
        return self.header

    # ---- iteration
    def __iter__(self):
        worker = get_worker_info()
        if worker is not None:
            self._begin_in_worker()
        workers, worker_id = (1, 0) if worker is None else (worker.num_workers, worker.id)
        shard = Shard(index=worker_id * self.world_size + self.rank, count=workers * self.world_size,
                      block_rows=self.block_rows, origin=self.origin)
        for batch in self._batches(shard):
            self._used.add(batch.rows)
            batch.used = worker is None  # a worker's copy of this object notes nothing for the training step
            yield batch

    def _batches(self, shard):
        """The chunks, cut anew."""
        pending, pending_rows = [], 0
        for chunk in self._chunks(shard):
            pending.append(chunk)
            pending_rows += len(chunk.rows)
            while pending_rows >= self.batch_rows:
                batch, pending = self._take(pending, self.batch_rows)
                pending_rows -= self.batch_rows
                yield batch
        if pending_rows:
            yield self._take(pending, pending_rows)[0]

    def _begin_in_worker(self):
        """A worker learns what was used when it starts, and never again."""
        if self._began_in_worker:
            raise StreamError("a DataLoader's worker cannot begin again, for it does not know which of its rows were "
                              "used: expected persistent_workers=False")
        self._began_in_worker = True

    @staticmethod
    def _take(pending, count):
        """The first `count` rows of the pending chunks, and what is left."""
        whole = Batch(*(np.concatenate([getattr(chunk, field) for chunk in pending])
                        for field in ("features", "labels", "rows")))
        rest = Batch(whole.features[count:], whole.labels[count:], whole.rows[count:])
        return Batch(whole.features[:count], whole.labels[:count], whole.rows[:count]), [rest]

    def _chunks(self, shard):
        """Verified chunks of the shard's unused rows, over as many calls as it takes."""
        attempts = Attempts(self.servers, self.retry_for)
        for done, end in shard.missing(self._used, self.end_row):
            while end is None or done < end:
                try:
                    for chunk in self._call(attempts.server, shard, done, None if end is None else end - done):
                        done += len(chunk.rows)
                        attempts.note_progress()
                        yield chunk
                except (StreamCut, ReplicaFault) as failure:
                    attempts.recover(failure, f"at row {shard.row_at(done)}, {len(self._used)} rows used")

    # ---- one call
    def _call(self, server, shard, done, count):
        """Chunks of one call. StreamCut if it ended early, ReplicaFault if another server may do better, StreamError
        if it cannot go on.
        """
        with self._service(server) as channel:
            call = feature_service.FeatureServiceStub(channel).Generate(self._request(channel, shard, done, count))
            with contextlib.closing(Messages(call, self.idle_timeout)) as messages:
                yield from self._verified(server, messages, shard, (done, count))

    @staticmethod
    @contextlib.contextmanager
    def _service(server):
        """A channel whose errors are those of failure_of()."""
        with grpc.insecure_channel(server, CHANNEL_OPTIONS) as channel:
            try:
                yield channel
            except grpc.RpcError as error:
                raise failure_of(error) from error

    def _verified(self, server, messages, shard, rows):
        """Chunks of one call, for `rows` = (first ordinal, count) of the shard, that passed every check."""
        plan = self._take_header(next(messages, None))
        verifier = CallVerifier(self.header, plan, shard, rows, self.verify_rows)
        for message in messages:
            if message.HasField("summary"):
                self._end_call(server, messages, verifier, message.summary)
                return
            if not message.HasField("chunk"):
                raise ReplicaFault("a second header; expected a chunk or the summary")
            batch, checksums = verifier.check(message.chunk)
            self.checksum_sum = (self.checksum_sum + checksums) & MASK64
            yield batch
        raise StreamCut("the stream was cut: it ended without a summary")

    def _end_call(self, server, messages, verifier, summary):
        try:
            verifier.check_summary(summary)
        except ReplicaFault as fault:
            if verifier.row_count == 0:
                raise
            # Rows that were handed out and are not what their server meant cannot be asked for again.
            raise StreamError(f"{server}: {fault}") from fault
        # All rows of this call are here and verified, whatever its status says.
        with contextlib.suppress(grpc.RpcError, StreamCut):
            if next(messages, None) is not None:
                raise ReplicaFault("a message follows the summary")
        if verifier.row_count == 0:
            raise StreamCut("a call ended without any row")

    def _take_header(self, message):
        """The plan of the checked header; a run may resume with another type on the wire."""
        if message is None:
            raise StreamCut("the stream ended before its header")
        if not message.HasField("header"):
            raise ReplicaFault("the first message is not a header")
        header = message.header
        plan = check_header(header, self.data_type)
        if self.header is None:
            self.header = feature_api.GenerateHeader.FromString(header.SerializeToString())
        elif header.address != self.header.address:
            raise ReplicaFault(f"the server would send another stream: its address is {address_text(header)}, "
                               f"expected {address_text(self.header)}")
        self.header.data_type = header.data_type
        return plan

    def _request(self, channel, shard, done, count):
        request = feature_api.GenerateRequest(data_type=self.data_type, max_chunk_bytes=self.max_chunk_bytes)
        if self.header is None:
            request.stream.CopyFrom(self._first_stream(channel))
        else:
            request.stream.CopyFrom(self.header.stream)
            request.expected_address = self.header.address
            request.expected_feature_space_digest = self.header.feature_space_digest
        request.rows.start_row = int(shard.row_at(done))
        request.rows.row_count = count or 0
        request.rows.shard.CopyFrom(stream_api.Shard(shard_index=shard.index, shard_count=shard.count,
                                                     block_row_count=shard.block_rows, origin_row=shard.origin))
        return request

    def _first_stream(self, channel):
        """What the caller asked for; the server's header says what it means."""
        bundle = self._find_bundle(bundle_service.BundleServiceStub(channel))
        plan = self.plan
        if isinstance(plan, str):
            weights = plan_weights(plan, self.counts or list(bundle.training_image_counts))
            plan = stream_api.Plan(class_weights=[stream_api.ClassWeight(class_index=index, weight=weight)
                                                  for index, weight in enumerate(weights) if weight],
                                   order_seed=self.order_seed, repeat_period_count=self.repeat_periods)
        stream = stream_api.StreamSpec(bundle=bundle.name, plan=plan, seed=self.seed)
        if self.steps is not None:
            stream.sampler.ddim.CopyFrom(bundle.default_sampler.ddim)
            stream.sampler.ddim.step_count = self.steps
        if self.guidance is not None:
            stream.sampler.guidance_weights.extend(np.atleast_1d(self.guidance).tolist())
        return stream

    def _find_bundle(self, service):
        def get(name):
            return service.GetBundle(bundle_api.GetBundleRequest(name=name), timeout=self.call_timeout)
        name, at, version = self.bundle.partition("@")
        if at:
            return get(f"bundles/{name}/versions/{version}")
        name, colon, label = self.bundle.partition(":")
        if colon:
            return get(f"bundles/{name}/labels/{label}")
        names, token = [], ""
        while True:
            page = service.ListBundles(bundle_api.ListBundlesRequest(parent=f"bundles/{name}", page_size=1000,
                                                                     page_token=token), timeout=self.call_timeout)
            names += [bundle.name for bundle in page.bundles]
            token = page.next_page_token
            if not token:
                break
        if not names:
            raise ReplicaFault(f"bundle {name!r} has no version")
        return get(max(names, key=lambda resource: int(resource.rsplit("/", 1)[1])))


# ---------------------------------------------------------------- a small trainer
def load_checkpoint(path):
    """What save_checkpoint() kept; None if there is no file yet."""
    if not path or not os.path.exists(path):
        return None
    try:
        checkpoint = json.loads(pathlib.Path(path).read_text())
    except ValueError as error:
        raise ValueError(f"{path}: not JSON: {error}") from error
    for field in ("rows", "model"):
        if not isinstance(checkpoint, dict) or field not in checkpoint:
            raise ValueError(f"{path}: {field} is missing, expected a checkpoint of example_trainer")
    return checkpoint


def save_checkpoint(path, rows, model):
    """Rows and weights of the same moment in one file that appears at once."""
    path = pathlib.Path(path)
    part = path.with_name(path.name + ".part")
    part.write_text(json.dumps({"rows": rows.state_dict(), "model": model.state_dict()}, allow_nan=False))
    os.replace(part, path)


def step_to_report(model, batch, rate, step):
    """Loss and accuracy as JSON can hold them. ValueError if the training went astray."""
    loss, accuracy = map(float, model.step(batch.features, batch.labels, rate))
    if not np.isfinite(loss):
        raise ValueError(f"step {step}: the loss is {loss}, expected a finite one: try a lower --learning-rate "
                         f"than {rate}")
    return loss, accuracy


def train(rows, arguments):
    """Fits a classifier to the rows; goes on from the checkpoint if there is one.

    The report's steps, loss and accuracy are of this run; None if the checkpoint had used all rows.
    """
    checkpoint = load_checkpoint(arguments.checkpoint)
    if checkpoint is not None:
        rows.load_state_dict(checkpoint["rows"])
    model, step, loss, accuracy = None, 0, None, None
    for step, batch in enumerate(rows, 1):
        if model is None:
            classes = 1 + max(weight.class_index for weight in rows.header.stream.plan.class_weights)
            model = SoftmaxClassifier(rows.header.feature_dimension, classes)
            if checkpoint is not None:
                model.load_state_dict(checkpoint["model"])
        loss, accuracy = step_to_report(model, batch, arguments.learning_rate, step)
        if step % arguments.report_every == 0:
            print(f"step {step}: loss {loss:.4f}, accuracy {accuracy:.3f}", file=sys.stderr)
            if arguments.checkpoint:
                save_checkpoint(arguments.checkpoint, rows, model)
    if arguments.checkpoint and model is not None:
        save_checkpoint(arguments.checkpoint, rows, model)
    return {"steps": step, "loss": loss, "accuracy": accuracy,
            "rows": len(rows._used), "address": rows.state_dict()["address"]}


def positive(text):
    """A whole number of at least 1, for argparse."""
    if int(text) < 1:
        raise argparse.ArgumentTypeError(f"is {text}; expected at least 1")
    return int(text)


def main():
    parser = argparse.ArgumentParser(description="Fits a softmax classifier to generated rows.")
    parser.add_argument("--server", default="127.0.0.1:50071", help="HOST:PORT, more replicas after commas")
    parser.add_argument("--bundle", required=True, help="NAME, NAME@VERSION or NAME:LABEL")
    parser.add_argument("--plan", default="each=1000", help="balance-to=N, ratio=R, each=N or counts=A,B,...")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--rows", type=positive, default=20000, help="rows for all ranks together")
    parser.add_argument("--batch-rows", type=positive, default=256)
    parser.add_argument("--rank", type=int, default=0)
    parser.add_argument("--world-size", type=int, default=1)
    parser.add_argument("--learning-rate", type=float, default=0.05)
    parser.add_argument("--report-every", type=int, default=20, help="steps between reports and checkpoints")
    parser.add_argument("--checkpoint", help="file that training goes on from, and is kept in")
    parser.add_argument("--retry-for", type=float, default=60.0, help="seconds without progress before giving up")
    arguments = parser.parse_args()
    try:
        rows = TailcastRows(arguments.server, arguments.bundle, arguments.plan, seed=arguments.seed,
                            rows=arguments.rows, batch_rows=arguments.batch_rows, rank=arguments.rank,
                            world_size=arguments.world_size, block_rows=arguments.batch_rows,
                            retry_for=arguments.retry_for)
        print(json.dumps(train(rows, arguments)))
    except (StreamError, grpc.RpcError, OSError, ValueError) as error:
        sys.exit(f"example_trainer: {error}")
    except KeyboardInterrupt:
        print("example_trainer: interrupted", file=sys.stderr)
        sys.exit(130)


if __name__ == "__main__":
    main()
