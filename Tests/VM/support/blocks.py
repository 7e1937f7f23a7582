"""What the blocks of DIMMs hold, read by the host from their images."""

import hashlib
import mmap

# Namespaces and their data areas begin and end at multiples of this here.
BLOCK = 1 << 16


class Blocks:
    """The digests of blocks, by the image and the number of the block in it. `paths` are the files of the images."""

    def __init__(self, paths):
        self.paths, self.digests = paths, {}

    def note(self, image, blocks):
        """Notes what these hold now."""
        self.digests.setdefault(image, {}).update(self._now(image, blocks))

    def forget(self, image, blocks):
        own = self.digests.get(image, {})
        for block in blocks:
            own.pop(block, None)

    def changed(self, but=frozenset()):
        """[(image, block)] of those that hold something else now, but for those in `but`."""
        changed = []
        for image, own in self.digests.items():
            now = self._now(image, own)
            changed += [(image, block) for block, digest in own.items() if now[block] != digest and (image, block) not in but]
        return changed

    def refresh(self):
        """Forgets those that hold something else now."""
        for image, block in self.changed():
            del self.digests[image][block]

    def all(self):
        """{(image, block)} of those that are noted."""
        return {(image, block) for image, own in self.digests.items() for block in own}

    def _now(self, image, blocks):
        with open(self.paths[image], "rb") as file, mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ) as data:
            return {
                block: hashlib.blake2b(data[block * BLOCK:(block + 1) * BLOCK], digest_size=8).digest() for block in blocks}


def span(offset, length):
    """The numbers of the blocks of a place."""
    assert offset % BLOCK == 0, offset
    return range(offset // BLOCK, (offset + length) // BLOCK)
