@testable import Provision
@testable import ProvisionCore
@testable import ProvisionHost

/// A saved plan, shown and compared with a host.
enum SavedPlanInput {
    static func run(_ input: [UInt8]) {
        do throws(SavedPlanError) {
            guard OwnDocument.isOne(input) else { return }
            let saved = try SavedPlan.read(input)
            let text = saved.text
            Require.that((try? SavedPlan.read(Array(text.utf8))) == saved, "is read back otherwise: \(text)")
            guard let host = try? SimulatedHost(json: Samples.state),
                let prepared = try? Application(of: saved, to: host).prepare()
            else { return }
            for differences in [nil, prepared.differences] {
                let report = SavedPlanReport(saved, differences: differences)
                Require.printable(report.text())
                _ = report.json.text()
            }
        } catch {
            Require.printable(error.description)
        }
    }
}
