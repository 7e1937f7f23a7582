import Testing

@testable import Provision
@testable import ProvisionCore
@testable import ProvisionHost

/// A part of a host, asked for by name.
@Suite struct HostSelectionTests {
    private let observed: Observed

    init() throws {
        observed = try SimulatedHost(json: TestFiles.text("plans/name-in-another-region/host.json")).observe()
    }

    private func namespaces(_ words: String...) throws -> [String] {
        let selection = try HostSelection(words, on: observed)
        return selection.limited(observed).regions.flatMap { region in
            region.namespaces.filter { selection.shows($0, in: region) }.map {
                "\(region.device)/\($0.displayName)"
            }
        }
    }

    @Test func aRegionIsShownWithAllItHolds() throws {
        let selection = try HostSelection(["region1"], on: observed)
        let part = selection.limited(observed)
        #expect(part.regions == observed.regions.filter { $0.device == "region1" })
        #expect(part.buses[0].dimms.map(\.device) == part.regions[0].mappings.map(\.dimm))
    }

    @Test func aNamespaceIsFoundByEverythingItIsCalled() throws {
        let region = try #require(observed.regions.first { !$0.namespaces.isEmpty })
        let namespace = region.namespaces[0]
        let address = "\(region.device)/\(namespace.displayName)"
        let device = try #require(namespace.blockDevice ?? namespace.characterDevice)
        let label = try #require(namespace.labelUUID).description
        for word in [namespace.displayName, address, namespace.device, device, "/dev/\(device)", label] {
            #expect(try namespaces(word) == [address], "\(word)")
        }
    }

    @Test func whatIsNotThereIsAnErrorWithTheNearest() {
        #expect(throws: UnknownPart.self) { try HostSelection(["nosuch"], on: observed) }
        do throws(UnknownPart) {
            _ = try HostSelection(["region0", "regoin1"], on: observed)
        } catch {
            #expect(error.word == "regoin1" && error.near == "region1")
        }
    }

    @Test func aPartIsNeverReadAsTheWholeHost() throws {
        let name = try #require(observed.regions.flatMap(\.namespaces).first).displayName
        let report = InventoryReport(observed, showing: try HostSelection([name], on: observed))
        #expect(report.json.contains("\"selection\""))
        #expect(throws: JSONError.self) { try InventoryReader.read(Array(report.json.utf8)) }
    }

    /// The free ranges follow from all namespaces, also those that are not shown.
    @Test func whatIsFreeDoesNotDependOnWhatIsShown() throws {
        let region = try #require(observed.regions.first { !$0.namespaces.isEmpty })
        let report = InventoryReport(
            observed, showing: try HostSelection([region.namespaces[0].displayName], on: observed))
        let map = try #require(RegionMap(region)).lines[0]
        #expect(report.text.contains(map))
    }
}
