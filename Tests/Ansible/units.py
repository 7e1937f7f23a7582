"""A stand-in for the systemd of a host that Ansible manages."""

import shutil
from pathlib import Path

from controller import REPOSITORY

UNITS = REPOSITORY / "packaging/systemd"
BOOT = ("daxprov.service", "daxprov-memory.service")
TIMER = "daxprov-status.timer"


class Systemd:
    """The units of a host below a folder; its `bin` is to be the first of PATH there."""

    def __init__(self, folder):
        self.folder = Path(folder) / "units"
        for name in ("enabled", "active", "installed", "etc", "run"):
            (self.folder / name).mkdir(parents=True)
        (Path(folder) / "bin").mkdir(exist_ok=True)
        (Path(folder) / "bin/systemctl").symlink_to(Path(__file__).with_name("systemctl"))

    def install(self):
        """Puts daxprov's own units in place, as its package does."""
        for unit in [*UNITS.glob("*.service"), *UNITS.glob("*.timer")]:
            shutil.copy(unit, self.folder / "installed")

    def names(self, kind):
        """The units that are `enabled` or `active`."""
        return {path.name for path in (self.folder / kind).iterdir()}

    def calls(self):
        """What was changed since the last time that this was asked."""
        calls = self.folder / "calls"
        lines = calls.read_text().splitlines() if calls.exists() else []
        calls.unlink(missing_ok=True)
        return lines

    @property
    def variables(self):
        """The variables of the role that keep it away from this machine's own systemd."""
        return {"daxprov_systemd_sign": str(self.folder / "run"), "daxprov_unit_folder": str(self.folder / "etc")}
