"""Which rows: plans from rules, sets of rows, shards. Standard library and numpy only."""
import bisect
import dataclasses
import itertools
import math

import numpy as np

from stream_contract import MAX_PERIOD


def plan_weights(rule, counts):
    """Rows of each class in a period: balance-to=N, ratio=R, each=N or counts=A,B,... ValueError names the plan."""
    if not counts or min(counts) < 0:
        raise ValueError(f"plan {rule!r}: the counts of training rows are {counts}; expected at least 0 of each class")
    try:
        weights = _weights_of(rule, counts)
    except ValueError as error:
        raise ValueError(f"plan {rule!r}: {error}") from error
    if len(weights) != len(counts) or min(weights) < 0 or not 1 <= sum(weights) <= MAX_PERIOD:
        raise ValueError(f"plan {rule!r}: expected {len(counts)} weights of at least 0, their sum in [1, {MAX_PERIOD}]")
    for index, (weight, count) in enumerate(zip(weights, counts)):
        if weight > 0 and count < 1:
            raise ValueError(f"plan {rule!r}: class {index} has no training rows")
    return weights


def _weights_of(rule, counts):
    """What the rule says, whether it makes sense or not."""
    name, _, value = rule.partition("=")
    if name == "balance-to":
        return [max(0, int(value) - n) for n in counts]
    if name == "ratio":
        ratio = float(value)
        if not 0.0 <= ratio < math.inf:
            raise ValueError("expected a finite ratio of at least 0")
        # One above the limit stands for all that is too much. Rounds half to even.
        return [round(min(ratio * n, MAX_PERIOD + 1)) for n in counts]
    if name == "each":
        return [int(value)] * len(counts)
    if name == "counts":
        return [int(part) for part in value.split(",")]
    raise ValueError("expected balance-to=N, ratio=R, each=N or counts=A,B,...")


def runs_of(rows):
    """Rows as half-open ranges, ascending. ValueError if one comes twice."""
    rows = np.sort(np.asarray(rows, dtype=np.int64))
    steps = np.diff(rows)
    if len(rows) and not steps.all():
        raise ValueError(f"row {rows[np.flatnonzero(steps == 0)[0]]} comes twice")
    parts = np.split(rows, np.flatnonzero(steps != 1) + 1)
    return [(int(part[0]), int(part[-1]) + 1) for part in parts if len(part)]


class RowSet:
    """A set of rows as disjoint half-open ranges."""

    def __init__(self, ranges=()):
        self.ranges = sorted([int(begin), int(end)] for begin, end in ranges)

    def add(self, rows):
        """Adds rows, all or none. A row that is there already is an error: each is used once."""
        runs = runs_of(rows)
        for begin, end in runs:
            if list(self.gaps(begin, end)) != [(begin, end)]:
                raise ValueError(f"rows in [{begin}, {end}) were used before")
        for begin, end in runs:
            self._add_range(begin, end)

    def holds(self, rows):
        """True if all the rows are there."""
        return not any(list(self.gaps(begin, end)) for begin, end in runs_of(rows))

    def _add_range(self, begin, end):
        place = bisect.bisect_right(self.ranges, [begin, float("inf")])
        before = self.ranges[place - 1] if place > 0 else None
        after = self.ranges[place] if place < len(self.ranges) else None
        if before and before[1] == begin:
            before[1] = end
            if after and after[0] == end:
                before[1] = after[1]
                del self.ranges[place]
        elif after and after[0] == end:
            after[0] = begin
        else:
            self.ranges.insert(place, [begin, end])

    def merge(self, other):
        """Adds the rows of another set, whichever of them are there already."""
        merged = []
        for begin, end in sorted(self.ranges + other.ranges):
            if merged and begin <= merged[-1][1]:
                merged[-1][1] = max(merged[-1][1], end)
            else:
                merged.append([begin, end])
        self.ranges = merged

    def gaps(self, begin, end):
        """Ranges of [begin, end) that are not in the set; `end` None: without end."""
        place = max(0, bisect.bisect_right(self.ranges, [begin, float("inf")]) - 1)
        for used_begin, used_end in itertools.islice(self.ranges, place, None):
            if end is not None and used_begin >= end:
                break
            if begin < used_begin:
                yield begin, used_begin
            begin = max(begin, used_end)
        if end is None or begin < end:
            yield begin, end

    def __contains__(self, row):
        place = bisect.bisect_right(self.ranges, [row, float("inf")])
        return place > 0 and row < self.ranges[place - 1][1]

    def __len__(self):
        return sum(end - begin for begin, end in self.ranges)


@dataclasses.dataclass(frozen=True)
class Shard:
    """Rows i >= origin with (i - origin) // block_rows % count == index."""
    index: int = 0
    count: int = 1
    block_rows: int = 1024
    origin: int = 0

    def holds(self, rows):
        """Which of the rows belong to the shard."""
        rows = np.asarray(rows, dtype=np.int64)
        return (rows >= self.origin) & ((rows - self.origin) // self.block_rows % self.count == self.index)

    def row_at(self, ordinal):
        """The shard's ordinal-th row from the origin on."""
        block, place = divmod(ordinal, self.block_rows)
        return self.origin + (block * self.count + self.index) * self.block_rows + place

    def count_below(self, row):
        """How many of the shard's rows lie below `row`."""
        blocks, place = divmod(max(0, row - self.origin), self.block_rows)
        turns, turn = divmod(blocks, self.count)
        rest = self.block_rows if turn > self.index else place if turn == self.index else 0
        return turns * self.block_rows + rest

    def missing(self, used, end_row):
        """Ranges of ordinals of the shard's rows that are below `end_row` (None: any) and not in `used`."""
        ranges = []
        for begin, end in used.gaps(self.origin, end_row):
            first, last = self.count_below(begin), None if end is None else self.count_below(end)
            if ranges and ranges[-1][1] == first:
                ranges[-1][1] = last
            elif first != last:
                ranges.append([first, last])
        return ranges
