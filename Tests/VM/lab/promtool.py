"""Prometheus's own checker, out of Debian's package, which is not installed: it would start a server."""

import shutil

from . import apt, cache

PACKAGE = "prometheus"


def program():
    """The path of promtool."""
    def make(directory):
        apt.MACHINES_OWN.download(PACKAGE, directory)
        shutil.move(directory / "usr/bin/promtool", directory / "promtool")
        for left in ("usr", "etc", "lib", "var"):
            shutil.rmtree(directory / left, ignore_errors=True)

    version = apt.MACHINES_OWN.show(PACKAGE)["Version"]
    return cache.entry("promtool", cache.digest(version), make) / "promtool"
