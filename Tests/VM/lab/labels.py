"""Bringing the label areas of a machine's DIMMs into a known state."""

from . import cache, stacks
from .tools import run


def initialise(bus="all"):
    """Gives the DIMMs of a bus (by its provider) empty label areas of version 1.2. Its regions are enabled again."""
    which = "all" if bus == "all" else f"-b {bus} all"
    return (
        f"ndctl disable-region {which} && ndctl init-labels -f -V 1.2 {which} && ndctl disable-dimm {which} && "
        f"ndctl enable-dimm {which} && ndctl enable-region {which}")


INITIALISE = initialise()


def copy_initialised_images(topology, directory, start):
    """Copies the topology's images with initialised label areas (v1.2) into `directory`.

    A machine of the topology makes them once: `start(name, images=directory)` is the class Machine.
    """

    def make(into):
        with start(topology.name, images=into) as machine:
            machine.run(INITIALISE, check=True)

    images = cache.entry(f"labelled-{topology.name}", cache.digest(INITIALISE, repr(topology), stacks.chosen().name), make)
    for image in topology.images:
        run(["cp", "--sparse=auto", images / image.name, directory / image.name])
