"""The Swift file that is added to the module below all others: it asks which mutant is on, and has the mutants' operators."""
from rewrite import operator_name

PRECEDENCE = {"comparison": "ComparisonPrecedence", "+": "AdditionPrecedence", "-": "AdditionPrecedence",
              "&&": "LogicalConjunctionPrecedence", "||": "LogicalDisjunctionPrecedence"}

HEAD = """import Glibc

private let chosen: Int = unsafe getenv("DAXPROV_MUTANT").flatMap { unsafe Int(String(cString: $0)) } ?? -1
private let trace = MutantTrace()

/// Whether a mutant is on: the one whose number is in `DAXPROV_MUTANT`.
package func mutant(_ number: Int) -> Bool {
    trace?.note(number)
    return number == chosen
}

package func mutatedCondition(_ number: Int, _ value: Bool) -> Bool { mutant(number) ? !value : value }

package func mutatedNumber<T: BinaryInteger>(_ number: Int, _ value: T) -> T { mutant(number) ? value + 1 : value }

/// Notes each mutant that is reached, a number a line, in the file that `DAXPROV_MUTANT_TRACE` names. Two threads that reach one
/// for the first time note it twice.
private final class MutantTrace: @unchecked Sendable {
    private let file: Int32
    private let seen: UnsafeMutablePointer<Bool>

    init?() {
        guard let path = unsafe getenv("DAXPROV_MUTANT_TRACE") else { return nil }
        file = unsafe open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o644)
        seen = unsafe UnsafeMutablePointer<Bool>.allocate(capacity: COUNT)
        unsafe seen.initialize(repeating: false, count: COUNT)
    }

    func note(_ number: Int) {
        guard unsafe !seen[number] else { return }
        unsafe seen[number] = true
        let line = Array("\\(number)\\n".utf8)
        _ = unsafe line.withUnsafeBytes { bytes in unsafe Glibc.write(file, bytes.baseAddress, bytes.count) }
    }
}
"""


def swift(mutants):
    """The file's text for the mutants of a build."""
    count = max((mutant.number for mutant in mutants), default=0) + 1
    parts = [HEAD.replace("COUNT", str(count))]
    parts += [declaration(mutant) for mutant in mutants if mutant.is_operator]
    return "\n".join(parts)


def declaration(mutant):
    name, change, number = operator_name(mutant), mutant.change, mutant.number
    precedence = PRECEDENCE[mutant.kind if mutant.kind == "comparison" else change.original]
    return f"infix operator {name}: {precedence}\n" + "".join(
        line + "\n" for line in {"comparison": comparison, "logic": logic, "arithmetic": arithmetic}[mutant.kind](name, change, number))


def function(name, generics, left, right, result, body, where=""):
    return f"package func {name} {generics}(left: {left}, right: {right}){result}{where} {{ {body} }}"


def comparison(name, change, number):
    body = f"mutant({number}) ? left {change.mutated} right : left {change.original} right"
    if change.is_nil:
        return [function(name, "<T>", "T?", "_OptionalNilComparisonType", " -> Bool", body)]
    needed = "Equatable" if change.original in {"==", "!="} else "Comparable"
    return [function(name, f"<T: {needed}>", "T", "T", " -> Bool", body)]


def logic(name, change, number):
    body = f"try mutant({number}) ? left {change.mutated} right() : left {change.original} right()"
    return [function(name, "", "Bool", "@autoclosure () throws -> Bool", " rethrows -> Bool", body)]


def arithmetic(name, change, number):
    body = f"mutant({number}) ? left {change.mutated} right : left {change.original} right"
    functions = [function(name, "<T: AdditiveArithmetic>", "T", "T", " -> T", body), function(name, "", "ByteCount", "ByteCount", " -> ByteCount", body)]
    if change.original == "+":
        # Of lists, the mutant has the left one alone.
        functions.append(function(name, "<T: RangeReplaceableCollection, U: Sequence>", "T", "U", " -> T",
                                  f"mutant({number}) ? left : left + right", " where T.Element == U.Element"))
    return functions
