"""DIMMs that are moved on their board: other physical addresses, other numbers for their regions, or in a drawer for a while."""

from lab.topologies import GIB, placed

PLACES = range(4 * GIB, 32 * GIB, 2 * GIB)


class Board:
    """Small DIMMs, a region each: those that are worked on, and the last, `state`, which keeps the state directory.

    The image of a DIMM is its name here; its slot, and with it its identity, stays.
    """

    def __init__(self, count):
        self.worked_on = tuple(f"dimm{number}" for number in range(count))
        self.slots = {image: slot for slot, image in enumerate((*self.worked_on, "state"))}
        self.address = dict(zip(self.slots, PLACES))
        self.turn = dict(self.slots)
        self.absent = None

    def topology(self):
        places = ((image, slot, self.address[image], self.turn[image])
                  for image, slot in self.slots.items() if image != self.absent)
        return placed("board", "DIMMs in places of their own", *places)

    def move(self, image, random):
        """Maps a DIMM at an address where none is."""
        self.address[image] = random.choice(sorted({*PLACES} - {*self.address.values()}))

    def renumber(self, image, random):
        """Gives the region of a DIMM the number of another one's."""
        other = random.choice([each for each in self.slots if each != image])
        self.turn[image], self.turn[other] = self.turn[other], self.turn[image]

    def take_out(self, image):
        self.absent = image

    def put_back(self, random):
        """Puts the DIMM back, where it was or elsewhere."""
        image, self.absent = self.absent, None
        if random.random() < 0.5:
            self.move(image, random)
