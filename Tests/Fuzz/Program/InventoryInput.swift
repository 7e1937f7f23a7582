@testable import Provision
@testable import ProvisionCore

/// A saved inventory, every view of it, and plans for it.
enum InventoryInput {
    static func run(_ input: [UInt8]) {
        do throws(JSONError) {
            let inventory = try SavedInventory.read(input)
            if inventory.limits == .none { readBack(inventory.observed) }
            view(inventory)
        } catch {
            Require.printable(error.description)
        }
    }

    static func runNdctl(_ input: [UInt8]) {
        do throws(JSONError) {
            view(try NdctlListReader.read(try JSONValue(parsing: input)))
        } catch {
            Require.printable(error.description)
        }
    }

    /// A host that was read is written and read as itself.
    static func readBack(_ observed: Observed) {
        let text = InventoryReport(observed).json
        let again = try? InventoryReader.read(JSONValue(parsing: text))
        Require.that(again == observed, "is read back otherwise: \(text)")
    }

    /// Prints a host in every way, and plans for it.
    static func view(_ inventory: SavedInventory) {
        let report = InventoryReport(inventory.observed)
        Require.printable(report.text)
        _ = report.ndctlJSON
        export(inventory)
        for profile in Samples.profiles { plan(profile, inventory) }
    }

    private static func export(_ inventory: SavedInventory) {
        let export = ProfileExport(inventory)
        Require.printable(export.text)
        guard !export.isEmpty else { return }
        let isRead = (try? ProfileReader.read(Array(export.text.utf8), source: "export")) != nil
        Require.that(isRead, "the export is no profile: \(export.text)")
    }

    static func plan(_ profile: Profile, _ inventory: SavedInventory) {
        let report = PlanReport(of: profile, on: inventory)
        Require.printable(report.text())
        _ = report.json.text()
    }
}
