#!/usr/bin/env python3
"""Makes a tree that libndctl takes for /sys from a saved inventory (daxprov inventory --json).

usage: made_sysfs.py INVENTORY DIRECTORY

Bind-mounted over /sys in a private mount namespace, the tree makes the unmodified ndctl, and daxprov, see the
host of the inventory. There are no ioctls behind it: no label areas, no health.
"""
import json
import os
import sys

FLAGS = {
    "flag_failed_map": "map_fail", "flag_failed_save": "save_fail", "flag_failed_arm": "not_armed",
    "flag_failed_restore": "restore_fail", "flag_failed_flush": "flush_fail", "flag_smart_event": "smart_event",
}
MODES = {"fsdax": "memory", "devdax": "dax", "sector": "safe", "raw": "raw", None: "raw"}
HOLDERS = {"fsdax": "pfn", "devdax": "dax", "sector": "btt", "raw": "", None: ""}


class Tree:
    def __init__(self, root):
        self.root = root

    def write(self, path, value):
        full = f"{self.root}/{path}"
        os.makedirs(os.path.dirname(full), exist_ok=True)
        with open(full, "w") as file:
            file.write(f"{value}\n")

    def write_all(self, directory, attributes):
        for name, value in attributes.items():
            if value is not None:
                self.write(f"{directory}/{name}", value)

    def link(self, path, target):
        full = f"{self.root}/{path}"
        os.makedirs(os.path.dirname(full), exist_ok=True)
        os.symlink(os.path.relpath(f"{self.root}/{target}", os.path.dirname(full)), full)

    def drive(self, directory, driver):
        path = f"bus/nd/drivers/{driver}"
        os.makedirs(f"{self.root}/{path}", exist_ok=True)
        self.link(f"{directory}/driver", path)

    def directory(self, path):
        os.makedirs(f"{self.root}/{path}", exist_ok=True)


def badblocks(item, shift=0):
    return "\n".join(f"{b['offset'] + shift} {b['length']}" for b in item.get("badblocks", []))


def make_bus(tree, bus, number):
    home = f"devices/platform/made.{number}/{bus['dev']}"
    control = f"{home}/nd/ndctl{number}"
    nfit = bus["provider"] not in ("e820", "virtio-pmem")
    tree.write_all(home, {"provider": bus["provider"], "commands": "", "wait_probe": "1", "uevent": ""})
    if nfit:
        tree.write_all(f"{home}/nfit", {"revision": "1", "dsm_mask": "0"})
    if "scrub_state" in bus:
        tree.write(f"{home}/nfit/scrub", "0+" if bus["scrub_state"] == "active" else "0")
    tree.write_all(control, {"dev": f"250:{number}"})
    tree.link(f"{control}/device", home)
    tree.link(f"class/nd/ndctl{number}", control)
    tree.link(f"dev/char/250:{number}", control)
    tree.link(f"bus/nd/devices/{bus['dev']}", home)
    for dimm in bus["dimms"]:
        make_dimm(tree, f"{home}/{dimm['dev']}", dimm)
    for region in bus["regions"]:
        make_region(tree, f"{home}/{region['dev']}", region)


def make_dimm(tree, home, dimm):
    tree.write_all(home, {
        "dev": "251:0", "commands": "", "modalias": "nd:t1", "flags": "", "state": "active",
        "available_slots": dimm.get("label_area", {}).get("available_slots"),
        "security": "frozen" if dimm.get("security") == "frozen" else dimm.get("security"),
        "frozen": int(dimm.get("security_frozen", False)) if "security" in dimm else None})
    tree.write_all(f"{home}/nfit", {
        "id": dimm.get("id"), "handle": hex(dimm.get("handle", 0xffffffff)),
        "phys_id": hex(dimm.get("phys_id", 0xffff)),
        "flags": " ".join(word for key, word in FLAGS.items() if dimm.get(key))})
    tree.link(f"bus/nd/devices/{dimm['dev']}", home)
    if dimm["state"] == "enabled":
        tree.drive(home, "nvdimm")


def make_region(tree, home, region):
    labelled = region["labels"] == "labelled"
    tree.write_all(home, {
        "size": region["size"], "mappings": len(region["mappings"]), "read_only": int(region["read_only"]),
        "modalias": "nd:t2", "nstype": 5 if labelled else 4, "align": region.get("align") and hex(region["align"]),
        "numa_node": region.get("numa_node", -1), "target_node": region.get("target_node", -1),
        "set_cookie": hex(region.get("iset_id", 0)) if labelled else None,
        "available_size": region["available_size"], "max_available_extent": region.get("max_available_extent"),
        "resource": hex(region["resource"]) if "resource" in region else None,
        "persistence_domain": region["persistence_domain"], "badblocks": badblocks(region),
        "namespace_seed": region.get("seed", "")})
    make_seeds(tree, home, region)
    for index, mapping in enumerate(region["mappings"]):
        position = f",{mapping['position']}" if "position" in mapping else ""
        tree.write(f"{home}/mapping{index}", f"{mapping['dimm']},{mapping['offset']},{mapping['length']}{position}")
    tree.link(f"bus/nd/devices/{region['dev']}", home)
    if region["state"] == "enabled":
        tree.drive(home, "nd_region")
    for index, namespace in enumerate(region["namespaces"]):
        make_namespace(tree, home, region, namespace, index)


def make_seeds(tree, home, region):
    """The idle claims, which tell what the kernel offers."""
    kinds = {"fsdax": "pfn", "devdax": "dax", "sector": "btt"}
    for kind in kinds.values():
        tree.write(f"{home}/{kind}_seed", "")
    for capability in region.get("capabilities", []):
        kind = kinds[capability["mode"]]
        name = f"{kind}{region['dev'][6:]}.{len(region['namespaces'])}"
        tree.write(f"{home}/{kind}_seed", name)
        attributes = {"modalias": "nd:t7", "uuid": "", "namespace": ""}
        if kind == "btt":
            attributes["sector_size"] = "".join(f"{size} " for size in capability["sector_sizes"])
        else:
            attributes["mode"] = "none"
            attributes["supported_alignments"] = "".join(f"{size} " for size in capability["alignments"])
            attributes["align"] = 2097152
        tree.write_all(f"{home}/{name}", attributes)
        tree.link(f"bus/nd/devices/{name}", f"{home}/{name}")


def make_namespace(tree, region_home, region, namespace, index):
    home = f"{region_home}/{namespace['dev']}"
    labelled = region["labels"] == "labelled"
    mode = namespace.get("mode") if namespace["state"] == "active" else None
    claim = {"fsdax": "pfn", "devdax": "dax", "sector": "btt"}.get(mode) if "uuid" in namespace else None
    holder = f"{claim}{region['dev'][6:]}.{index}" if claim else ""
    tree.write_all(home, {
        "nstype": 5 if labelled else 4, "size": namespace["raw_size"], "force_raw": 0, "modalias": "nd:t5",
        "resource": hex(namespace["resource"]) if "resource" in namespace else None,
        "numa_node": namespace.get("numa_node", -1), "target_node": namespace.get("target_node", -1),
        "holder_class": HOLDERS[namespace.get("configured_mode")] if labelled else None,
        "mode": MODES[mode], "holder": holder,
        "dpa_extents": namespace.get("extents") if labelled else None,
        "alt_name": namespace.get("name", "") if labelled else None,
        "uuid": namespace.get("raw_uuid", "") if labelled else None,
        "sector_size": "[512] 4096 " if labelled else None})
    tree.link(f"bus/nd/devices/{namespace['dev']}", home)
    device = f"{region_home}/{holder}" if claim else home
    if claim:
        data = namespace.get("resource", 0) + namespace["raw_size"] - namespace["usable_size"]
        sizes = [512, 520, 528, 4096, 4104, 4160, 4224]
        tree.write_all(device, {
            "modalias": "nd:t7", "uuid": namespace["uuid"], "namespace": namespace["dev"],
            "size": namespace["usable_size"], "align": namespace.get("align"),
            "mode": {"mem": "ram", "dev": "pmem"}.get(namespace.get("map")),
            "resource": hex(data) if claim != "btt" and "resource" in namespace else None,
            "sector_size": "".join(f"[{s}] " if s == namespace.get("sector_size") else f"{s} " for s in sizes)
            if claim == "btt" else None,
            "supported_alignments": "4096 2097152 1073741824 " if claim != "btt" else None})
        tree.link(f"bus/nd/devices/{holder}", device)
    if namespace["state"] == "active":
        tree.drive(device, "dax_pmem" if claim == "dax" else "nd_pmem")
    if "blockdev" in namespace:
        block = f"{device}/block/{namespace['blockdev']}"
        tree.write(f"{block}/badblocks", badblocks(namespace))
        tree.link(f"block/{namespace['blockdev']}", block)
    if "chardev" in namespace:
        make_dax(tree, device, region, namespace)


def make_dax(tree, device, region, namespace):
    identifier = region["dev"][6:]
    tree.write_all(f"{device}/dax_region", {
        "id": identifier, "size": namespace["usable_size"], "align": namespace["align"]})
    home = f"{device}/{namespace['chardev']}"
    tree.write_all(home, {
        "dev": "252:0", "size": namespace["usable_size"], "align": namespace["align"], "resource": "0x0",
        "modalias": "dax:t0", "target_node": namespace.get("target_node", -1)})
    tree.link(f"bus/dax/devices/{namespace['chardev']}", home)
    tree.directory("bus/dax/drivers/device_dax")
    tree.link(f"{home}/driver", "bus/dax/drivers/device_dax")


def main():
    with open(sys.argv[1]) as file:
        inventory = json.load(file)
    tree = Tree(sys.argv[2])
    for path in ("class/nd", "bus/nd/devices", "bus/dax/devices", "devices", "dev/char", "block", "kernel"):
        tree.directory(path)
    for number, bus in enumerate(inventory["buses"]):
        make_bus(tree, bus, number)


if __name__ == "__main__":
    main()
