"""What a client computes anew of the stream contract: the class of a row, a stream's recipe and address. Standard
library only; messages are those of proto/tailcast/v1/stream.proto.
"""
import bisect
import hashlib
import math
import struct

MASK32 = (1 << 32) - 1
END_OF_ROWS = 1 << 63  # rows, ordinals and seeds are below it
MAX_PERIOD = (1 << 31) - 1
MAX_CLASSES = 1 << 24
WINDOW = 256  # rows of one local shuffle
PLAN_ORDER = 0xFFF00000  # the domain of a plan's random words
SHIFT, WINDOW_ORDER = 0, 1  # what the words are for
TRAILING = 1  # spacing of the sampler's steps
NO_GATE = bytes(32)


# ---------------------------------------------------------------- which class stands in which row
def philox(counter, key):
    """Four random words: Philox4x32-10 of Random123."""
    c0, c1, c2, c3 = counter
    k0, k1 = key
    for _ in range(10):
        p0, p1 = 0xD2511F53 * c0, 0xCD9E8D57 * c2
        c0, c1, c2, c3 = (p1 >> 32) ^ c1 ^ k0, p1 & MASK32, (p0 >> 32) ^ c3 ^ k1, p0 & MASK32
        k0, k1 = (k0 + 0x9E3779B9) & MASK32, (k1 + 0xBB67AE85) & MASK32
    return c0, c1, c2, c3


def mix(x):
    x ^= x >> 16
    x = x * 0x85EBCA6B & MASK32
    x ^= x >> 13
    x = x * 0xC2B2AE35 & MASK32
    return x ^ x >> 16


def permute(size, keys, x):
    """Keyed bijection of [0, size): a Feistel network of 8 rounds that walks its cycle."""
    if size == 1:
        return 0
    half = ((size - 1).bit_length() + 1) // 2
    mask = (1 << half) - 1
    while True:
        left, right = x >> half, x & mask
        for round_ in range(8):
            key = keys[round_ & 3] + round_ * 0x9E3779B9
            left, right = right, left ^ (mix((right + key) & MASK32) & mask)
        x = left << half | right
        if x < size:
            return x


class Plan:
    """Which class stands in which row. ValueError if the message is no plan; it names the field."""

    def __init__(self, message):
        self._message = message
        self._classes = [entry.class_index for entry in message.class_weights]
        self._starts, least = [0], 0
        for index, entry in enumerate(message.class_weights):
            if not (least <= entry.class_index < MAX_CLASSES and entry.weight >= 1 and entry.first_ordinal >= 0):
                raise ValueError(f"plan.class_weights[{index}] is class {entry.class_index}, weight {entry.weight}, "
                                 f"first_ordinal {entry.first_ordinal}; expected classes in ascending order, a weight "
                                 "of at least 1 and no negative number")
            least = entry.class_index + 1
            self._starts.append(self._starts[-1] + entry.weight)
        self.period = self._starts.pop()
        if not 1 <= self.period <= MAX_PERIOD or message.order_seed < 0 or message.repeat_period_count < 0:
            raise ValueError(f"plan has a period of {self.period} rows, order_seed {message.order_seed}, "
                             f"repeat_period_count {message.repeat_period_count}; expected [1, {MAX_PERIOD}] and no "
                             "negative number")
        self._key = (message.order_seed & MASK32, message.order_seed >> 32)
        self._spread = max(1, self.period * 0x9E3779B97F4A7C15 >> 64)  # near period / golden ratio
        while math.gcd(self._spread, self.period) != 1:
            self._spread += 1

    def class_of(self, row):
        block, place = divmod(row, self.period)
        window, place = divmod(place, WINDOW)
        size = min(WINDOW, self.period - window * WINDOW)
        place = window * WINDOW + permute(size, self._words(WINDOW_ORDER, block, window), place)
        shift = self._words(SHIFT, block, 0)[0] * self.period >> 32
        slot = (place * self._spread + shift) % self.period
        return self._classes[bisect.bisect_right(self._starts, slot) - 1]

    def digest(self):
        plan = self._message
        return digest("plan.v1", u64(plan.order_seed), u64(plan.repeat_period_count), u32(len(plan.class_weights)),
                      *[u32(entry.class_index) + u64(entry.weight) + u64(entry.first_ordinal)
                        for entry in plan.class_weights])

    def _words(self, kind, block, item):
        return philox((block & MASK32, block >> 32, item, PLAN_ORDER | kind), self._key)


# ---------------------------------------------------------------- which bytes
def digest(domain, *parts):
    return hashlib.sha256(b"tailcast." + domain.encode() + b"\0" + b"".join(parts)).digest()


def u32(value):
    return struct.pack("<I", value)


def u64(value):
    return struct.pack("<Q", value)


def f64(value):
    return struct.pack("<d", value + 0.0)  # -0.0 becomes 0.0


def sampler_digest(sampler):
    """ValueError for DDPM: its number of steps is not in the message."""
    if sampler.HasField("ddim"):
        method, steps, eta = 2, sampler.ddim.step_count, sampler.ddim.eta
    elif sampler.HasField("dpm_solver"):
        method, steps, eta = 3, sampler.dpm_solver.step_count, 0.0
    else:
        raise ValueError("sampler is not resolved; expected ddim or dpm_solver")
    weights = list(sampler.guidance_weights)
    if not weights or steps < 1:
        raise ValueError(f"sampler has {steps} steps and {len(weights)} guidance weights; expected at least 1")
    if len(set(weights)) == 1:
        weights = weights[:1]
    return digest("sampler.v1", u32(method), u32(steps), u32(TRAILING), f64(eta), u32(len(weights)), *map(f64, weights))


def recipe_of(stream, plan):
    """What was asked for; `plan` is the stream's. ValueError if a field is not resolved or out of range."""
    if len(stream.bundle_digest) != 32 or stream.seed < 0:
        raise ValueError(f"bundle_digest has {len(stream.bundle_digest)} bytes and seed is {stream.seed}; expected 32 "
                         "bytes and a seed of at least 0")
    return digest("recipe.v1", stream.bundle_digest, sampler_digest(stream.sampler), plan.digest(), NO_GATE,
                  u64(stream.seed))


def address_of(stream, recipe):
    """Which bytes. ValueError if the arithmetic is not resolved."""
    if len(stream.numerics_id) != 32:
        raise ValueError(f"numerics_id has {len(stream.numerics_id)} bytes; expected 32")
    return digest("address.v1", recipe, stream.numerics_id)


def address_text(header):
    return "tc1-" + header.address.hex()
