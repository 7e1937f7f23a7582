import Testing

@testable import ProvisionCore
@testable import ProvisionHost

/// Whether everybody who uses a device would be seen.
@Suite struct SightTests {
    private static let all: Set<String> = [
        "self/mountinfo", "swaps", "filesystems", "1/ns/pid",
    ]

    private func obstacle(
        without missing: Set<String> = [], mayTrace: Bool = true, processSpace: String? = "pid:[4026531836]",
        isRoot: Bool = true
    ) -> OperationError? {
        Sight.obstacle(
            isThere: { Self.all.subtracting(missing).contains($0) }, mayTrace: mayTrace,
            processSpace: processSpace, isRoot: isRoot)
    }

    @Test func whereProcIsWholeNobodyGoesUnseen() {
        #expect(obstacle() == nil)
        #expect(obstacle(without: ["swaps"]) == nil, "a kernel without swap")
        #expect(
            obstacle(without: ["1/ns/pid"], processSpace: nil) == nil, "a kernel without PID namespaces"
        )
    }

    @Test(
        arguments: [
            (Self.all, "/proc is not mounted"),
            (["swaps", "filesystems"] as Set, "hides swap areas"),
        ] as [(Set<String>, String)])
    func whatIsMissingIsSaid(missing: Set<String>, reason: String) {
        let found = obstacle(without: missing)
        #expect(found?.kind == .unavailable && found?.reason.contains(reason) == true)
        #expect(found?.advice != nil)
    }

    @Test func processesOutsideAContainerAreNotSeen() {
        for space in ["pid:[4026532201]", nil] {
            let found = obstacle(processSpace: space)
            #expect(found?.kind == .unavailable && found?.reason.contains("container") == true)
        }
    }

    @Test func rootIsNotToldToBeRoot() {
        let root = obstacle(mayTrace: false)
        #expect(root?.kind == .notPermitted && root?.advice?.contains("CAP_SYS_PTRACE") == true)
        #expect(root?.advice?.contains("as root") == false)
        #expect(obstacle(mayTrace: false, isRoot: false)?.advice == "run it as root")
    }
}
