import Glibc
import SystemPackage
import ProvisionCore

/// The memory blocks of a device: on- and offline, each read back.
extension KernelDaxDevice {
    /// Brings the blocks of a device that is memory into a state, and reads each one back.
    func bring(_ online: OnlinePolicy) throws(OperationError) {
        let zones = states()
        switch online {
        case .none: try takeAllOffline()
        case .movable, .kernel:
            let isRight: (String?) -> Bool = { zone in (zone == "Movable") == (online == .movable) }
            if zones.values.contains(where: { $0 != nil && !isRight($0) }) { try takeAllOffline() }
            let word = online == .movable ? "online_movable" : "online_kernel"
            try plug(word)
            for (block, zone) in states().sorted(by: { $0.key < $1.key }) where zone == nil {
                try setState(word, of: block)
            }
            let found = states()
            guard !found.isEmpty else { throw failed("the kernel has none of its memory blocks", nil) }
            for (block, zone) in found.sorted(by: { $0.key < $1.key }) {
                guard let zone else { throw failed("memory block \(block) is not online", nil) }
                guard isRight(zone) else {
                    throw failed(
                        "memory block \(block) is in the zone \(zone)",
                        "it came online in another way: look who does that")
                }
            }
        }
    }

    /// Has the kernel take the memory of a device whose blocks it was told to take away, where it has a word for that (Linux 7.x).
    func plug(_ word: String) throws(OperationError) {
        guard isUnplugged else { return }
        try setDeviceState(word, while: "give its memory to the kernel")
    }

    /// Has the kernel take all blocks away in one, or none: newer ones (Linux 7.x, drivers/dax/kmem.c) show a file for that. Afterwards
    /// nobody can bring them online, and the driver goes safely.
    func unplug() throws(OperationError) {
        guard directory.exists("state"), !isUnplugged else { return }
        try setDeviceState("unplugged", while: "take its memory from the kernel")
    }

    private var isUnplugged: Bool { directory.text("state") == "unplugged" }

    private func setDeviceState(_ word: String, while operation: String) throws(OperationError) {
        do throws(Errno) {
            // It is done block by block.
            let deadline = min(Int(Self.deadline) * max(blocks.count, 1), 24 * 3600)
            try directory.write(word, to: "state", within: Int32(deadline))
        } catch {
            throw .system(error.rawValue, while: operation, device: name)
        }
    }

    /// The zone of each block that is there; nil for one that is offline.
    func states() -> [UInt64: String?] {
        guard let memory else { return [:] }
        var found: [UInt64: String?] = [:]
        for block in blocks {
            guard memory.exists("memory\(block)") else { continue }
            // What cannot be read counts as online.
            let isOffline = memory.text("memory\(block)/state") == "offline"
            found[block] = .some(isOffline ? nil : memory.text("memory\(block)/valid_zones") ?? "unknown")
        }
        return found
    }

    func takeAllOffline() throws(OperationError) {
        var taken: [UInt64: String] = [:]
        try takeOffline(&taken)
    }

    /// Takes every block offline. Where one stays online, those taken offline come back into the zones that they were in.
    func takeOffline(_ taken: inout [UInt64: String]) throws(OperationError) {
        for (block, zone) in states().sorted(by: { $0.key < $1.key }) {
            guard let zone else { continue }
            do throws(Errno) {
                guard let memory else { continue }
                try memory.write("offline", to: "memory\(block)/state", within: Self.deadline)
                taken[block] = zone
            } catch {
                let failure = OperationError(
                    .failed, while: "take memory block \(block) offline", device: name,
                    reason: error == .timedOut
                        ? "the kernel could not move what is in it within \(Self.deadline) seconds"
                        : error == .resourceBusy
                            ? "the kernel cannot move what is in it" : "\(error)",
                    advice: zone == "Movable"
                        ? "free memory, or end what has locked pages there (see the kernel log), and try again"
                        : "it is in the zone \(zone), which the kernel does not give back as a rule: a reboot does",
                    errno: error.rawValue)
                throw bringBack(taken, after: failure)
            }
        }
    }

    /// A memory block that somebody brings online again after all went offline; nil where all stay offline while udev works off
    /// what it was told of them, and a little longer. The kernel has no way to look and take the driver away in one.
    func comesBack() -> UInt64? {
        var looks = 0
        repeat {
            if let online = states().filter({ $0.value != nil }).keys.min() { return online }
            usleep(Self.pauseBetweenLooks)
            looks += 1
        } while looks < Self.quietLooks || looks < Self.mostLooks && UdevQueue.isBusy(places)
        return states().filter { $0.value != nil }.keys.min()
    }

    func bringBack(_ taken: [UInt64: String], after failure: OperationError) -> OperationError {
        var failures: [OperationError] = []
        for (block, zone) in taken.sorted(by: { $0.key < $1.key }) {
            do throws(OperationError) {
                try setState(zone == "Movable" ? "online_movable" : "online_kernel", of: block)
            } catch {
                failures.append(error)
            }
        }
        return failure.adding(undoFailures: failures)
    }

    func setState(_ word: String, of block: UInt64) throws(OperationError) {
        do throws(Errno) {
            guard let memory else { return }
            try memory.write(word, to: "memory\(block)/state")
        } catch {
            // Somebody else's rule may have brought it online meanwhile: its zone is compared afterwards.
            let state = memory?.text("memory\(block)/state")
            if error == .invalidArgument, state == "online" { return }
            throw .system(error.rawValue, while: "bring memory block \(block) online", device: name)
        }
    }
}
