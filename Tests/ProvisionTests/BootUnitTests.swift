import Glibc
import Provision
import SystemPackage
import Testing

/// What is told of the boot unit, from a root directory of the test's own.
@Suite struct BootUnitTests {
    private let scratch: ScratchDirectory

    init() throws {
        scratch = try ScratchDirectory()
    }

    private func directory(_ path: String) throws {
        var place = scratch.path
        for part in path.split(separator: "/") {
            place.append(String(part))
            guard unsafe mkdir(place.string, 0o700) == 0 || errno == EEXIST else {
                throw Errno(rawValue: errno)
            }
        }
    }

    private func enable(_ folder: String) throws {
        try directory("\(folder)/local-fs.target.wants")
        let link = scratch.path.appending("\(folder)/local-fs.target.wants/daxprov.service")
        try #require(unsafe symlink("/nowhere/daxprov.service", link.string) == 0)
    }

    private func note(_ text: String, mode: mode_t = 0o600) throws {
        try directory("run/daxprov")
        let path = scratch.path.appending("run/daxprov/boot")
        let file = unsafe open(path.string, O_WRONLY | O_CREAT | O_TRUNC, mode)
        try #require(file >= 0 && fchmod(file, mode) == 0)
        var text = text
        let count = text.withUTF8 { unsafe write(file, $0.baseAddress, $0.count) }
        close(file)
        try #require(count == text.utf8.count)
    }

    @Test func nothingIsToldWithoutSystemdAndWithoutTheUnit() throws {
        try enable("etc/systemd/system")
        #expect(BootUnit(below: scratch.path) == nil)
        let other = try ScratchDirectory()
        #expect(BootUnit(below: other.path) == nil)
    }

    @Test func aUnitThatIsNotEnabledIsToldOnlyWhereItRan() throws {
        try directory("run/systemd/system")
        #expect(BootUnit(below: scratch.path) == nil)
        try note("done\n")
        #expect(BootUnit(below: scratch.path) == BootUnit(isEnabled: false, result: .done))
    }

    @Test(arguments: ["etc/systemd/system", "run/systemd/system", "usr/lib/systemd/system"])
    func aUnitThatDidNotRunIsTold(_ folder: String) throws {
        try directory("run/systemd/system")
        try enable(folder)
        #expect(BootUnit(below: scratch.path) == BootUnit(isEnabled: true, result: .notRun))
    }

    @Test func whatTheUnitNotedIsTold() throws {
        try directory("run/systemd/system")
        try enable("etc/systemd/system")
        let told: [(String, BootUnit.Result, Int?)] = [
            ("running\n", .running, nil), ("done\n", .done, nil), ("failed 5\n", .failed, 5),
            ("failed\n", .failed, nil), ("failed soon\n", .failed, nil),
        ]
        for (text, result, status) in told {
            try note(text)
            let expected = BootUnit(isEnabled: true, result: result, exitStatus: status)
            #expect(BootUnit(below: scratch.path) == expected, "\(text)")
        }
    }

    @Test func aNoteOfSomebodyElseIsNone() throws {
        try directory("run/systemd/system")
        try enable("etc/systemd/system")
        for text in ["", "well\n", String(repeating: "done ", count: 100)] {
            try note(text)
            #expect(BootUnit(below: scratch.path)?.result == .notRun, "\(text)")
        }
        try note("done\n", mode: 0o666)
        #expect(BootUnit(below: scratch.path)?.result == .notRun)
    }
}
