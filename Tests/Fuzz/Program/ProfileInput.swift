@testable import Provision
@testable import ProvisionCore

/// The text of a profile.
enum ProfileInput {
    private static let host = Samples.host

    static func run(_ input: [UInt8]) {
        do throws(ProfileError) {
            let profile = try ProfileReader.read(input, source: "input")
            let report = PlanReport(of: profile, on: SavedInventory(observed: host, limits: .none))
            Require.printable(report.text())
            _ = report.json.text()
        } catch {
            Require.printable(error.description)
        }
    }
}
