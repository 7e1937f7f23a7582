import ProvisionCore

/// Hosts with everything a host can have, in any combination: for properties that hold of every host.
struct RandomObserved {
    /// SplitMix64: a failing case is repeated by its seed.
    struct Generator: RandomNumberGenerator {
        var state: UInt64

        mutating func next() -> UInt64 {
            state &+= 0x9e37_79b9_7f4a_7c15
            var mixed = state
            mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
            mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
            return mixed ^ (mixed >> 31)
        }
    }

    private var generator: Generator

    init(seed: UInt64) {
        generator = Generator(state: seed)
    }

    mutating func observed() -> Observed {
        Observed(
            buses: list { $0.bus() }, daxRegions: list { $0.daxRegion() },
            memoryHotplug: maybe { random in
                MemoryHotplug(blockSize: random.size(), policy: random.maybe { $0.text() })
            })
    }

    private mutating func daxRegion() -> DaxRegion {
        var region = DaxRegion(
            path: text(), id: Int(number(Int16.self)), kind: one(of: DaxRegion.Kind.allCases), size: size(),
            start: maybe { $0.address() }, align: maybe { $0.size() }, availableSize: maybe { $0.size() },
            devices: list { $0.dynamicDevice() }, strandedRanges: list { $0.range() })
        region.cxl = maybe { $0.cxlRegion() }
        return region
    }

    private mutating func dynamicDevice() -> DaxRegion.Device {
        DaxRegion.Device(
            name: text(), size: size(), align: maybe { $0.size() },
            targetNode: maybe { Int($0.number(Int16.self)) }, numaNode: maybe { Int($0.number(Int16.self)) },
            driver: maybe { $0.one(of: ["device_dax", "kmem", "fsdev_dax", "\u{1b}[31m"]) },
            mappings: maybe { random in
                random.list { DaxRegion.Mapping(range: $0.range(), pageOffset: $0.address()) }
            },
            memoryBlocks: maybe { random in
                random.list {
                    DaxRegion.BlockRun(numbers: $0.blocks(), state: $0.text(), zone: $0.maybe { $0.text() })
                }
            }, isStranded: bool(), isNodeMissing: bool())
    }

    private mutating func range() -> Range<UInt64> {
        let (one, other) = (address(), address())
        return min(one, other)..<(max(one, other) + 1)
    }

    private mutating func blocks() -> Range<UInt64> {
        let first = address()
        return first..<(first + UInt64(number(UInt32.self)))
    }

    private mutating func bus() -> Bus {
        Bus(
            device: text(), provider: text(), scrubState: maybe { $0.one(of: ScrubState.allCases) },
            dimms: list { $0.dimm() }, regions: list { $0.region() })
    }

    private mutating func dimm() -> Dimm {
        Dimm(
            device: text(), uniqueID: maybe { $0.text() }, handle: maybe { $0.number() },
            physicalID: maybe { $0.number() }, isEnabled: bool(),
            flags: DimmFlag.allCases.filter { _ in bool() },
            security: maybe { $0.one(of: DimmSecurity.allCases) }, isSecurityFrozen: bool(),
            labelArea: maybe { $0.labelArea() }, isLabelAreaUnread: bool(), health: maybe { $0.health() })
    }

    private mutating func health() -> DimmHealth {
        var health = DimmHealth(unread: maybe { $0.one(of: DimmHealth.Unread.allCases) })
        health.state = maybe { $0.one(of: DimmHealth.State.allCases) }
        health.lifeUsed = maybe { Int($0.number(UInt8.self)) }
        health.spares = maybe { Int($0.number(UInt8.self)) }
        health.mediaTemperature = maybe { $0.temperature() }
        health.controllerTemperature = maybe { $0.temperature() }
        health.alarms = maybe { random in Set(DimmHealth.Alarm.allCases.filter { _ in random.bool() }) }
        health.thresholds = maybe { random in
            var thresholds = DimmHealth.Thresholds(
                enabled: Set(DimmHealth.Alarm.allCases.filter { _ in random.bool() }))
            thresholds.mediaTemperature = random.maybe { $0.temperature() }
            thresholds.controllerTemperature = random.maybe { $0.temperature() }
            thresholds.spares = random.maybe { Int($0.number(UInt8.self)) }
            return thresholds
        }
        health.lastShutdown = maybe { $0.one(of: DimmHealth.Shutdown.allCases) }
        health.shutdownCount = maybe { $0.number() }
        health.dirtyShutdowns = maybe { $0.number() }
        health.firmware = maybe { random in
            DimmHealth.Firmware(
                current: UInt64(random.number(UInt32.self)),
                next: random.maybe { UInt64($0.number(UInt32.self)) })
        }
        return health
    }

    private mutating func temperature() -> Temperature {
        Temperature(smart: UInt32(number(UInt16.self)))
    }

    private mutating func labelArea() -> LabelArea {
        LabelArea(
            size: size(), version: maybe { $0.one(of: LabelVersion.allCases) },
            slots: maybe { Int($0.number(UInt16.self)) },
            availableSlots: maybe { Int($0.number(UInt16.self)) })
    }

    private mutating func region() -> Region {
        Region(
            device: text(), size: size(), align: maybe { $0.size() }, availableSize: size(),
            maxAvailableExtent: maybe { $0.size() }, resource: maybe { $0.address() },
            interleaveSetID: maybe { $0.number() }, numaNode: maybe { Int($0.number(Int16.self)) },
            targetNode: maybe { Int($0.number(Int16.self)) },
            persistenceDomain: one(of: PersistenceDomain.allCases), mappings: list { $0.mapping() },
            isEnabled: bool(), isReadOnly: bool(), labelling: one(of: RegionLabelling.allCases),
            badBlocks: list { $0.badBlocks() }, capabilities: list { $0.capability() },
            namespaceSeed: maybe { $0.text() }, namespaces: list { $0.namespace() },
            cxl: maybe { $0.cxlRegion() })
    }

    private mutating func cxlRegion() -> CXLRegion {
        CXLRegion(
            name: text(), decoder: text(), granularity: size(),
            targets: list { random in
                CXLTarget(
                    memdev: random.text(), serial: random.number(), offset: random.size(),
                    length: random.size())
            })
    }

    private mutating func mapping() -> Mapping {
        Mapping(
            dimm: text(), offset: size(), length: size(), position: maybe { Int($0.number(UInt8.self)) })
    }

    private mutating func badBlocks() -> BadBlocks { BadBlocks(offset: address(), length: number()) }

    private mutating func capability() -> ModeCapability {
        ModeCapability(
            mode: one(of: NamespaceMode.allCases), alignments: list { $0.size() },
            sectorSizes: list { $0.number() })
    }

    private mutating func namespace() -> Namespace {
        Namespace(
            device: text(), resource: maybe { $0.address() }, rawSize: size(),
            extents: maybe { Int($0.number(UInt8.self)) }, mode: maybe { $0.one(of: NamespaceMode.allCases) },
            recordedMode: maybe { $0.one(of: NamespaceMode.allCases) }, isActive: bool(),
            usableSize: maybe { $0.size() }, map: maybe { $0.one(of: MapLocation.allCases) },
            align: maybe { $0.size() }, sectorSize: maybe { $0.number() }, name: maybe { $0.text() },
            labelUUID: maybe { .random(using: &$0.generator) },
            infoBlockUUID: maybe { .random(using: &$0.generator) }, blockDevice: maybe { $0.text() },
            characterDevice: maybe { $0.text() }, numaNode: maybe { Int($0.number(Int16.self)) },
            targetNode: maybe { Int($0.number(Int16.self)) }, hasContent: maybe { $0.bool() },
            badBlocks: list { $0.badBlocks() }, daxDevice: maybe { $0.daxDevice() })
    }

    private mutating func daxDevice() -> DaxDevice {
        DaxDevice(
            one(of: DaxDevice.Mode.allCases), driver: maybe { $0.text() },
            memory: maybe { random in
                DaxDevice.Memory(
                    online: Int(random.number(UInt16.self)), total: Int(random.number(UInt16.self)),
                    isMovable: random.maybe { $0.bool() })
            }, isStranded: bool(), node: maybe { _ in .missing })
    }

    private mutating func bool() -> Bool { Bool.random(using: &generator) }

    private mutating func number<Number: FixedWidthInteger>(_ type: Number.Type = Number.self) -> Number {
        Number.random(in: .min ... .max, using: &generator)
    }

    private mutating func size() -> ByteCount {
        ByteCount(UInt64.random(in: 1...(1 << 50), using: &generator))
    }

    private mutating func address() -> UInt64 { UInt64.random(in: 0...(1 << 60), using: &generator) }

    private mutating func one<Item>(of items: [Item]) -> Item {
        items[Int.random(in: items.indices, using: &generator)]
    }

    private mutating func text() -> String {
        one(of: [
            "namespace0.0", "a/b \"c\"", "é\u{1f4be}", "\u{1b}[31m", "tab\tand\nline", "nmem1", "\\u0000",
            "a\u{9b}2J\u{202e}b\u{2066}c\u{2028}d\u{7f}e\u{feff}f", "\u{e0041}\u{200d}\u{85}",
        ])
    }

    private mutating func maybe<Item>(_ make: (inout RandomObserved) -> Item) -> Item? {
        bool() ? make(&self) : nil
    }

    private mutating func list<Item>(_ make: (inout RandomObserved) -> Item) -> [Item] {
        (0..<Int.random(in: 0...3, using: &generator)).map { _ in make(&self) }
    }
}
