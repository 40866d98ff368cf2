"""Beginning to decompress a deflate stream in the middle of a byte, with a decompressor that takes whole bytes only.

Blocks of a deflate stream end at any bit. What comes before the first bit that is wanted, within its byte, is filled
with blocks that hold nothing: their bits end exactly there. Source: RFC 1951, sections 3.2.3, 3.2.6 and 3.2.7.
"""

_FIXED = [0, 1, 0, *[0] * 7]
"""Not the last block, compressed with fixed codes, and its end: 10 bits."""


def filled(bits: int, byte: int) -> bytes:
    """What to give the decompressor before the first whole byte, when `bits` upper bits of `byte` come before it."""
    if not bits:
        return b""
    before = 8 - bits
    blocks: list[int] = _dynamic() if before % 2 else []
    while len(blocks) % 8 != before:
        blocks += _FIXED
    blocks += [(byte >> place) & 1 for place in range(before, 8)]
    return bytes(sum(bit << place for place, bit in enumerate(blocks[at : at + 8])) for at in range(0, len(blocks), 8))


def _dynamic() -> list[int]:
    """A block with codes of its own, and its end: 93 bits, an odd number.

    Lengths of codes are told with three codes: a length of 0 by `0`, of 1 by `10`, and a run of zeros by `11`.
    """
    bits = [0, 0, 1]  # Not the last block; codes of its own.
    bits += [*[0] * 5, *[0] * 5, *_least_first(18 - 4, 4)]  # 257 literals, 1 distance, 18 lengths of codes.
    order = (16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1)
    for symbol in order:
        bits += _least_first({0: 1, 1: 2, 18: 2}.get(symbol, 0), 3)
    bits += [1, 1, *_least_first(138 - 11, 7)]
    bits += [1, 1, *_least_first(118 - 11, 7)]  # The 256 literals have no code,
    bits += [1, 0]  # the end of the block has one of one bit,
    bits += [0]  # the distance has none.
    return [*bits, 0]


def _least_first(value: int, count: int) -> list[int]:
    return [(value >> place) & 1 for place in range(count)]
