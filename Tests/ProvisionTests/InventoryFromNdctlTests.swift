import ProvisionCore
import Testing

/// The files in Tests/Fixtures/ndctl-list are what ndctl 76.1 printed for the host of inventory/interleaved.json, with
/// the options that their names end in.
@Suite struct InventoryFromNdctlTests {
    private func saved(_ options: String) throws -> SavedInventory {
        try SavedInventory.read(TestFiles.bytes("ndctl-list/interleaved-\(options).json"))
    }

    private func original() throws -> Observed {
        try InventoryReader.read(TestFiles.bytes("inventory/interleaved.json"))
    }

    /// The host without what ndctl never lists.
    private func listable(_ observed: Observed, disabled: Bool) -> Observed {
        var observed = observed
        for bus in observed.buses.indices {
            for dimm in observed.buses[bus].dimms.indices { observed.buses[bus].dimms[dimm].labelArea = nil }
            observed.memoryHotplug = nil
            observed.daxRegions = []
            for region in observed.buses[bus].regions.indices {
                listable(&observed.buses[bus].regions[region], disabled: disabled)
            }
        }
        return observed
    }

    private func listable(_ region: inout Region, disabled: Bool) {
        region.resource = nil
        region.namespaceSeed = nil
        region.capabilities = []
        if !disabled { region.namespaces.removeAll { !$0.isActive } }
        for index in region.namespaces.indices {
            region.namespaces[index].resource = nil
            region.namespaces[index].extents = nil
            let namespace = region.namespaces[index]
            if !namespace.isActive { region.namespaces[index].mode = nil }
            if !namespace.isActive || namespace.mode == .raw { region.namespaces[index].recordedMode = nil }
            if namespace.mode?.isDirectAccess == true { region.namespaces[index].sectorSize = nil }
            if namespace.mode == .raw { region.namespaces[index].badBlocks = region.badBlocks }
            if !namespace.isActive { region.namespaces[index].sectorSize = nil }
            if namespace.isActive, namespace.mode == .devdax {
                region.namespaces[index].daxDevice = DaxDevice(.devdax)
            }
            // Without the disabled ones the sizes do not add up, so those that were worked out are not known.
            if !disabled, namespace.isActive, namespace.mode != .raw {
                region.namespaces[index].rawSize = namespace.usableSize ?? .zero
            }
        }
        region.namespaces.sort { $0.device < $1.device }
    }

    @Test(arguments: ["BDRNv", "BDRNvi"]) func theFullListingGivesTheHostBack(options: String) throws {
        let disabled = options.contains("i")
        var found = try saved(options).observed
        for region in found.buses[0].regions.indices {
            for index in found.buses[0].regions[region].namespaces.indices
            where !found.buses[0].regions[region].namespaces[index].isActive {
                found.buses[0].regions[region].namespaces[index].badBlocks = []
            }
        }
        #expect(found == listable(try original(), disabled: disabled))
    }

    @Test func humanSizesAreReadAsTheNumbersTheyWereMadeFrom() throws {
        let region = try #require(try saved("BDRNvu").observed.regions.first)
        let expected = try #require(listable(try original(), disabled: false).regions.first)
        #expect(region.size == expected.size)
        #expect(region.align == expected.align)
        #expect(region.maxAvailableExtent == expected.maxAvailableExtent)
        #expect(region.namespaces.map(\.rawSize) == expected.namespaces.map(\.rawSize))
        #expect(region.namespaces.map(\.usableSize) == expected.namespaces.map(\.usableSize))
        #expect(region.mappings == expected.mappings)
        #expect(region.interleaveSetID == nil)
        let limits = try saved("BDRNvu").limits.limits
        #expect(limits.contains(.roundedSizes))
        #expect(limits.contains(.noInterleaveSetID("region0")))
    }

    @Test(arguments: ["DRN", "RNu", "R", "Ru"]) func aListingWithoutBusesGivesTheRegions(options: String)
        throws
    {
        let saved = try saved(options)
        #expect(saved.observed.regions.map(\.size) == [.gib(256)])
        #expect(saved.limits.limits.contains(.busesNotListed))
        #expect(saved.observed.regions[0].namespaces.count == (options.contains("N") ? 4 : 0))
        #expect(saved.limits.limits.contains(.dimmsNotListed) == !options.contains("D"))
    }

    @Test(arguments: ["N", "BN"]) func namespacesAloneArePutIntoTheRegionsOfTheirNames(options: String) throws
    {
        let saved = try saved(options)
        let region = try #require(saved.observed.regions.first)
        #expect(region.device == "region0")
        #expect(region.namespaces.map(\.device).sorted() == (0...3).map { "namespace0.\($0)" })
        #expect(saved.limits.limits.contains(.regionNotListed("region0")))
        #expect(saved.limits.limits.contains(.noLabelUUID("namespace0.0")))
        #expect(!saved.limits.limits.contains(.noLabelUUID("namespace0.3")))
    }

    @Test func dimmsAloneAreRead() throws {
        #expect(try saved("D").observed.buses.map { $0.dimms.map(\.device) } == [["nmem0", "nmem1"]])
    }

    @Test func anEmptyOutputIsAnEmptyHost() throws {
        let nothing = SavedInventory(observed: Observed(buses: []), limits: InventoryLimits([.nothingListed]))
        #expect(try saved("nothing") == nothing)
        #expect(try SavedInventory.read(Array("[]".utf8)) == nothing)
        #expect(try SavedInventory.read(Array(" \n".utf8)).observed.buses.isEmpty)
    }

    @Test func theMostVerboseListingIsRead() throws {
        let saved = try saved("vvv")
        #expect(saved.observed.regions.map(\.device) == ["region0"])
        #expect(saved.observed.regions[0].namespaces.count == 6)
    }

    @Test func daxprovsOwnDocumentHasNoLimits() throws {
        let saved = try SavedInventory.read(TestFiles.bytes("inventory/interleaved.json"))
        #expect(saved == SavedInventory(observed: try original(), limits: .none))
    }

    @Test(arguments: [
        (#"{"a":1}"#, "is no output of 'ndctl list'"),
        (
            #"[{"chardev":"dax0.0","size":1}]"#,
            "is of 'daxctl list'; an inventory is the output of 'ndctl list'"
        ),
        (#"[{"dev":"mem0"}]"#, "'mem0' is no bus, DIMM, region or namespace"),
        (#"[1]"#, "must be an object, not an integer"),
        (#""x""#, "must be an array or an object, not a string"),
        (#"[{"dev":"region0","size":"huge"}]"#, "'huge' is no size"),
        (#"[{"dev":"region0","size":"1.00 GiB (9.00 GB)"}]"#, "'1.00 GiB (9.00 GB)' is no size"),
        (
            #"[{"dev":"region0","size":1,"available_size":0,"state":"off"}]"#,
            "'off' is none of enabled, disabled"
        ),
        (
            #"[{"dev":"nmem0","security":"odd"}]"#,
            "'odd' is none of disabled, unlocked, locked, frozen, overwrite"
        ),
    ])
    func otherDocumentsAreRefused(document: String, reason: String) {
        let error = #expect(throws: JSONError.self) { try SavedInventory.read(Array(document.utf8)) }
        #expect(error?.reason == reason)
    }

    @Test func aSignedInterleaveSetIsTheSameSet() throws {
        let text = #"""
            [{"dev":"region0","size":16777216,"available_size":0,"type":"pmem","iset_id":-2,
              "persistence_domain":"unknown"}]
            """#
        let saved = try SavedInventory.read(Array(text.utf8))
        #expect(saved.observed.regions[0].interleaveSetID == UInt64.max - 1)
    }
}
