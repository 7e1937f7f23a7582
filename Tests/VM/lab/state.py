"""Saved machine states: each kind of machine is booted once, and every test resumes a copy of it."""

from pathlib import Path

from . import cache, qemu
from .agent import Agent
from .payload import PAYLOAD_BYTES

BOOT_SECONDS = 300


def make_images(topology, directory):
    """The topology's image files, {name: path}; those that exist keep their contents."""
    return {image.name: sparse_file(directory / image.name, image.size) for image in topology.images}


def sparse_file(path, size):
    if not path.exists():
        path.touch()
        with open(path, "r+b") as file:
            file.truncate(size)
    return path


def boot(hardware, directory, seconds=BOOT_SECONDS, images=None, payload=None):
    """(Qemu, Agent) booted from nothing; the files lie in `directory`, save those that are given."""
    arguments = hardware.arguments(
        images or make_images(hardware.topology, directory),
        payload or sparse_file(directory / "payload", PAYLOAD_BYTES),
        sparse_file(directory / "ram", hardware.topology.memory), ram_is_shared=True)
    machine = qemu.Qemu(arguments, directory / "console")
    agent = Agent(machine.control, machine.last_words)
    try:
        agent.wait_for_boot(seconds)
    except BaseException:
        machine.kill()
        raise
    return machine, agent


def saved(hardware):
    """The directory with the files `ram` and `state` of a booted machine of this hardware."""
    fixed = hardware.arguments({image.name: image.name for image in hardware.topology.images},
                               "payload", "ram", ram_is_shared=True)
    key = cache.digest(repr(fixed), qemu.version(), Path(qemu.__file__), PAYLOAD_BYTES)

    def make(directory):
        machine, _ = boot(hardware, directory)
        try:
            machine.save(directory / "state")
        finally:
            machine.kill()
        for image in hardware.topology.images:
            (directory / image.name).unlink()
        (directory / "payload").unlink()

    return cache.entry(f"state-{hardware.topology.name}", key, make)


def resume(hardware, directory, images, payload, console):
    """(Qemu, Agent) that goes on from a saved state, on images of its own."""
    arguments = hardware.arguments(images, payload, directory / "ram", ram_is_shared=False)
    machine = qemu.Qemu([*arguments, "-incoming", "defer"], console)
    try:
        machine.load(directory / "state")
    except BaseException:
        machine.kill()
        raise
    return machine, Agent(machine.control, machine.last_words)
