import Testing

/// `daxprov verify` as a process, where there is no memory to map: nothing passes.
@Suite struct VerifyCommandTests {
    private let place: Workplace
    private let host: [String]

    init() throws {
        place = try Workplace()
        try place.host("one-dimm")
        try place.write(Profiles.first, to: "profile.yaml")
        host = ["--simulate", place.path("host.json")]
    }

    @Test func aSimulatedHostProvesNothing() throws {
        let empty = try place.run(["verify"] + host)
        #expect(empty.status == 1 && empty.output.contains("There are no namespaces"), "\(empty)")
        try #require(try place.run(["apply", place.path("profile.yaml"), "--yes"] + host).status == 0)
        let all = try place.run(["verify"] + host)
        #expect(all.status == 1 && all.errors == "", "\(all)")
        #expect(all.output.contains("region0/wal") && all.output.contains("a simulated host has no memory"))
        #expect(all.output.contains("2 of 2 do not pass."))
        let one = try place.run(["verify", "heap", "--json"] + host)
        #expect(one.status == 1 && one.output.contains("\"passed\": false"), "\(one)")
        #expect(one.output.contains("\"code\": \"simulated\"") && !one.output.contains("\"wal\""))
    }

    @Test func aNameThatNothingHasIsAnError() throws {
        try #require(try place.run(["apply", place.path("profile.yaml"), "--yes"] + host).status == 0)
        let none = try place.run(["verify", "heep"] + host)
        #expect(
            none.status == 1 && none.output == "" && none.errors.contains("did you mean heap?"), "\(none)")
    }
}
