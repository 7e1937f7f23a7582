"""Listing and clearing media errors in a guest."""

import json

from .daxprov import REFUSED

LABELS = ("ndctl disable-region -b nfit_test.0 all && ndctl init-labels -b nfit_test.0 -f -V 1.2 all && "
          "ndctl disable-dimm -b nfit_test.0 all && ndctl enable-dimm -b nfit_test.0 all && "
          "ndctl enable-region -b nfit_test.0 all")
MIB = 1 << 20
SECTOR = 512
SCRUB = "ndctl start-scrub nfit_test.0 && ndctl wait-scrub nfit_test.0"


def listed(daxprov, *names):
    return json.loads(daxprov.run("errors", "list", "--json", *names).check().stdout)


def found(daxprov, *names):
    """(part, namespace or None, offset in the region in sectors, number of sectors) of each error."""
    return {(each["part"], each.get("name"), each["offset"] // SECTOR, each["length"] // SECTOR)
            for each in listed(daxprov, *names)["errors"]}


def clear(daxprov, *words, allow=None, **options):
    consent = ["--allow-destroy", allow] if allow else []
    result = daxprov.run("errors", "clear", "--yes", "--json", *words, *consent, **options)
    return result, json.loads(result.stdout) if result.stdout else None


def refused(daxprov, *words, allow=None):
    result, report = clear(daxprov, *words, allow=allow)
    assert result.status == REFUSED, result
    return {each["code"] for each in report["refusals"]}


def address(daxprov, sector, number=1):
    return daxprov.inventory().region(number)["resource"] + sector * SECTOR


def node(vm, name):
    return vm.run(f"stat -c '%u:%g:%a:%t:%T' /dev/{name}", check=True).out


def node_of(daxprov, name):
    item = daxprov.inventory().named(name)
    return item.get("blockdev") or item["chardev"]
