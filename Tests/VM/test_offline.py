"""A plan from a saved inventory is the plan that the host itself makes, on a real kernel."""

import json
import re

import pytest

from lab import labels
from support import Daxprov, namespace, profile, region
from support.daxprov import REFUSED

MADE = {
    "nvdimm-small": (profile(
        region(0, namespace(name="wal", mode="fsdax", size="128 MiB"), namespace(name="gone", mode="raw", size="64 MiB"),
               namespace(name="heap", mode="devdax", size="256 MiB", map="mem"),
               namespace(name="journal", mode="sector", size="64 MiB")),
        region(1, namespace(name="whole", mode="fsdax"))), ""),
    "nfit-large": (profile(
        region(0, namespace(name="wal", mode="raw", size="32 MiB")),
        region(1, namespace(name="gone", mode="raw", size="32 MiB"),
               namespace(name="heap", mode="devdax", size="32 MiB"))), "-b nfit_test.0"),
}
WANTED = (
    profile(region(0, namespace(name="wal", mode="raw", size="32 MiB"), namespace(name="rest", mode="fsdax"))),
    profile(region(0, namespace(name="wal", mode="devdax", size="128 MiB"),
                   namespace(name="half", mode="sector", size="30%"),
                   namespace(name="rest", mode="fsdax", size="remaining")), unmanaged="destroy"),
    profile(region(1, namespace(name="heap", mode="devdax", usable_size="24 MiB"),
                   namespace(name="one", mode="raw", size="remaining/2"),
                   namespace(name="two", mode="fsdax", size="remaining/2"))),
    profile(region(1, namespace(name="huge", mode="devdax", size="2 TiB"))),
    profile(region(0, namespace(name="moved", renamed_from="wal", mode="fsdax", size="96 MiB"), labels="init")),
)


# What a device holds is read from the device; the inventory does not say it, which is among its limits.
CONTENTS = re.compile(r' *"contents": \[[^]]*\],\n')


def offline(daxprov, wanted, inventory):
    daxprov.vm.write_file("/tmp/inventory.json", inventory)
    return daxprov.run("plan", "--json", "--inventory", "/tmp/inventory.json", profile=wanted)


@pytest.mark.parametrize("topology", MADE)
def test_a_plan_from_a_saved_inventory_is_the_hosts_plan_to_the_byte_but_for_what_it_says_is_unknown(
        machine, topology):
    vm = machine(topology)
    daxprov = Daxprov(vm)
    made, bus = MADE[topology]
    vm.run(labels.initialise(bus.removeprefix("-b ") or "all"), check=True)
    daxprov.applied(made)
    daxprov.applied(made.replace(next(line for line in made.splitlines() if "gone" in line) + "\n", "")
                    .replace("version: 1", "version: 1\nunmanaged: destroy"), allow=["gone"])
    inventory = daxprov.run("inventory", "--json").check().stdout
    listed = vm.run(f"ndctl list -BDRNXvu {bus}", check=True).stdout
    outcomes = set()
    for wanted in WANTED:
        live = daxprov.run("plan", "--json", profile=wanted)
        saved = offline(daxprov, wanted, inventory)
        assert (saved.status, saved.stderr) == (live.status, live.stderr)
        head, limits = saved.out.rsplit(',\n  "limits": [', 1)
        assert head == CONTENTS.sub("", live.out).removesuffix("\n}\n")
        assert any("devices hold" in each["unknown"] for each in json.loads("[" + limits.removesuffix("\n}\n")))
        outcomes.add(live.status)

        # ndctl prints no addresses: what is planned without them is the same, the rest is refused for want of them.
        theirs, ours = json.loads(offline(daxprov, wanted, listed).out), json.loads(live.out)
        unknown = {each["address"].split("/")[0] for each in theirs["refusals"]
                   if each["code"] in ("extents_unknown", "not_listed")}

        def brief(plan):
            return [(each["address"], each["kind"], (each["after"] or {}).get("raw_size")) for each in plan["changes"]
                    if each["address"].split("/")[0] not in unknown]
        assert brief(theirs) == brief(ours), wanted
    assert REFUSED in outcomes and len(outcomes) > 1


@pytest.mark.parametrize("topology", MADE)
@pytest.mark.each_kernel
def test_an_exported_profile_changes_nothing(machine, topology):
    vm = machine(topology)
    daxprov = Daxprov(vm)
    made, bus = MADE[topology]
    vm.run(labels.initialise(bus.removeprefix("-b ") or "all"), check=True)
    daxprov.applied(made)
    exported = daxprov.run("export").check().out
    assert daxprov.is_settled(exported) and "heap" in exported
