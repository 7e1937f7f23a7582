/// What concerns persistent memory, dax, CXL or memory hotplug, among all that a machine says.
package enum FamilyWords {
    /// Whether a module of the kernel belongs to the family, by its name as sysfs has it.
    package static func isModule(_ name: String) -> Bool {
        modules.contains(name) || modulePrefixes.contains { name.hasPrefix($0) }
    }

    private static let modules: Set<String> = [
        "libnvdimm", "nfit", "device_dax", "fsdev_dax", "kmem", "virtio_pmem", "of_pmem", "papr_scm",
    ]
    private static let modulePrefixes = ["nd_", "dax", "cxl_", "nfit_test"]

    /// Whether a line of the kernel's log concerns the family.
    package static func isLogLine(_ line: String) -> Bool {
        let line = line.lowercased()
        if logPhrases.contains(where: { line.contains($0) }) { return true }
        return line.split { !($0.isLetter || $0.isNumber || $0 == "_") }.contains { word in
            logWords.contains(String(word)) || logPrefixes.contains { word.hasPrefix($0) }
                || isNamespace(word)
        }
    }

    private static let logPhrases = [
        "memory hotplug", "memory_hotplug", "hotplug memory", "hotplugged memory", "hot-added memory",
        "hotmem", "persistent memory", "persistent (type", "soft reserved", "offlining", "memory block",
    ]
    private static let logWords: Set<String> = ["nd", "kmem", "hmem", "hmat", "cedt", "memhp"]
    private static let logPrefixes = [
        "nd_", "ndbus", "nfit", "nmem", "nvdimm", "libnvdimm", "pmem", "dax", "device_dax", "fsdev_dax",
        "cxl", "btt", "virtio_pmem", "memhp_",
    ]

    /// Whether a word is the kernel's name of a namespace, up to its dot: "namespace0".
    private static func isNamespace(_ word: Substring) -> Bool {
        word.hasPrefix("namespace") && word.dropFirst("namespace".count).first?.isNumber == true
    }

    /// Whether a line of `/proc/iomem` concerns the family.
    package static func isAddressLine(_ line: String) -> Bool {
        let line = line.lowercased()
        return ["persistent", "soft reserved", "dax", "cxl", "kmem", "pmem", "namespace"].contains {
            line.contains($0)
        }
    }

    /// Whether a line of a kernel's configuration concerns the family: by the words of the option's name.
    package static func isOption(_ line: String) -> Bool {
        if line.contains("MEMORY_HOTPLUG") || line.contains("MEMORY_HOTREMOVE") { return true }
        return line.split { !($0.isLetter || $0.isNumber) }.contains { options.contains(String($0)) }
    }

    private static let options: Set<String> = [
        "NVDIMM", "LIBNVDIMM", "DAX", "CXL", "ND", "PMEM", "NFIT", "HMEM", "MHP",
    ]
}
