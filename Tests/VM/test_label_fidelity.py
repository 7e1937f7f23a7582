"""Labels that say what the kernel would not write again: no step touches these, since undo could not bring them back."""

import pytest

from support import Daxprov, labels, namespace, profile, region
from support.daxprov import DONE

FOREIGN = bytes(range(1, 17))
NAMES = ("guid", "flag", "name", "plain")
LOST = {"region0/new guid": "abstraction GUID", "region0/flag": "ROLABEL", "region0/nam\u00e0": "white space"}


def changed(*names):
    """A profile that renames, replaces and destroys the namespaces of these names, and keeps the others."""
    new = {"guid": namespace(name="new guid", renamed_from="guid", mode="raw", size="32 MiB"),
           "flag": namespace(name="flag", mode="fsdax", size="32 MiB"),
           "plain": namespace(name="renamed", renamed_from="plain", mode="raw", size="32 MiB")}
    old = {name: namespace(name=name, mode="raw", size="32 MiB") for name in NAMES}
    kept = [new[name] if name in names else old[name] for name in ("guid", "flag", "plain")]
    return profile(region(0, *kept), unmanaged="destroy" if "name" in names else None)


@pytest.mark.each_kernel
def test_a_label_that_could_not_be_written_back_is_left_as_it_is(labelled):
    daxprov = Daxprov(labelled)
    daxprov.applied(profile(region(0, *(namespace(name=name, mode="raw", size="32 MiB") for name in NAMES))))
    area = labels.read(labelled)
    labels.put(area, "guid", labels.ABSTRACTION, FOREIGN)
    labels.put(area, "flag", labels.FLAGS, b"\1\0\0\0")
    labels.put(area, "name", labels.NAME, "nam\u00e0".encode().ljust(64, b"\0"))
    labels.write(labelled, area)
    before = daxprov.inventory()
    assert {each["name"] for each in before.namespaces} == {"guid", "flag", "nam\u00e0", "plain"}

    report = daxprov.refused(changed(*NAMES), allow=["flag", "nam\u00e0"], before=before)
    refusals = {each["address"]: each for each in report["refusals"]}
    assert {each["code"] for each in refusals.values()} == {"label_not_restorable"}
    assert refusals.keys() == LOST.keys()
    for address, word in LOST.items():
        assert word in refusals[address]["message"] and "ndctl" in refusals[address]["advice"]
    assert labels.read(labelled) == area

    assert daxprov.apply(changed("plain")).status == DONE
    now = labels.read(labelled)
    for name in ("guid", "flag", "nam\u00e0"):
        assert [now[start:start + labels.SLOT] for start in labels.slots(now, name)] == [
            area[start:start + labels.SLOT] for start in labels.slots(area, name)]
