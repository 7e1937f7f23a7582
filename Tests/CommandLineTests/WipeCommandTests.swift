import Testing

/// `daxprov wipe` as a process, on a simulated host.
@Suite struct WipeCommandTests {
    private let place: Workplace

    init() throws {
        place = try Workplace()
        try place.host("one-dimm")
        try place.write(
            """
            version: 1
            regions:
              - match: {region: 0}
                namespaces:
                  - {name: wal, mode: fsdax, size: 128 MiB}
                  - {name: kept, mode: raw, size: 64 MiB, protect: true}
            """, to: "profile.yaml")
    }

    private func run(_ words: String...) throws -> Workplace.Run {
        try place.run(words + ["--simulate", place.path("host.json")])
    }

    @Test func aWipeNeedsConsentByNameAndIsToldOf() throws {
        #expect(try run("apply", place.path("profile.yaml"), "--yes").status == 0)
        let unasked = try run("wipe", "wal")
        #expect(unasked.status == 3 && unasked.output.contains("--allow-destroy wal"), "\(unasked)")
        let nobody = try run("wipe", "wal", "--allow-destroy", "wal")
        #expect(nobody.status == 3 && nobody.errors.contains("no terminal"), "\(nobody)")
        let protected = try run("wipe", "kept", "--yes", "--allow-destroy", "kept", "--json")
        #expect(protected.status == 3 && protected.output.contains("\"code\": \"protected\""), "\(protected)")
        #expect(try run("wipe", "wall", "--yes").errors.contains("did you mean wal?"))
        #expect(try run("wipe", "region0", "--yes").errors.contains("several namespaces"))
        #expect(try run("wipe").status == 64)

        let done = try run("wipe", "wal", "--yes", "--allow-destroy", "wal")
        #expect(done.status == 0 && done.output.contains("region0/wal: zeroed"), "\(done)")
        // Nothing is shown over and over where there is no terminal.
        #expect(done.errors.split(separator: "\n").count == 1, "\(done)")
        let document = try run("wipe", "region0/wal", "--yes", "--allow-destroy", "wal", "--json")
        #expect(document.output.hasPrefix("{\n  \"format_version\": 1"), "\(document)")
        #expect(document.output.contains("\"outcome\": \"wiped\""), "\(document)")

        let history = try run("history")
        #expect(history.output.contains("wipe of region0/wal"), "\(history)")
        #expect(try run("history", "--json").output.contains("\"reversibility\": \"irreversible\""))
        let id = try #require(
            history.output.split(separator: "\n").compactMap { $0.split(separator: " ").first }.last {
                $0.hasPrefix("wipe-")
            })
        let rollback = try run("rollback", String(id), "--yes")
        #expect(rollback.status == 3 && rollback.errors.contains("cannot be undone"), "\(rollback)")
        let abandoned = try run("recover", "--abandon", String(id), "--yes")
        #expect(abandoned.status == 1 && abandoned.errors.contains("has ended"), "\(abandoned)")
        #expect(try run("rollback", "wipe-00000000", "--yes").status == 1)
        #expect(try run("status", "--json").output.contains("\"unfinished_wipes\": [\n  ]"))
    }
}
