import Testing

@testable import Provision
@testable import ProvisionCore

/// What changed of a host is said of the object, and nothing is missed.
@Suite struct HostDriftTests {
    private static func host(_ namespaces: [Namespace], _ change: (inout Region) -> Void = { _ in })
        -> Observed
    {
        var region = Region(
            device: "region0", size: .gib(16), resource: 1 << 32, interleaveSetID: 7, namespaces: namespaces)
        change(&region)
        return Observed(buses: [
            Bus(device: "ndbus0", provider: "ACPI.NFIT", scrubState: nil, dimms: [], regions: [region])
        ])
    }

    private static let label = UUID("199cb51e-a8af-45c4-b80d-29c26f9dc084")

    private static func namespace(_ change: (inout Namespace) -> Void = { _ in }) -> Namespace {
        var namespace = Namespace(
            device: "namespace0.1", resource: 1 << 32, rawSize: .gib(2), mode: .fsdax, recordedMode: .fsdax,
            usableSize: .gib(2), map: .dev, align: .mib(2), name: "wal", labelUUID: label,
            infoBlockUUID: UUID("299cb51e-a8af-45c4-b80d-29c26f9dc084"), blockDevice: "pmem0")
        change(&namespace)
        return namespace
    }

    private func lines(_ before: Observed, _ now: Observed) -> [String] {
        DriftText.lines(HostDrift(from: before, to: now).differences)
    }

    @Test func oneLineAnObject() {
        let before = Self.host([Self.namespace()])
        let disabled = Self.namespace {
            $0.isActive = false
            $0.usableSize = nil
            $0.map = nil
            $0.align = nil
            $0.infoBlockUUID = nil
            $0.blockDevice = nil
        }
        #expect(lines(before, Self.host([disabled])) == ["region0/wal is disabled"])
        #expect(lines(Self.host([disabled]), before) == ["region0/wal is active"])
        let renamed = Self.namespace { $0.name = "log" }
        #expect(lines(before, Self.host([renamed])) == ["region0/wal has the name log"])
        #expect(
            lines(before, Self.host([])) == [
                "region0/wal is gone: fsdax 2 GiB, map dev, align 2 MiB, at 0x100000000"
            ])
        #expect(lines(Self.host([]), before).map { $0.prefix(18) } == ["region0/wal is new"])
        let off = Self.host([]) { $0.isEnabled = false }
        #expect(lines(before, off) == ["region0 is disabled"])
        #expect(lines(before, Observed(buses: [])) == ["region0 is gone: 16 GiB with 1 namespace"])
    }

    @Test func anotherLabelInTheSamePlaceIsTheSameNamespaceChanged() {
        let anew = Self.namespace {
            $0.labelUUID = UUID("399cb51e-a8af-45c4-b80d-29c26f9dc084")
            $0.mode = .devdax
        }
        let found = lines(Self.host([Self.namespace()]), Self.host([anew]))
        #expect(
            found.count == 1
                && found[0].contains("has the mode devdax, and had fsdax; has the label UUID 399"))
    }

    /// A boot makes memory a device again, and somebody can take it offline.
    @Test func whatADeviceIsUsedAsIsCompared() {
        func host(_ device: DaxDevice?) -> Observed {
            Self.host([
                Self.namespace {
                    $0.mode = .devdax
                    $0.daxDevice = device
                }
            ])
        }
        func memory(_ online: Int) -> DaxDevice {
            DaxDevice(
                .systemRAM, driver: "kmem",
                memory: .init(online: online, total: 4, isMovable: online > 0 ? true : nil))
        }
        #expect(
            lines(host(memory(4)), host(nil)) == [
                "region0/wal has a device that is devdax, and was system-ram, online: movable"
            ])
        #expect(
            lines(host(memory(4)), host(memory(3))) == [
                "region0/wal has a device that is system-ram, 3 of 4 blocks online, and was system-ram, online: movable"
            ])
        #expect(
            lines(host(DaxDevice(.devdax)), host(DaxDevice(.other, driver: "fsdev_dax"))) == [
                "region0/wal has a device that is driver fsdev_dax, and was devdax"
            ])
        #expect(lines(host(nil), host(DaxDevice(.devdax))) == [])
        // Who is not root sees no memory blocks.
        let unseen = DaxDevice(.systemRAM, driver: "kmem")
        #expect(lines(host(memory(4)), host(unseen)) == [])
        #expect(lines(host(unseen), host(DaxDevice(.disabled))).count == 1)
        // A namespace that is offline has no device: that it is offline says so.
        let offline = Self.host([
            Self.namespace {
                $0.mode = .devdax
                $0.isActive = false
            }
        ])
        #expect(lines(host(memory(4)), offline) == ["region0/wal is disabled"])
    }

    @Test func aMovedRegionIsOneDifference() {
        let moved = Self.host([Self.namespace { $0.resource = 1 << 40 }]) { $0.resource = 1 << 40 }
        #expect(
            lines(Self.host([Self.namespace()]), moved) == [
                "region0 lies at 0x10000000000, and lay at 0x100000000"
            ])
    }

    /// Where the region's address is not known, or cannot be right, there are no offsets to compare.
    @Test(arguments: [nil, 1 << 36] as [UInt64?])
    func aNamespaceThatMovedIsSeenWithoutItsRegionsAddress(regionAddress: UInt64?) {
        let (before, after) = (Self.namespace(), Self.namespace { $0.resource = (1 << 32) + (2 << 30) })
        let hosts = [before, after].map { namespace in Self.host([namespace]) { $0.resource = regionAddress }
        }
        #expect(
            lines(hosts[0], hosts[1]) == ["region0/wal lies at 0x180000000, and lay at 0x100000000"])
    }

    /// There is a difference wherever the facts that people rely on differ.
    @Test(arguments: 1...10 as ClosedRange<UInt64>) func nothingIsMissed(seed: UInt64) throws {
        var generator = RandomObserved.Generator(state: seed)
        let changes: [(inout Namespace) -> Void] = [
            { $0.name = "b" }, { $0.name = nil }, { $0.resource = (1 << 32) + (2 << 30) },
            { $0.rawSize = .gib(1) }, { $0.mode = .devdax }, { $0.map = .mem }, { $0.align = .kib(4) },
            { $0.sectorSize = 4096 }, { $0.labelUUID = nil }, { $0.infoBlockUUID = nil },
            { $0.isActive = false },
        ]
        let regionChanges: [(inout Region) -> Void] = [
            { $0.isEnabled = false }, { $0.isReadOnly = true }, { $0.labelling = .labelLess },
            { $0.size = .gib(8) },
            { $0.resource = 1 << 36 }, { $0.interleaveSetID = 9 },
        ]
        func any() -> Observed {
            var namespaces: [Namespace] = []
            for index in 0..<Int.random(in: 0...2, using: &generator) {
                namespaces.append(
                    Self.namespace {
                        if index == 1 {
                            $0.labelUUID = UUID("499cb51e-a8af-45c4-b80d-29c26f9dc084")
                            $0.resource = (1 << 32) + (4 << 30)
                        }
                        if Bool.random(using: &generator) { changes.randomElement(using: &generator)?(&$0) }
                    })
            }
            return Self.host(namespaces) {
                if Int.random(in: 0..<4, using: &generator) == 0 {
                    regionChanges.randomElement(using: &generator)?(&$0)
                }
                if !$0.isEnabled { $0.namespaces = [] }
            }
        }
        for _ in 0..<2000 {
            let (before, now) = (any(), any())
            let differs = HostSnapshot(before) != HostSnapshot(now)
            let drift = HostDrift(from: before, to: now)
            if differs { #expect(!drift.differences.isEmpty, "\(before)\n\(now)") }
            if before == now { #expect(drift.differences.isEmpty, "\(before)\n\(drift)") }
        }
    }
}
