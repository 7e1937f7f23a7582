import ProvisionCore
import Testing

@testable import Provision

/// What the metrics say of things that the example hosts do not have, and what they leave out.
@Suite struct StatusMetricsTests {
    private let scratch: ScratchDirectory

    init() throws { scratch = try ScratchDirectory() }

    private func status(_ observed: Observed) throws -> HostStatus {
        try HostStatus(of: TransactionStore(StateDirectory(scratch.path)), observingAlways: true) { observed }
    }

    /// The lines with values.
    private func lines(_ observed: Observed) throws -> [String] {
        let text = StatusMetrics(try status(observed), at: 7).text
        return text.split(separator: "\n").filter { !$0.hasPrefix("#") }.map(String.init)
    }

    private func bus(_ scrub: ScrubState?, _ region: Region, slots: [Int?] = []) -> Observed {
        let dimms = slots.enumerated().map { index, slots in
            Dimm(
                device: "nmem\(index)",
                labelArea: LabelArea(size: .kib(128), version: .v1_2, slots: 510, availableSlots: slots))
        }
        return Observed(
            buses: [
                Bus(
                    device: "ndbus0", provider: "ACPI.NFIT", scrubState: scrub, dimms: dimms,
                    regions: [region])
            ])
    }

    private func region(_ badBlocks: [BadBlocks] = [], dimms: Int = 0) -> Region {
        let mappings = (0..<dimms).map { index in
            Mapping(dimm: "nmem\(index)", offset: .zero, length: .gib(1), position: index)
        }
        return Region(
            device: "region0", size: .gib(1), interleaveSetID: 0x1f, mappings: mappings, badBlocks: badBlocks)
    }

    private let labels = #"{iset_id="0x1f",region="region0"}"#

    @Test func errorsThatNobodyLookedForAreNotNone() throws {
        let none = "daxprov_media_errors\(labels) 0"
        #expect(try lines(bus(.idle, region())).contains(none))
        for scrub in [nil, ScrubState.active] {
            let told = try lines(bus(scrub, region()))
            #expect(!told.contains { $0.contains("media_error") }, "\(told)")
        }
        var disabled = region()
        disabled.isEnabled = false
        #expect(!(try lines(bus(.idle, disabled)).contains { $0.contains("media_error") }))
        let two = region([BadBlocks(offset: 8, length: 8), BadBlocks(offset: 64, length: 1)])
        let found = try lines(bus(nil, two))
        #expect(found.contains("daxprov_media_errors\(labels) 2"))
        #expect(found.contains("daxprov_media_error_bytes\(labels) 4608"))
    }

    @Test func theFullestDimmDecidesHowManyLabelsThereIsRoomFor() throws {
        let line = "daxprov_region_label_slots_free\(labels)"
        #expect(try lines(bus(.idle, region(dimms: 2), slots: [9, 4])).contains("\(line) 4"))
        #expect(!(try lines(bus(.idle, region(dimms: 2), slots: [9, nil])).contains { $0.hasPrefix(line) }))
        #expect(!(try lines(bus(.idle, region())).contains { $0.hasPrefix(line) }))
    }

    /// What a firmware does not tell has no line: 0 would be a value.
    @Test func dimmsAreToldAsFarAsTheyAreKnown() throws {
        var health = DimmHealth()
        health.state = .nonCritical
        health.lifeUsed = 100
        health.spares = 3
        health.mediaTemperature = Temperature(sixteenths: -24)
        health.alarms = [.spares]
        health.dirtyShutdowns = 42
        func told(_ health: DimmHealth?) throws -> [String] {
            let dimm = Dimm(device: "nmem0", uniqueID: "8089-1", flags: [.failedArm], health: health)
            let bus = Bus(device: "ndbus0", provider: "x", scrubState: nil, dimms: [dimm], regions: [])
            return try lines(Observed(buses: [bus])).filter { $0.contains("_dimm_") }
        }
        let labels = #"dimm="nmem0",id="8089-1""#
        #expect(
            try told(health) == [
                #"daxprov_dimm_flag{\#(labels),flag="failed_arm"} 1"#,
                #"daxprov_dimm_health{\#(labels),state="ok"} 0"#,
                #"daxprov_dimm_health{\#(labels),state="non-critical"} 1"#,
                #"daxprov_dimm_health{\#(labels),state="critical"} 0"#,
                #"daxprov_dimm_health{\#(labels),state="fatal"} 0"#,
                #"daxprov_dimm_alarm{\#(labels),alarm="media_temperature"} 0"#,
                #"daxprov_dimm_alarm{\#(labels),alarm="controller_temperature"} 0"#,
                #"daxprov_dimm_alarm{\#(labels),alarm="spares"} 1"#,
                "daxprov_dimm_life_used_ratio{\(labels)} 1", "daxprov_dimm_spares_ratio{\(labels)} 0.03",
                "daxprov_dimm_media_temperature_celsius{\(labels)} -1.5",
                "daxprov_dimm_shutdowns_dirty_total{\(labels)} 42",
            ])
        health.shutdownCount = 43
        #expect(try told(health).last == "daxprov_dimm_shutdowns_dirty_total{\(labels)} 43")
        #expect(try told(nil).count == 1 && told(DimmHealth(unread: .unsupported)).count == 1)
        #expect([0, 5, 10, 75, 101].map(StatusMetrics.ratio) == ["0", "0.05", "0.1", "0.75", "1.01"])
    }

    @Test func memoryIsCountedByItsState() throws {
        let runs = [
            DaxRegion.BlockRun(numbers: 32..<36, state: "online", zone: "Movable"),
            DaxRegion.BlockRun(numbers: 36..<37, state: "offline"),
        ]
        func host(_ blocks: [DaxRegion.BlockRun]?) -> Observed {
            let device = DaxRegion.Device(
                name: "dax0.0", size: .gib(1), driver: "kmem", memoryBlocks: blocks)
            let stranded: UInt64 = 1 << 33
            let region = DaxRegion(
                path: "/platform/hmem.0", id: 0, kind: .dynamic, size: .gib(2), devices: [device],
                strandedRanges: [stranded..<stranded + 4096])
            return Observed(
                buses: [], daxRegions: [region], memoryHotplug: MemoryHotplug(blockSize: .mib(128)))
        }
        let told = try lines(host(runs))
        #expect(told.contains(#"daxprov_dax_memory_bytes{state="online"} 536870912"#))
        #expect(told.contains(#"daxprov_dax_memory_bytes{state="offline"} 134217728"#))
        #expect(told.contains(#"daxprov_dax_memory_bytes{state="stranded"} 4096"#))
        #expect(!(try lines(host(nil)).contains { $0.contains("dax_memory") }))
    }

    /// Two equal lines, and the collector refuses all.
    @Test func noTwoLinesAreAlikeWhateverTheMediaSay() throws {
        let uuid = UUID("4eff59b8-f6ed-4dfb-9800-89b65d1164a7")
        var full = region()
        full.namespaces = (0..<3).map { number in
            Namespace(
                device: "namespace0.\(number)", rawSize: .mib(16), isActive: true, name: "one",
                labelUUID: number < 2 ? uuid : nil)
        }
        let told = try lines(bus(.idle, full))
        #expect(Set(told).count == told.count)
        #expect(told.count { $0.hasPrefix("daxprov_namespace_size_bytes") } == 3)
    }

    @Test func theBootUnitIsToldWhereItDidNotDoItsWork() throws {
        var status = try status(Observed(buses: []))
        func told(_ unit: BootUnit?) -> String {
            status.bootUnit = unit
            return StatusReport(status).text()
        }
        let nothing = "No transaction is recorded.\n"
        #expect(told(nil) == nothing)
        #expect(told(BootUnit(isEnabled: true, result: .done)) == nothing)
        #expect(told(BootUnit(isEnabled: true, result: .notRun)).contains("did not run in this boot"))
        #expect(
            told(BootUnit(isEnabled: true, result: .failed, exitStatus: 5)).contains(
                "failed with exit code 5."))
        #expect(told(BootUnit(isEnabled: true, result: .failed)).contains("failed. Run systemctl status"))
        #expect(told(BootUnit(isEnabled: false, result: .running)).contains("has not ended in this boot"))
    }
}
