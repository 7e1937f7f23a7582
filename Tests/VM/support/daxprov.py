"""Running daxprov in a guest."""

import json
import re

from .inventory import Inventory

DONE, ERROR, CHANGES, REFUSED, ROLLED_BACK, PARTIAL, STALE, LOCKED = 0, 1, 2, 3, 4, 5, 6, 7
NOT_PERMITTED = 77

# What daxprov writes that must outlive a boot: its record, and the rules that udev reads at it.
FILES = ("var/lib/daxprov", "etc/udev/rules.d")


def reboot_with_files(vm, topology=None):
    """Reboots a guest whose files lie in memory, and carries over what daxprov wrote, as it lies there: whatever was half written, too.
    With a topology, its memory lies as that has it from then on."""
    kept = vm.run(f"cd /; set -- $(ls -d {' '.join(FILES)} 2> /dev/null); [ $# = 0 ] || tar c \"$@\"", check=True).stdout
    vm.rebuild(topology) if topology else vm.reboot()
    if kept:
        vm.run("tar x -C /", stdin=kept, check=True)


def asked(result):
    """The names whose loss would have to be agreed to."""
    return set(re.findall(r"--allow-destroy '?([^\s',]+)", result.out + result.err))


class Daxprov:
    """daxprov in a machine. Profiles go in as text, on standard input."""

    def __init__(self, vm):
        self.vm = vm

    def run(self, *words, profile=None, **options):
        """Runs daxprov with these words; with a profile, the profile is its last argument."""
        if profile is not None:
            words, options["stdin"] = (*words, "-"), profile.encode()
        return self.vm.run(["daxprov", *words], **{"timeout": 600, **options})

    def inventory(self):
        return Inventory(json.loads(self.run("inventory", "--json").check().stdout))

    def plan(self, profile):
        """The plan as JSON; its exit status fits what is in it."""
        result = self.run("plan", "--json", "--detailed-exitcode", profile=profile)
        assert result.stderr == b"", result
        plan = json.loads(result.stdout)
        expected = REFUSED if plan["refusals"] else CHANGES if plan["changes"] else DONE
        assert result.status == expected, result
        return plan

    def apply(self, profile, *, allow=(), **options):
        """apply --yes with the consents in `allow`."""
        words = [word for name in allow for word in ("--allow-destroy", name)]
        return self.run("apply", "--yes", *words, profile=profile, **options)

    def applied(self, profile, *, allow=()):
        """Applies, which must succeed, and returns the inventory afterwards."""
        result = self.apply(profile, allow=allow)
        assert result.status == DONE, result
        return self.inventory()

    def recovered(self, *expected):
        """Recovers, with consent to what it asks for, which must be `expected`. Until that is given nothing changes."""
        if expected:
            before = self.inventory().facts()
            stopped = self.run("recover")
            assert stopped.status == PARTIAL and asked(stopped) == set(expected), stopped
            assert self.inventory().facts() == before, stopped
        result = self.run("recover", *(word for name in expected for word in ("--allow-destroy", name)))
        assert result.status == DONE, result
        return self.inventory()

    def refused(self, profile, *, allow=(), before=None):
        """Applies, which must be refused with everything left as it is, and returns the JSON report.

        `before` is the inventory, where it is known, and saves taking it.
        """
        before = before or self.inventory()
        result = self.run(
            "apply", "--yes", "--json", *(word for name in allow for word in ("--allow-destroy", name)),
            profile=profile)
        assert result.status == REFUSED, result
        assert self.inventory().document == before.document
        report = json.loads(result.stdout)
        assert report["outcome"] == "refused" and report["done"] == []
        return report

    def is_settled(self, profile):
        """Whether the plan is empty."""
        plan = self.plan(profile)
        return plan["changes"] == [] and plan["refusals"] == []
