#!/usr/bin/env python3
"""Compares the C++ stream contract with its reference implementation on random questions.

Usage: contract_twin_test.py CONTRACT_TWIN FOLDER_OF_THE_REFERENCE
Exit code 77 (skipped) where the reference is absent.
"""

import json
import pathlib
import random
import struct
import subprocess
import sys

SKIPPED = 77
MAX_INT64 = (1 << 63) - 1


def bits(values):
    return [struct.pack(">f", value).hex() for value in values]


def plan_question(rng, contract):
    entries, class_index = [], rng.randrange(3)
    for _ in range(rng.randint(1, 40)):
        weight = rng.randint(1, 1 << rng.randrange(24))
        first = rng.choice([0, rng.randrange(1000), rng.randrange(1 << 60)])
        entries.append((class_index, weight, first))
        class_index += rng.randint(1, 1 << rng.randrange(12))
    seed, repeat = rng.randrange(1 << 63), rng.choice([0, 0, 1, 2, 5])
    plan = contract.Plan(entries, seed, repeat)
    # Few enough periods that every ordinal stays below 2^63.
    limit = plan.period << 30
    rows = [0, 1, plan.period - 1, plan.period, limit - 1]
    rows += [rng.randrange(limit) for _ in range(100)]
    question = {"about": "plan", "entries": entries, "order_seed": seed,
                "repeat_periods": repeat, "rows": rows}
    answer = {"rows": [list(plan.at(row)) for row in rows],
              "digest": contract.plan_digest(plan).hex(), "period": plan.period}
    return question, answer


def noise_question(rng, contract):
    seed, ordinal = rng.randrange(1 << 63), rng.randrange(1 << rng.randint(1, 63))
    class_index, dim = rng.randrange(1 << 24), rng.randint(1, 130)
    step, attempt = rng.randrange(0xFF0), rng.randrange(256)
    question = {"about": "noise", "seed": seed, "class": class_index, "ordinal": ordinal,
                "dim": dim, "step": step, "attempt": attempt}
    return question, bits(contract.noise(seed, class_index, ordinal, dim, step, attempt))


def sampler_question(rng, contract):
    method = rng.choice(["ddpm", "ddim", "dpmpp_2m"])
    steps, eta = rng.randint(1, 4079), rng.choice([0.0, -0.0, 1.0, rng.random()])
    weights = rng.choice([[-0.3], [0.0, -0.0], [rng.uniform(-1, 32) for _ in range(10)]])
    question = {"about": "sampler", "method": method, "steps": steps, "eta": eta, "guidance": weights}
    return question, contract.sampler_digest(method, steps, eta, weights).hex()


def guidance_question(rng, contract):
    head, tail = round(rng.uniform(-1, 3), 3), round(rng.uniform(-1, 3), 3)
    counts = [rng.randrange(1 << rng.randint(1, 20)) for _ in range(rng.randint(1, 200))]
    question = {"about": "guidance", "head": head, "tail": tail, "counts": counts}
    return question, contract.guidance_by_class(head, tail, counts)


def timesteps_question(rng, contract):
    total = rng.randint(1, 4079)
    steps = rng.randint(1, total)
    question = {"about": "timesteps", "steps": steps, "total": total}
    return question, contract.trailing_timesteps(steps, total)


def encoder_question(rng, contract):
    channels = rng.choice([1, 3])
    order = "gray" if channels == 1 else rng.choice(["rgb", "bgr"])
    mean = [rng.random() for _ in range(channels)]
    std = [rng.random() + 0.1 for _ in range(channels)]
    tensors = {f"layer{rng.randrange(30)}.w\u00e9ight": "x" * rng.randrange(50) for _ in range(8)}
    dimension, non_negative = rng.randint(1, 4096), rng.random() < 0.5
    question = {"about": "encoder", "architecture": "r\u00e9snet", "height": 28, "width": 30,
                "order": order, "mean": mean, "std": std, "tensors": tensors,
                "dimension": dimension, "non_negative": non_negative}
    encoder = contract.encoder_fingerprint("r\u00e9snet", 28, 30, order, mean, std,
                                           {n: d.encode() for n, d in tensors.items()})
    return question, contract.feature_space_digest(encoder, dimension, non_negative).hex()


def address_question(rng, contract):
    bundle, sampler, plan = (rng.randbytes(32) for _ in range(3))
    facts = {f"key{rng.randrange(100)}": "v" * rng.randrange(9) for _ in range(rng.randrange(9))}
    seed = rng.choice([0, MAX_INT64, rng.randrange(1 << 63)])
    question = {"about": "address", "bundle": bundle.hex(), "sampler": sampler.hex(),
                "plan": plan.hex(), "seed": seed, "facts": facts}
    recipe = contract.recipe_digest(bundle, sampler, plan, seed)
    address = contract.address(recipe, contract.numerics_id(facts))
    return question, contract.address_text(address)


MAKERS = {plan_question: 150, noise_question: 150, sampler_question: 100, guidance_question: 100,
          timesteps_question: 200, encoder_question: 50, address_question: 50}


def main():
    twin, reference = sys.argv[1], pathlib.Path(sys.argv[2])
    if not (reference / "stream_contract.py").exists():
        print(f"skipped: no reference implementation in {reference}")
        sys.exit(SKIPPED)
    sys.dont_write_bytecode = True
    sys.path.insert(0, str(reference))
    import stream_contract as contract

    rng = random.Random(1)
    asked = [make(rng, contract) for make, count in MAKERS.items() for _ in range(count)]
    lines = "".join(json.dumps(question) + "\n" for question, _ in asked)
    output = subprocess.run([twin], input=lines, capture_output=True, text=True, check=True).stdout
    answers = [json.loads(line) for line in output.splitlines()]
    assert len(answers) == len(asked), f"{len(answers)} answers to {len(asked)} questions"
    for (question, expected), answer in zip(asked, answers):
        assert answer == expected, f"{question}\nexpected {expected}\ngot      {answer}"
    print(f"{len(asked)} answers agree")


if __name__ == "__main__":
    main()
