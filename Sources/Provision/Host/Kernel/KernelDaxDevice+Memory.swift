import Glibc
import SystemPackage
import ProvisionCore

/// The memory blocks of a device: on- and offline, each read back.
extension KernelDaxDevice {
    /// Brings the blocks of a device that is memory into a state, and reads each one back.
    func bring(_ online: OnlinePolicy) throws(OperationError) {
        let zones = try states()
        switch online {
        case .none: try takeAllOffline()
        case .movable, .kernel:
            let isRight: (String?) -> Bool = { zone in (zone == "Movable") == (online == .movable) }
            if zones.values.contains(where: { $0 != nil && !isRight($0) }) { try takeAllOffline() }
            let word = online == .movable ? "online_movable" : "online_kernel"
            try plug(word)
            for (block, zone) in try states().sorted(by: { $0.key < $1.key }) where zone == nil {
                try setState(word, of: block)
            }
            let found = try states()
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

    /// Has the kernel take back what it was told to take away, where it has a word for that: that brings all of it online. So blocks that
    /// were offline, and may hold what somebody wrote, keep it from that.
    /// - Parameter before: the zone of each block as it was; nil for one that was offline.
    func plugBack(_ before: [UInt64: String?], after failure: OperationError) -> OperationError {
        guard isUnplugged, !before.isEmpty else { return failure }
        do throws(OperationError) {
            guard before.values.allSatisfy({ $0 != nil }) else {
                throw failed(
                    "some of its memory blocks were offline: the kernel would bring all of them online, and write over what they hold",
                    "bring it online if nobody needs that: echo online_movable > \(directory.path)/state",
                    while: "give its memory to the kernel again")
            }
            let isMovable = before.values.contains("Movable")
            try plug(isMovable ? "online_movable" : "online_kernel")
            // That was one zone for all of them. The others go into theirs from there.
            for (block, zone) in before.sorted(by: { $0.key < $1.key }) where isMovable && zone != "Movable" {
                do throws(Errno) {
                    try setOffline(block)
                } catch {
                    throw OperationError.system(
                        error.rawValue, while: "take memory block \(block) offline", device: name)
                }
            }
            return failure
        } catch {
            return failure.adding(undoFailures: [error])
        }
    }

    private var isUnplugged: Bool { directory.text("state") == "unplugged" }

    private func setDeviceState(_ word: String, while operation: String) throws(OperationError) {
        // It is done block by block.
        let count = try blocks().count
        let deadline = min(Int(Self.deadline) * max(count, 1), 24 * 3600)
        do throws(Errno) {
            try directory.write(word, to: "state", within: Int32(deadline))
        } catch {
            throw .system(error.rawValue, while: operation, device: name)
        }
    }

    /// The numbers of the memory blocks that lie wholly in one of its ranges.
    /// - Throws: where the size of memory blocks cannot be read.
    func blocks() throws(OperationError) -> [UInt64] {
        do throws(Errno) {
            let text = try SysfsDirectory(places.memoryBlocks, places).read("block_size_bytes")
            guard let unit = UInt64(text, radix: 16), unit > 0 else { throw Errno.invalidArgument }
            return ranges.flatMap { MemoryForecast($0, blockSize: ByteCount(unit)).blocks }
        } catch {
            throw unseen(error)
        }
    }

    /// The zone of each block that is there; nil for one that is offline.
    /// - Throws: where that cannot be told. A block that is not seen can be online, and the driver must stay then.
    func states() throws(OperationError) -> [UInt64: String?] { try states(of: blocks()) }

    private func states(of blocks: [UInt64]) throws(OperationError) -> [UInt64: String?] {
        do throws(Errno) {
            let memory = try SysfsDirectory(places.memoryBlocks, places)
            var found: [UInt64: String?] = [:]
            for block in blocks {
                guard let state = try Self.text("state", of: block, memory) else { continue }
                var zone: String?
                if state != "offline" { zone = try Self.text("valid_zones", of: block, memory) ?? "unknown" }
                found[block] = .some(zone)
            }
            return found
        } catch {
            throw unseen(error)
        }
    }

    /// An attribute of a memory block; nil where there is no such block.
    /// - Throws: where that cannot be told.
    private static func text(
        _ attribute: String, of block: UInt64, _ memory: borrowing SysfsDirectory
    ) throws(Errno) -> String? {
        do throws(Errno) {
            return try memory.read("memory\(block)/\(attribute)")
        } catch {
            // What the kernel is taking away answers with ENODEV (fs/kernfs/file.c).
            if error == .operationNotSupportedByDevice { return nil }
            guard error == .noSuchFileOrDirectory else { throw error }
        }
        do throws(Errno) {
            _ = try SysfsDirectory("\(memory.path)/memory\(block)", memory.places)
        } catch {
            guard error == .noSuchFileOrDirectory else { throw error }
            return nil
        }
        throw Errno.noSuchFileOrDirectory
    }

    private func unseen(_ error: Errno) -> OperationError {
        OperationError(
            .failed, while: "look at its memory blocks", device: name, reason: "\(error)",
            advice: "see the kernel log (dmesg): as long as one of them may be online, the driver must stay",
            errno: error.rawValue)
    }

    func takeAllOffline() throws(OperationError) {
        var taken: [UInt64: String] = [:]
        try takeOffline(&taken)
    }

    /// Takes every block offline. Where one stays online, those taken offline come back into the zones that they were in.
    func takeOffline(_ taken: inout [UInt64: String]) throws(OperationError) {
        for (block, zone) in try states().sorted(by: { $0.key < $1.key }) {
            guard let zone else { continue }
            do throws(Errno) {
                try setOffline(block)
                taken[block] = zone
            } catch {
                var failure = OperationError(
                    .failed, while: "take memory block \(block) offline", device: name,
                    reason: error == .timedOut
                        ? "the kernel could not move what is in it within \(Self.deadline) seconds"
                        : error == .resourceBusy
                            ? "the kernel cannot move what is in it" : "\(error)",
                    advice: zone == "Movable"
                        ? "free memory, or end what has locked pages there (see the kernel log), and try again"
                        : "it is in the zone \(zone), which the kernel does not give back as a rule: a reboot does",
                    errno: error.rawValue)
                // Where the time ran out, it can be offline all the same, or be still on its way.
                let state = memory?.text("memory\(block)/state") ?? "its state cannot be read"
                if state == "offline" {
                    taken[block] = zone
                } else if state != "online" {
                    let undecided = failed(
                        "memory block \(block) is neither online nor offline (\(state))",
                        "wait until it is one of them, and bring it online if it is not")
                    failure = failure.adding(undoFailures: [undecided])
                }
                throw bringBack(taken, after: failure)
            }
        }
    }

    /// Takes a block offline, which the kernel may never come to an end with.
    private func setOffline(_ block: UInt64) throws(Errno) {
        try SysfsDirectory(places.memoryBlocks, places).write(
            "offline", to: "memory\(block)/state", within: Self.deadline)
    }

    /// A memory block that somebody brings online again after all went offline; nil where all stay offline while udev works off
    /// what it was told of them, and a little longer. The kernel has no way to look and take the driver away in one.
    func comesBack() throws(OperationError) -> UInt64? {
        var looks = 0
        repeat {
            if let online = try states().filter({ $0.value != nil }).keys.min() { return online }
            usleep(Self.pauseBetweenLooks)
            looks += 1
        } while looks < Self.quietLooks || looks < Self.mostLooks && UdevQueue.isBusy(places)
        return try states().filter { $0.value != nil }.keys.min()
    }

    /// Brings blocks online again, each in the zone that it was in, and reads that back.
    /// - Returns: the error of what failed, with what of that could not be done.
    func bringBack(_ taken: [UInt64: String], after failure: OperationError) -> OperationError {
        var failures: [OperationError] = []
        for (block, zone) in taken.sorted(by: { $0.key < $1.key }) {
            do throws(OperationError) {
                try setState(zone == "Movable" ? "online_movable" : "online_kernel", of: block)
                try requireZone(zone, of: block)
            } catch {
                failures.append(error)
            }
        }
        return failure.adding(undoFailures: failures)
    }

    private func requireZone(_ zone: String, of block: UInt64) throws(OperationError) {
        let operation = "bring memory block \(block) online"
        guard let found = try states(of: [block])[block], let now = found else {
            throw failed("it is not online", "see the kernel log (dmesg)", while: operation)
        }
        guard now == zone || zone == "unknown" else {
            throw failed(
                "it is in the zone \(now), and was in \(zone)",
                "it came online in another way: find out what brings memory online here", while: operation)
        }
    }

    func setState(_ word: String, of block: UInt64) throws(OperationError) {
        do throws(Errno) {
            try SysfsDirectory(places.memoryBlocks, places).write(word, to: "memory\(block)/state")
        } catch {
            // Somebody else's rule may have brought it online meanwhile: its zone is compared afterwards.
            let state = memory?.text("memory\(block)/state")
            if error == .invalidArgument, state == "online" { return }
            throw .system(error.rawValue, while: "bring memory block \(block) online", device: name)
        }
    }
}
