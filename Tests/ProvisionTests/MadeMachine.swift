import Glibc
import SystemPackage
import Testing

@testable import ProvisionCore
@testable import ProvisionHost

/// A made host whose kernel answers stores as Linux 6.1 does, as far as the sequences of the kernel host go: it keeps the order of the
/// stores, refuses what it is told to refuse, and lets something else happen right after one.
class MadeMachine: MadeKernel {
    let tree: MadeTree
    /// The stores that reached the kernel, in order, such as `dax0.1/size=0`; those that were refused end in an exclamation mark.
    private(set) var stores: [String] = []
    /// The modules that were loaded.
    private(set) var modules: [String] = []
    /// What stores fail with, by their words in ``stores``; an address is as good as any.
    var refusals: [String: Errno] = [:]
    /// What happens right after a store, once. (The compiler, 6.3.1, dies of closures here that throw an `Errno` alone.)
    var afterwards: [String: () throws -> Void] = [:]
    /// The block devices that somebody else has open exclusively.
    var claimed: Set<String> = []
    /// What is left out of the names of attributes.
    var prefixes: [String] = ["sys/bus/dax/drivers/", "sys/devices/system/memory/"]

    /// A host on which everybody who uses a device would be seen, and nobody uses one.
    init() throws {
        tree = try MadeTree()
        try tree.put("proc/self/mountinfo", "")
        try tree.put("proc/swaps", "Filename Type Size Used Priority")
        try tree.put("proc/filesystems", "\text4")
        try tree.makeDirectory("dev")
        try tree.makeDirectory("sys/bus")
    }

    /// A host that has these places. What it stores is counted by itself.
    var host: KernelHost { KernelHost(places) }

    var places: KernelPlaces { KernelPlaces(below: tree.root, made: self) }

    func store(_ value: String, at path: String) throws(Errno) {
        let entry = try tree.entry(at: path)
        var name = entry
        for prefix in prefixes where entry.hasPrefix(prefix) { name = String(entry.dropFirst(prefix.count)) }
        let words = "\(name)=\(value)"
        if let refusal = refusals[words] {
            stores.append("\(words)!")
            throw refusal
        }
        do throws(Errno) {
            try answer(value, at: entry)
        } catch {
            stores.append("\(words)!")
            throw error
        }
        stores.append(words)
        guard let next = afterwards.removeValue(forKey: words) else { return }
        do {
            try next()
        } catch {
            throw error as? Errno ?? .ioError
        }
    }

    func load(_ module: String) -> Int32 {
        modules.append(module)
        return 1
    }

    func isClaimed(_ disk: String) -> Bool { claimed.contains(disk) }

    /// Forgets the stores so far, and what is to be refused.
    func forget() {
        stores = []
        refusals = [:]
        afterwards = [:]
    }

    /// Changes the tree as the kernel would; the attribute is new text where nobody knows better.
    func answer(_ value: String, at entry: String) throws(Errno) { try tree.put(entry, value) }
}
