import ProvisionCore

/// What makes a plan stale, in words.
public enum StaleText {
    /// A line for each difference.
    public static func differences(_ differences: [PlanDifference], _ style: TextStyle = .plain) -> [String] {
        differences.map { difference in
            style.paint(TerminalText.clean("stale: \(difference.address): \(difference.message)"), .loss)
        }
    }

    /// Why nothing was touched, and what to do.
    /// - Parameter isAfterRecovery: whether a recovery ran first in the same run.
    static func lines(
        _ differences: [PlanDifference], _ style: TextStyle, isAfterRecovery: Bool
    ) -> [String] {
        let untouched =
            isAfterRecovery
            ? UntouchedText.sentence(isAfterRecovery: true) + " Plan again."
            : "Nothing was touched; plan again."
        return Self.differences(differences, style)
            + ["The host is not what the plan was made for. \(untouched)"]
    }

    /// A difference as an object.
    static func json(_ difference: PlanDifference) -> JSONValue {
        var node = JSONValue.object()
        node.set("address", difference.address)
        node.set("message", difference.message)
        return node
    }
}
