#!/usr/bin/env python3
"""The contract's known answers: classes of rows, digests, address."""
import hashlib
import unittest

from fake_server import stream_api
from stream_contract import Plan, address_of, address_text, f64, permute, philox, recipe_of, sampler_digest
from tailcast_api import feature_api

IMBALANCED = [int(5000 * 100 ** (-c / 9)) for c in range(10)]
NUMERICS = bytes.fromhex("ab1127110009019b3e215516cd8b7a33b585fbc401d8b2dcf3f6d06de7165519")
RECIPE = "491aa4367293cdcdc740fafecf7eaefac8e78b02d8038800bb54a713485c190a"


def plan_of(entries, order_seed=0, **fields):
    weights = [stream_api.ClassWeight(class_index=index, weight=weight, first_ordinal=first)
               for index, weight, first in entries]
    return stream_api.Plan(class_weights=weights, order_seed=order_seed, **fields)


SMALL = plan_of([(0, 1, 0), (3, 2, 0), (8, 5, 100), (9, 12, 0)], order_seed=7)
FILL = plan_of([(c, 5000 - n, 0) for c, n in enumerate(IMBALANCED) if n < 5000], order_seed=1)


def stream_of(**fields):
    stream = stream_api.StreamSpec(bundle="bundles/some/versions/1", plan=SMALL, seed=42, numerics_id=NUMERICS,
                                   bundle_digest=hashlib.sha256(b"manifest").digest(), **fields)
    stream.sampler.ddim.step_count = 25
    stream.sampler.guidance_weights.append(-0.3)
    return stream


class StreamContractTest(unittest.TestCase):
    def test_philox_gives_random123s_known_answers(self):
        self.assertEqual(philox((0, 0, 0, 0), (0, 0)), (0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8))
        self.assertEqual(philox((0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344), (0xa4093822, 0x299f31d0)),
                         (0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1))

    def test_permute_is_a_bijection(self):
        for size in (1, 2, 3, 255, 256, 300):
            self.assertEqual(sorted(permute(size, (1, 2, 3, 4), x) for x in range(size)), list(range(size)))

    def test_rows_have_the_classes_of_the_contract(self):
        small, fill = Plan(SMALL), Plan(FILL)
        self.assertEqual([small.class_of(row) for row in [*range(26), 10 ** 12, 1 << 62]],
                         [9, 8, 9, 9, 9, 9, 9, 9, 3, 8, 3, 9, 0, 8, 9, 9, 8, 9, 9, 8, 9, 8, 9, 9, 9, 8, 9, 9])
        self.assertEqual(fill.period, 37594)
        self.assertEqual([fill.class_of(row) for row in range(20)],
                         [3, 7, 3, 5, 6, 3, 5, 1, 3, 9, 9, 9, 4, 5, 4, 5, 5, 3, 6, 5])

    def test_digests_and_address_are_those_of_the_contract(self):
        stream, plan = stream_of(), Plan(SMALL)
        self.assertEqual(plan.digest().hex(), "85eb6d14ec6ed09f9dff4a7baf5b8d45599978f586a0f1242925534845a781ea")
        self.assertEqual(Plan(FILL).digest().hex(), "17368c7568762b96057475e4bb14955d13a610cb9bad4c9fc0ef04b61d5abde7")
        self.assertEqual(recipe_of(stream, plan).hex(), RECIPE)
        header = feature_api.GenerateHeader(address=address_of(stream, recipe_of(stream, plan)))
        self.assertEqual(address_text(header), "tc1-82b4fd278a3992aba79b73c56f07db33df592f8fe62cc4565f5a792491b3d433")

    def test_guidance_counts_as_one_weight_where_all_are_equal(self):
        stream = stream_of()
        sampler = stream.sampler
        one = sampler_digest(sampler)
        self.assertEqual(one.hex(), "b6a94e11b118704959665277ef0c80a625e1c80388becca478cf115c6ddc8b48")
        sampler.guidance_weights.extend([-0.3] * 9)
        self.assertEqual(sampler_digest(sampler), one)
        del sampler.guidance_weights[:]
        sampler.guidance_weights.extend([-0.1, -0.144457, -0.188933, -0.233351, -0.277882, -0.322252, -0.366696, -0.411191,
                                         -0.455978, -0.5])
        self.assertEqual(sampler_digest(sampler).hex(), "dc85f7729da26a56d790e435b163619fb910e45cec82f5abc2570655e705beeb")
        self.assertEqual(f64(-0.0), f64(0.0))

    def test_what_is_no_plan_is_refused_at_the_limits(self):
        largest = (1 << 31) - 1
        Plan(plan_of([(0, largest - 1, 0), ((1 << 24) - 1, 1, 0)]))
        for entries in ([], [(0, 0, 0)], [(0, -1, 0)], [(-1, 1, 0)], [(1, 1, 0), (1, 1, 0)], [(2, 1, 0), (1, 1, 0)],
                        [(1 << 24, 1, 0)], [(0, 1, -1)], [(0, largest, 0), (1, 1, 0)]):
            with self.assertRaisesRegex(ValueError, "^plan"):
                Plan(plan_of(entries))
        for fields in ({"order_seed": -1}, {"repeat_period_count": -1}):
            with self.assertRaisesRegex(ValueError, "^plan has .* -1"):
                Plan(plan_of([(0, 1, 0)], **fields))

    def test_a_stream_that_is_not_resolved_has_no_address(self):
        for field, wrong in (("bundle_digest", b""), ("numerics_id", b"short"), ("seed", -1)):
            stream = stream_of()
            setattr(stream, field, wrong)
            with self.assertRaisesRegex(ValueError, field):
                address_of(stream, recipe_of(stream, Plan(SMALL)))
        for steps, weights in ((0, [0.0]), (25, [])):
            stream = stream_of()
            stream.sampler.ddim.step_count = steps
            stream.sampler.guidance_weights[:] = weights
            with self.assertRaisesRegex(ValueError, "sampler has"):
                recipe_of(stream, Plan(SMALL))
        stream.ClearField("sampler")
        with self.assertRaisesRegex(ValueError, "sampler is not resolved"):
            recipe_of(stream, Plan(SMALL))


if __name__ == "__main__":
    unittest.main()
