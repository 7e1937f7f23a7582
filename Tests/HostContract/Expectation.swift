/// A host does not keep the contract.
struct ContractViolation: Error, CustomStringConvertible {
    let description: String

    init(_ what: String, file: String = #fileID, line: Int = #line) {
        description = "\(file):\(line): \(what)"
    }
}

/// Throws where the condition does not hold. The contract is checked in programs too, so it does without a test
/// library.
func expect(_ condition: Bool, file: String = #fileID, line: Int = #line) throws {
    guard condition else { throw ContractViolation("the expectation does not hold", file: file, line: line) }
}

/// The value; throws where there is none.
func require<Value>(_ value: Value?, file: String = #fileID, line: Int = #line) throws -> Value {
    guard let value else { throw ContractViolation("there is no value", file: file, line: line) }
    return value
}
