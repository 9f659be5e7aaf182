#!/usr/bin/env python3
"""Plans from rules, sets of rows and shards, against slow twins."""
import random
import unittest

import numpy as np
from fake_server import example_trainer  # noqa: F401  (finds the modules)
from row_sets import RowSet, Shard, plan_weights


class PlanTest(unittest.TestCase):
    def test_rules_are_those_of_the_command_line(self):
        self.assertEqual(plan_weights("balance-to=500", [500, 200, 600]), [0, 300, 0])
        self.assertEqual(plan_weights("ratio=0.5", [1, 3, 5, 7]), [0, 2, 2, 4])  # half to even
        self.assertEqual(plan_weights("each=7", [5, 5]), [7, 7])
        self.assertEqual(plan_weights("counts=1,0,3", [5, 0, 5]), [1, 0, 3])

    def test_wrong_rules_say_what_was_expected(self):
        for rule in ("", "each", "each=x", "each=0", "each=-1", "counts=1", "other=1", "ratio=0", "ratio=inf",
                     "ratio=-inf", "ratio=nan", "ratio=-0.01", "ratio=1e308", "ratio=x", "counts=1,x", "balance-to=1e3"):
            with self.assertRaisesRegex(ValueError, f"^plan '{rule}': .*"):
                plan_weights(rule, [5, 5])
        for counts in ([], [5, -1]):
            with self.assertRaisesRegex(ValueError, "^plan 'each=1': the counts of training rows are"):
                plan_weights("each=1", counts)
        with self.assertRaisesRegex(ValueError, "class 1 has no training rows"):
            plan_weights("each=1", [5, 0])

    def test_a_period_has_a_limit(self):
        limit = 2 ** 31 - 1
        self.assertEqual(plan_weights(f"counts={limit - 1},1", [1, 1]), [limit - 1, 1])
        self.assertEqual(plan_weights(f"ratio={limit}", [1]), [limit])
        for rule, counts in ((f"counts={limit},1", [1, 1]), (f"ratio={limit + 1}", [1]), (f"each={limit + 1}", [1]),
                             (f"balance-to={2 ** 70}", [1])):
            with self.assertRaisesRegex(ValueError, f"^plan '{rule}': .* their sum in .1, {limit}."):
                plan_weights(rule, counts)


class RowSetTest(unittest.TestCase):
    def test_is_the_set_of_the_rows_that_were_added(self):
        rng = random.Random(3)
        for _ in range(200):
            used, twin = RowSet(), set()
            for _ in range(20):
                begin = rng.randrange(60)
                rows = [row for row in range(begin, begin + rng.randrange(1, 12)) if rng.random() < 0.7]
                rng.shuffle(rows)
                self.assertEqual(used.holds(rows), set(rows) <= twin)
                if twin & set(rows):
                    before = [list(pair) for pair in used.ranges]
                    with self.assertRaisesRegex(ValueError, "were used before"):
                        used.add(rows)
                    self.assertEqual(used.ranges, before)  # all or none
                    continue
                used.add(rows)
                twin |= set(rows)
                self.assertEqual([row in used for row in range(80)], [row in twin for row in range(80)])
                self.assertEqual(len(used), len(twin))
                flat = [edge for pair in used.ranges for edge in pair]
                self.assertEqual(flat, sorted(set(flat)))  # disjoint and not touching

    def test_a_row_that_comes_twice_is_refused(self):
        used = RowSet()
        with self.assertRaisesRegex(ValueError, "row 4 comes twice"):
            used.add([3, 4, 5, 4])
        self.assertEqual(used.ranges, [])

    def test_a_merged_set_holds_the_rows_of_both(self):
        rng = random.Random(5)
        for _ in range(200):
            twins = [{row for row in range(60) if rng.random() < rng.choice((0.2, 0.9))} for _ in range(2)]
            sets = [RowSet(), RowSet()]
            for rows, twin in zip(sets, twins):
                rows.add(sorted(twin))
            sets[0].merge(sets[1])
            whole = RowSet()
            whole.add(sorted(twins[0] | twins[1]))
            self.assertEqual(sets[0].ranges, whole.ranges)

    def test_missing_rows_are_those_of_the_shard_that_were_not_used(self):
        rng = random.Random(7)
        for _ in range(500):
            twin = {row for row in range(100) if rng.random() < rng.choice((0.05, 0.5, 0.95))}
            used = RowSet()
            used.add(sorted(twin))
            shard = Shard(rng.randrange(3), 3, rng.randrange(1, 9), origin=rng.randrange(30))
            end = rng.randrange(120)
            for end_row, last in ((end, end), (None, 200)):
                ranges = shard.missing(used, end_row)
                if end_row is None:
                    self.assertIsNone(ranges[-1][1])
                    ranges[-1][1] = shard.count_below(last)
                rows = [int(shard.row_at(ordinal)) for first, past in ranges for ordinal in range(first, past)]
                self.assertEqual(rows, [row for row in range(shard.origin, last) if row not in twin and
                                        (row - shard.origin) // shard.block_rows % 3 == shard.index])
                flat = [edge for pair in ranges for edge in pair]
                self.assertEqual(flat, sorted(set(flat)))  # no call is asked for twice or for nothing

    def test_shards_are_those_of_the_contract(self):
        for count in (1, 2, 3, 5):
            for block in (1, 4, 7):
                for index in range(count):
                    shard = Shard(index, count, block, origin=11)
                    twin = [row for row in range(11, 400) if (row - 11) // block % count == index]
                    ordinals = np.arange(len(twin))
                    self.assertEqual(np.flatnonzero(shard.holds(range(400))).tolist(), twin)
                    self.assertEqual(shard.row_at(ordinals).tolist(), twin)
                    for row in range(0, 400):
                        self.assertEqual(shard.count_below(row), sum(r < row for r in twin))


if __name__ == "__main__":
    unittest.main()
