"""The health of DIMMs is what their firmware tells, value by value as ndctl reads it; looking and planning change nothing of a DIMM.

What can happen between two lines:
- the firmware has no command for health (QEMU, CXL), or tells some values and not others: unknown is neither ok nor 0;
- the caller is not root, and the device of the bus cannot be opened;
- a DIMM becomes sick, hot or well between the plan and its apply, and between two runs;
- only a temperature changes: a saved plan stays what it was;
- the state is ok and a failure flag is up, and the other way round; one DIMM of an interleave set is sick alone;
- a shutdown was dirty: counted now by the firmware, and by the kernel when it found the DIMM.
"""

import json

import pytest

from lab import syscalls
from lab.labels import initialise
from support import Daxprov, namespace, ndctl, profile, region
from support.daxprov import DONE, NOT_PERMITTED, REFUSED, STALE

WELL = "{life_used: '< 80%', spares: '>= 10%'}"


def requiring(require, number=0, size="16 MiB"):
    block = region(number, namespace(name="a", mode="raw", size=size), labels="init")
    return profile(block.replace("    namespaces:", f"    require: {require}\n    namespaces:"))


def requiring_nothing_else(require):
    """A profile that is settled wherever nothing is in the region: it only requires."""
    return profile(region(0).replace("    namespaces:", f"    require: {require}\n    namespaces:"))


def told(vm, *options):
    """{device: its record} of `ndctl list -D` with these options."""
    return {dimm["dev"]: dimm for dimm in ndctl.listed(vm, "-D", *options)}


def assert_health_agrees(vm, daxprov):
    """What daxprov knows of each DIMM is what `ndctl list -DHF` says, value by value; returns daxprov's, by device."""
    theirs = told(vm, "-i", "-H", "-F")
    ours = {dimm["dev"]: dimm for dimm in daxprov.inventory().dimms}
    assert ours.keys() == theirs.keys()
    for device, dimm in ours.items():
        health = {key: value for key, value in dimm["health"].items() if key not in ("unknown", "dirty_shutdown")}
        assert health == theirs[device].get("health", {}), device
        assert ("health" not in theirs[device]) == (dimm["health"].get("unknown") == "unsupported"), device
        versions = theirs[device].get("firmware", {})
        for key in ("current_version", "next_version"):
            known = versions.get(key, -1)
            assert dimm.get("firmware", {}).get(key) == (None if known == -1 else known), device
    listed = ndctl.listed(vm, "-BDRNvH")
    printed = json.loads(vm.run(["daxprov", "inventory", "--ndctl-json", "--health"], check=True).out)
    ndctl.assert_equal_as_sets(printed, listed, "ndctl")
    return ours


@pytest.mark.each_kernel
def test_every_value_is_what_ndctl_reads(machine):
    vm = machine("nfit")
    vm.run("ndctl wait-scrub all", check=True)
    daxprov = Daxprov(vm)
    found = assert_health_agrees(vm, daxprov)
    assert found["nmem0"]["health"]["health_state"] == "non-critical"
    assert {dimm["health"].get("unknown") for dimm in found.values()} == {None, "unsupported"}
    [count] = {dimm["health"]["shutdown_count"] for dimm in found.values() if "shutdown_count" in dimm["health"]}

    vm.run("ndctl inject-smart -m 90 -s 3 -f -U nmem0", check=True)
    sick = assert_health_agrees(vm, daxprov)["nmem0"]["health"]
    assert sick["health_state"] == "fatal" and sick["temperature_celsius"] == 90.0
    assert (sick["spares_percentage"], sick["shutdown_state"]) == (3, "dirty")
    assert sick["shutdown_count"] == count + 1
    assert sick["dirty_shutdown"] == int(vm.run("cat /sys/bus/nd/devices/nmem0/nfit/dirty_shutdown", check=True).out)

    text = daxprov.run("inventory").out
    assert "health fatal" in text and "media 90 C (alarm at 40 C)" in text and "spares 3% (alarm at 5%)" in text
    status = daxprov.run("status")
    assert status.status == DONE and "DIMM nmem0" in status.out and "health fatal" in status.out
    [said] = [each for each in json.loads(daxprov.run("status", "--json").out)["dimms"] if each["dev"] == "nmem0"]
    assert "health fatal" in said["reports"] and "last shutdown dirty" in said["reports"]
    metrics = daxprov.run("status", "--prometheus").out
    labels = f'dimm="nmem0",id="{told(vm)["nmem0"]["id"]}"'
    for line in (f'daxprov_dimm_health{{{labels},state="fatal"}} 1', f"daxprov_dimm_spares_ratio{{{labels}}} 0.03",
                 f"daxprov_dimm_media_temperature_celsius{{{labels}}} 90",
                 f"daxprov_dimm_shutdowns_dirty_total{{{labels}}} {count + 1}"):
        assert line in metrics.splitlines(), metrics
    assert "health fatal" in daxprov.run("report").out

    # Who may not open the bus knows nothing, and is told so; the rest is as before.
    other = vm.run(["daxprov", "inventory", "--json"], user="nobody", check=True)
    dimm = next(each for each in json.loads(other.out)["buses"][0]["dimms"] if each["dev"] == "nmem0")
    assert dimm["health"]["unknown"] == "not_permitted" and "health_state" not in dimm["health"]
    assert vm.run(["daxprov", "inventory"], user="nobody").status == DONE
    assert "daxprov_dimm_health" not in vm.run(["daxprov", "status", "--prometheus"], user="nobody").out


@pytest.mark.each_kernel
def test_a_requirement_is_refused_while_one_dimm_of_the_set_is_sick(machine):
    vm = machine("nfit")
    # Its regions share DIMMs, so that labels for one of them alone are refused.
    vm.run(f"ndctl wait-scrub all && {initialise('nfit_test.0')}", check=True)
    daxprov = Daxprov(vm)
    first, second = (each["dimm"] for each in daxprov.inventory().region(0)["mappings"])
    state = told(vm, "-H")

    # The emulated firmware is never better than non-critical: its flags are no reason, and its state is.
    refusals = daxprov.plan(requiring("{health: ok}"))["refusals"]
    assert [each["code"] for each in refusals] == ["requirement_not_met"] * 2
    assert [f"the health of {each} is non-critical" in refusal["message"]
            for each, refusal in zip((first, second), refusals)] == [True, True]

    assert daxprov.plan(requiring(WELL))["refusals"] == []
    vm.run(f"ndctl inject-smart -s 3 -f {second}", check=True)
    [refusal] = daxprov.plan(requiring(WELL))["refusals"]
    assert refusal["code"] == "requirement_not_met" and ">= 10%" in refusal["message"]
    assert f"{second} has spares of 3%" in refusal["message"]
    assert daxprov.refused(requiring(WELL))["refusals"] == [refusal]
    notes = {each["address"]: each for each in daxprov.plan(requiring("{spares: '> 2%'}"))["notes"]}
    assert notes[second]["code"] == "dimm_health" and "health fatal" in notes[second]["message"]
    assert "dimm_health" not in {each["code"] for each in daxprov.plan(requiring("{}"))["notes"]}

    # What was saved says it as well, on a machine that has no such DIMM.
    sick = daxprov.run("inventory", "--json").out
    vm.run(f"ndctl inject-smart -N {second}")
    well, listing = daxprov.run("inventory", "--json").out, vm.run("ndctl list -BDRNvH", check=True).out
    for name, text, codes in (("sick", sick, ["requirement_not_met"]), ("well", well, []), ("listing", listing, [])):
        vm.write_file(f"/tmp/{name}.json", text.encode())
        offline = daxprov.run("plan", "--json", "--inventory", f"/tmp/{name}.json", profile=requiring(WELL))
        assert [each["code"] for each in json.loads(offline.out)["refusals"]] == codes, offline
    vm.write_file("/tmp/short.json", vm.run("ndctl list -BDRNv", check=True).out.encode())
    short = daxprov.run("plan", "--json", "--inventory", "/tmp/short.json", profile=requiring(WELL))
    assert {each["code"] for each in json.loads(short.out)["refusals"]} == {"not_listed"}

    # A saved plan: a temperature means nothing to it, a DIMM that is worn now does.
    vm.run(initialise("nfit_test.0"), check=True)
    wanted = requiring(WELL)
    saved = daxprov.run("plan", "-o", "/tmp/plan.json", profile=wanted)
    assert saved.status == DONE, saved
    vm.run(f"ndctl inject-smart -m 50 -s 9 {first}", check=True)
    stale = daxprov.run("apply", "--yes", "/tmp/plan.json")
    assert stale.status == STALE and f"{first} has spares of 9%" in stale.out + stale.err, stale
    vm.run(f"ndctl inject-smart -s 10 -m 70 -U {first}", check=True)
    applied = daxprov.run("apply", "--yes", "/tmp/plan.json")
    assert applied.status == DONE, applied
    assert daxprov.is_settled(wanted)

    # Worn after the fact: what is there stays, the next plan says what is not met, and undoing asks for nothing.
    vm.run(f"ndctl inject-smart -s 1 -f {first}", check=True)
    assert daxprov.run("plan", profile=wanted).status == REFUSED
    assert daxprov.inventory().named("a")["state"] == "active"
    assert daxprov.run("rollback", "--yes", "--allow-destroy", "a").status == DONE
    assert told(vm, "-H")[second] == state[second], "no command changes a DIMM"


@pytest.mark.each_kernel
def test_firmware_that_tells_nothing_is_unknown_and_not_well(labelled):
    daxprov = Daxprov(labelled)
    found = assert_health_agrees(labelled, daxprov)
    assert [dimm["health"] for dimm in found.values()] == [{"unknown": "unsupported"}] * 2
    text = daxprov.run("inventory").out
    assert "health" not in text
    assert "dimm_" not in daxprov.run("status", "--prometheus").out
    # As before: health: ok asks for no failure flag where there is no more to ask.
    assert daxprov.plan(requiring("{health: ok}", size="32 MiB"))["refusals"] == []
    for key, bound in (("life_used", "< 100%"), ("spares", ">= 0%")):
        [refusal] = daxprov.plan(requiring(f"{{{key}: '{bound}'}}"))["refusals"]
        assert refusal["code"] == "requirement_not_met" and f"{key} of nmem0 is not known" in refusal["message"]
        assert "take" in refusal["advice"]
    # Who may not ask a DIMM learns no less of one that could not answer.
    unprivileged = labelled.run(
        ["daxprov", "plan", "-"], user="nobody", stdin=requiring_nothing_else("{health: ok}").encode())
    assert unprivileged.status == DONE, unprivileged
    assert daxprov.applied(requiring("{health: ok}")).named("a")


def test_asking_for_health_costs_nothing_where_nobody_asks(machine):
    vm = machine("nfit")
    vm.run("ndctl wait-scrub all", check=True)

    def asked(*words, stdin=None):
        result, calls = vm.count_syscalls(["daxprov", *words], timeout=300, stdin=stdin)
        assert result.status in (DONE, REFUSED), result
        return syscalls.total(calls, "openat", "/dev/nmem")

    plain, asking = (asked("plan", "-", stdin=requiring(require).encode()) for require in ("{}", WELL))
    assert plain < asking
    dimms = len([each for each in told(vm, "-i", "-H").values() if "health" in each])
    assert asking - plain <= 3 * len(told(vm, "-i")) and asking - plain >= dimms
    assert asked("inventory", "--ndctl-json") < asked("inventory", "--ndctl-json", "--health")


def test_a_plan_that_may_not_ask_says_so(machine):
    vm = machine("nfit")
    vm.run("ndctl wait-scrub all", check=True)
    wanted = requiring_nothing_else("{health: ok}").encode()
    denied = vm.run(["daxprov", "plan", "-"], user="nobody", stdin=wanted)
    assert denied.status == NOT_PERMITTED and "run daxprov as root" in denied.out + denied.err, denied
