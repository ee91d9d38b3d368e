"""What PyTorch's caching allocator holds of the card, by its rules (c10/cuda/CUDACachingAllocator.cpp)."""

import bisect
import itertools
from dataclasses import dataclass

SMALL, MIB = 2**20, 2**20
SMALL_SEGMENT, LARGE_SEGMENT, OWN_SEGMENT = 2 * MIB, 20 * MIB, 10 * MIB
BLOCK = 512


@dataclass(eq=False)
class Block:
    address: int
    size: int
    before: "Block | None" = None
    after: "Block | None" = None
    free: bool = False

    @property
    def key(self) -> tuple[int, int]:
        return (self.size, self.address)


class CachingAllocator:
    """One stream, default settings, a card that is never full. Sizes in bytes."""

    def __init__(self) -> None:
        self.reserved = 0
        self.allocated = 0
        self.pools: dict[bool, list[tuple[tuple[int, int], Block]]] = {True: [], False: []}
        self.addresses = itertools.count(step=2**44)

    def allocate(self, size: int) -> Block:
        """The smallest free block that holds it, of what is cached, else a new segment."""
        size = max(BLOCK, -(-size // BLOCK) * BLOCK)
        small = size <= SMALL
        pool = self.pools[small]
        place = bisect.bisect_left(pool, (size, 0), key=lambda entry: entry[0])
        if place < len(pool):
            block = pool.pop(place)[1]
            block.free = False
        else:
            block = self.segment(size)
        rest = block.size - size
        if rest >= BLOCK if small else rest > SMALL:
            tail = Block(block.address + size, rest, block, block.after)
            if tail.after:
                tail.after.before = tail
            block.size, block.after = size, tail
            self.insert(tail, small)
        self.allocated += block.size
        return block

    def segment(self, size: int) -> Block:
        if size <= SMALL:
            size = SMALL_SEGMENT
        elif size < OWN_SEGMENT:
            size = LARGE_SEGMENT
        else:
            size = -(-size // (2 * MIB)) * 2 * MIB
        self.reserved += size
        return Block(next(self.addresses), size)

    def release(self, block: Block, small: bool) -> None:
        """Back into the cache, as one with free neighbours of its segment."""
        self.allocated -= block.size
        for near in (block.before, block.after):
            if near and near.free:
                self.pools[small].pop(bisect.bisect_left(self.pools[small], near.key, key=lambda entry: entry[0]))
        if block.before and block.before.free:
            first = block.before
            first.size, first.after = first.size + block.size, block.after
            block = first
        if block.after and block.after.free:
            block.size, block.after = block.size + block.after.size, block.after.after
        if block.after:
            block.after.before = block
        self.insert(block, small)

    def insert(self, block: Block, small: bool) -> None:
        block.free = True
        bisect.insort(self.pools[small], (block.key, block), key=lambda entry: entry[0])
