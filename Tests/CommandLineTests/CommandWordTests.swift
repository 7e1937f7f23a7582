import Testing

/// What is typed in the place of a command, a profile or a plan and is none.
@Suite struct CommandWordTests {
    private let place: Workplace

    init() throws {
        place = try Workplace()
        try place.host("one-dimm")
        try place.write(Profiles.first, to: "profile.yaml")
    }

    @Test(arguments: [
        ["plna", "p.yaml"], ["plann"], ["help", "foo"], ["help", "plan", "foo"], ["foo", "--help"],
    ])
    func whatIsNoCommandIsWrongUsage(arguments: [String]) throws {
        let run = try place.run(arguments)
        #expect(run.status == 64 && run.output == "", "\(run)")
        #expect(run.errors.contains("no command"), "\(run)")
    }

    @Test(arguments: [
        ("plna", "plan"), ("invetory", "inventory"), ("list", "inventory"), ("undo", "rollback"),
    ])
    func theNearestCommandIsNamed(word: String, meant: String) throws {
        #expect(try place.run(word).errors.contains("did you mean daxprov \(meant)?"))
        #expect(try place.run("help", word).errors.contains("did you mean daxprov \(meant)?"))
    }

    @Test func whatShowCannotFindIsNotCalledAProfile() throws {
        let run = try place.run("show", place.path("nosuch"))
        #expect(run.status == 1)
        #expect(
            run.errors.contains("no transaction") && run.errors.contains("no file of that name"), "\(run)")
        #expect(!run.errors.contains("cannot read the profile"))
    }

    @Test(arguments: ["validate", "plan"])
    func aSavedPlanIsCalledThat(command: String) throws {
        let host = ["--simulate", place.path("host.json")]
        let saved = ["plan", place.path("profile.yaml"), "-o", place.path("plan")] + host
        #expect(try place.run(saved).status == 0)
        let run = try place.run([command, place.path("plan")] + (command == "plan" ? host : []))
        #expect(run.status == 65)
        #expect(run.errors.contains("this is a saved plan, not a profile"), "\(run)")
        #expect(run.errors.contains("daxprov show \(place.path("plan"))"))
        #expect(!run.errors.contains("unknown key"))
    }

    /// Only what changes a host waits for another that does.
    @Test(arguments: [
        "validate", "inventory", "plan", "status", "history", "show", "export", "verify", "report",
    ])
    func whatOnlyReadsOffersNoLock(command: String) throws {
        #expect(try !place.run(command, "--help").output.contains("--lock-timeout"))
        #expect(try place.run(command, "x", "--lock-timeout", "1").status == 64)
    }

    @Test(arguments: ["apply", "rollback", "recover", "unprotect", "wipe"])
    func whatChangesOffersIt(command: String) throws {
        #expect(try place.run(command, "--help").output.contains("--lock-timeout"))
        #expect(try place.run(command, "x", "--lock-timeout", "-1").status == 64)
    }

    @Test func theInventoryShowsWhatIsAskedFor() throws {
        let host = ["--simulate", place.path("host.json")]
        #expect(try place.run(["apply", place.path("profile.yaml"), "--yes"] + host).status == 0)
        let one = try place.run(["inventory", "heap"] + host)
        #expect(one.status == 0 && one.output.contains("heap") && !one.output.contains("wal"), "\(one)")
        #expect(try place.run(["inventory", "region0"] + host).output.contains("wal"))
        let none = try place.run(["inventory", "heep"] + host)
        #expect(none.status == 1 && none.output == "")
        #expect(
            none.errors.contains("no namespace heep") && none.errors.contains("did you mean heap?"), "\(none)"
        )
    }
}
