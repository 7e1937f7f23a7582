import Glibc

/// What libFuzzer calls (compiler-rt, FuzzerInterface.h); its own `main` reads its options from the arguments.
///
/// `DAXPROV_FUZZ_TARGET` names what is fuzzed. With `DAXPROV_FUZZ_SEEDS`, a directory, the inputs to start from that
/// no fixture holds are written there instead.
enum Fuzz {
    /// Chosen once.
    static let target = text("DAXPROV_FUZZ_TARGET").flatMap { FuzzTarget(rawValue: $0) }

    fileprivate static func text(_ variable: String) -> String? {
        unsafe getenv(variable).map { unsafe String(cString: $0) }
    }

    /// Writes seeds, or makes sure that there is a target.
    fileprivate static func prepare() {
        if let directory = text("DAXPROV_FUZZ_SEEDS") {
            do {
                try Seeds.write(to: directory)
                exit(0)
            } catch {
                print("cannot write seeds to \(directory): \(error)")
                exit(1)
            }
        }
        guard target == nil else { return }
        print("DAXPROV_FUZZ_TARGET is none of", FuzzTarget.allCases.map(\.rawValue).joined(separator: " "))
        exit(64)
    }
}

@c(LLVMFuzzerInitialize)
func initialize(_ count: UnsafeMutableRawPointer?, _ arguments: UnsafeMutableRawPointer?) -> CInt {
    Fuzz.prepare()
    return 0
}

@c(LLVMFuzzerTestOneInput)
func testOneInput(_ data: UnsafePointer<UInt8>?, _ size: Int) -> CInt {
    Fuzz.target?.run(unsafe Array(UnsafeBufferPointer(start: data, count: size)))
    return 0
}
