import ProvisionHost

/// What was found on the machine, for a person.
enum MachineFactText {
    /// The lines of a fact: one where its value fits there, else a line for each of its own, further in.
    static func lines(_ fact: MachineFact) -> [String] {
        switch fact.lines {
        case .failure(let why): return ["\(fact.name): \(ReportSection.words(why))"]
        case .success(let lines):
            switch lines.count {
            case 0: return ["\(fact.name): nothing there"]
            case 1: return ["\(fact.name): \(lines[0])"]
            default: return ["\(fact.name):"] + lines.map { "  \($0)" }
            }
        }
    }
}
