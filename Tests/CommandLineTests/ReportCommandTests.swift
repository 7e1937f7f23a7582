import Glibc
import Testing

/// `daxprov report` as a process.
///
/// What can happen: the file exists, is a link, lies in no directory, or on a full disk; standard output is closed, full, or read by nobody
/// (``BrokenStreamTests``); the record is damaged; the caller is not root; there is no persistent memory.
/// What must hold: a report is whole or not there, nothing else is written, and the exit code is 0 if and only if it was written.
@Suite struct ReportCommandTests {
    private let place: Workplace
    private let host: [String]

    init() throws {
        place = try Workplace()
        try place.host("one-dimm")
        try place.write(Profiles.first, to: "profile.yaml")
        host = ["--simulate", place.path("host.json")]
    }

    @Test func itHasInventoryStatusAndHistory() throws {
        try #require(try place.run(["apply", place.path("profile.yaml"), "--yes"] + host).status == 0)
        let before = try place.text("host.json")
        let run = try place.run(["report"] + host)
        #expect(run.status == 0 && run.errors == "", "\(run)")
        for command in ["inventory", "history"] {
            for line in try place.run([command] + host).output.split(separator: "\n") {
                #expect(run.output.contains("  \(line)\n"), "\(command): \(line)")
            }
        }
        #expect(run.output.contains("the host is as it left it"))
        #expect(run.output.contains("  region0/wal ("), "\(run.output)")
        #expect(run.output.contains("): no use was found\n"), "\(run.output)")
        #expect(try place.text("host.json") == before)
    }

    @Test func redactedItHasNoSerialNumber() throws {
        let run = try place.run(["report", "--redact"] + host)
        #expect(run.status == 0 && run.output.contains("serial-1"), "\(run)")
        #expect(!run.output.contains("00000133"), "\(run)")
    }

    /// Whatever this machine is, and whoever the caller is.
    @Test(arguments: [[], ["--redact"]]) func thisMachineHasOneToo(options: [String]) throws {
        let run = try place.run(["report", "--state-dir", place.path("none")] + options)
        #expect(run.status == 0, "\(run)")
        for title in ["Kernel", "Kernel log", "Label areas", "Inventory", "History"] {
            #expect(run.output.contains("\n== \(title) ==\n  "), "\(title): \(run.output)")
        }
        #expect(unsafe access(place.path("none"), F_OK) != 0)
    }

    @Test func aNewFileIsItsOwnersAlone() throws {
        let path = place.path("plan")
        let run = try place.run(["report", "--output", path] + host)
        #expect(run.status == 0 && run.output == "", "\(run)")
        #expect(run.errors == "daxprov: the report is in \(path): read it before you send it\n")
        var status = stat()
        try #require(unsafe lstat(path, &status) == 0)
        #expect(status.st_mode & 0o7777 == 0o600)
        let text = try place.text("plan")
        let printed = try place.run(["report"] + host)
        #expect(text == printed.output)

        let again = try place.run(["report", "--output", path, "--redact"] + host)
        #expect(again.status == 1 && again.errors.contains("cannot write \(path): it exists"), "\(again)")
        #expect(try place.text("plan") == text)
    }

    @Test func standardOutputIsTheDefaultAndNoFile() throws {
        let run = try place.run(["report", "--output", "-"] + host)
        #expect(run.status == 64 && run.output == "", "\(run)")
        #expect(run.errors.contains("standard output is the default"), "\(run)")
    }

    @Test func noLinkIsFollowedAndNoDirectoryMade() throws {
        try #require(unsafe symlink(place.path("other.yaml"), place.path("plan")) == 0)
        #expect(try place.run(["report", "--output", place.path("plan")] + host).status == 1)
        #expect(unsafe access(place.path("other.yaml"), F_OK) != 0)
        let nowhere = try place.run(["report", "--output", place.path("no/where")] + host)
        #expect(nowhere.status == 1 && nowhere.errors.contains("No such file or directory"), "\(nowhere)")
    }

    /// A limit on the size of files stands for a full disk; the signal that comes with it is ignored, so that the write fails.
    @Test func aFileThatCannotBeWrittenWhollyIsRemoved() throws {
        let input = try Workplace.open("/dev/null", O_RDONLY)
        defer { close(input) }
        try place.write("", to: "output")
        let output = try Workplace.open(place.path("output"), O_WRONLY)
        defer { close(output) }
        let run = try place.run(
            ["report", "--output", place.path("plan")] + host, input: input, output: output, environment: [],
            command: ["/bin/sh", "-c", "trap '' XFSZ; ulimit -f 1; exec \"$0\" \"$@\"", Tool.path])
        #expect(run.status == 1 && run.errors.contains("cannot write \(place.path("plan")): "), "\(run)")
        #expect(unsafe access(place.path("plan"), F_OK) != 0)
    }

    @Test func aDamagedRecordIsSaidInItsSection() throws {
        try place.write("no directory", to: "other.yaml")
        let run = try place.run(["report", "--state-dir", place.path("other.yaml")] + host)
        #expect(run.status == 0, "\(run)")
        #expect(run.output.contains("== History ==\n  could not be read: "), "\(run.output)")
        #expect(run.output.contains("== Inventory ==\n  ndbus0"), "\(run.output)")
    }
}
