public import ProvisionCore

/// That a run did nothing of what it was for. A recovery that ran first can have changed the host, and is told then.
public enum UntouchedText {
    /// How the advice of an error says it, at its beginning.
    public static let advice = "nothing was touched"

    private static let afterRecovery = "recovery ran first; nothing else was touched"

    /// The sentence.
    /// - Parameter isAfterRecovery: whether a recovery ran first in the same run.
    public static func sentence(isAfterRecovery: Bool) -> String {
        isAfterRecovery ? "Recovery ran first; nothing else was touched." : "Nothing was touched."
    }

    /// An advice with the words for a run in which a recovery ran first.
    fileprivate static func told(_ advice: String) -> String {
        guard advice.hasPrefix(Self.advice) else { return advice }
        return "\(afterRecovery)\(advice.dropFirst(Self.advice.count))"
    }
}

extension OperationError {
    /// The error as it is true of a run in which a recovery may have run first.
    public func told(afterRecovery hasRun: Bool) -> OperationError {
        guard hasRun else { return self }
        var error = self
        error.advice = advice.map(UntouchedText.told)
        return error
    }
}
