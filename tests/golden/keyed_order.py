#!/usr/bin/env python3
"""Golden values of core/data/keyed_order: Fisher-Yates from the end, the place of member `last - 1`
drawn as (word 1, word 0 of Philox4x32-10 at counter (last lo, last hi, stream, 0xFFE00000), key seed)
mod last."""
M32 = (1 << 32) - 1


def philox(counter, key):
    c, k = list(counter), list(key)
    for _ in range(10):
        p0, p1 = 0xD2511F53 * c[0], 0xCD9E8D57 * c[2]
        c = [p1 >> 32 ^ c[1] ^ k[0], p1 & M32, p0 >> 32 ^ c[3] ^ k[1], p0 & M32]
        k = [(k[0] + 0x9E3779B9) & M32, (k[1] + 0xBB67AE85) & M32]
    return c


def ordered(seed, stream, count):
    members = list(range(count))
    for last in range(count, 1, -1):
        words = philox((last & M32, last >> 32, stream, 0xFFE00000), (seed & M32, seed >> 32))
        chosen = (words[1] << 32 | words[0]) % last
        members[last - 1], members[chosen] = members[chosen], members[last - 1]
    return members


if __name__ == '__main__':
    for arguments in [(0, 0, 10), (42, 7, 10)]:
        print(arguments, ordered(*arguments))
