import Glibc
import Testing

/// Whose profiles are applied to this host: what they say is done, so nobody else may have written them. These tests
/// name no simulated host; a profile that is believed asks for a region that no host has.
@Suite(.enabled(if: AttackedPlace.isRoot)) struct ProfilePlaceTests {
    private static let impossible = """
        version: 1
        regions:
          - match: {iset_id: 0x1, min_size: 512 TiB}
            namespaces: [{name: none, mode: raw, size: 16 MiB}]

        """

    private let place: Workplace
    private let profile: String

    init() throws {
        place = try Workplace()
        profile = try place.write(Self.impossible, to: "profile.yaml")
    }

    private func apply(_ path: String, input: String = "") throws -> Workplace.Run {
        try place.run(["apply", path, "--yes", "--state-dir", place.path("state")], input: input)
    }

    private func expectRefused(_ because: String) throws {
        let run = try apply(profile)
        #expect(run.status == 77 && run.output.isEmpty, "\(run)")
        #expect(run.errors.contains("somebody else could have put it there: \(because)"), "\(run.errors)")
        #expect(unsafe access(place.path("state"), F_OK) != 0, "nothing is made")
        #expect(try place.run("validate", profile).status == 0, "looking at it is no risk")
        #expect(try place.run("plan", profile).status != 77)
    }

    @Test(arguments: [(mode_t(0o620), "group 0 may"), (0o602, "everybody may"), (0o666, "everybody may")])
    func whatOthersMayWriteToIsNotApplied(mode: mode_t, because: String) throws {
        try #require(unsafe chmod(profile, mode) == 0)
        try expectRefused(because)
    }

    @Test func somebodyElsesIsNotApplied() throws {
        try #require(unsafe chown(profile, AttackedPlace.stranger, 0) == 0)
        try expectRefused("it belongs to user 65534")
    }

    @Test(arguments: [(mode_t(0o777), true), (0o1777, false), (0o755, false)])
    func inADirectoryOfEverybodysItIsNotApplied(mode: mode_t, isRefused: Bool) throws {
        try #require(unsafe chmod(place.folder, mode) == 0)
        if isRefused { return try expectRefused("everybody may write to the directory \(place.folder)") }
        #expect(try apply(profile).status != 77)
    }

    @Test func aLinkOfSomebodyElsesIsNotFollowed() throws {
        let link = place.path("other.yaml")
        try #require(unsafe symlink(profile, link) == 0)
        #expect(try apply(link).status != 77, "a link of root's is")
        try #require(unsafe chmod(place.folder, 0o777) == 0)
        #expect(try apply(link).status == 77)
    }

    /// Root's link to a user's link to root's file: the user chooses, at any time, which file of root's that is.
    @Test func aLinkOfSomebodyElsesInTheMiddleOfTheWayIsNotFollowed() throws {
        let theirs = place.path("plan")
        let link = place.path("other.yaml")
        try #require(unsafe symlink("profile.yaml", theirs) == 0 && symlink("plan", link) == 0)
        #expect(try apply(link).status != 77, "both are root's")
        try #require(unsafe lchown(theirs, AttackedPlace.stranger, 0) == 0)
        for path in [link, theirs] {
            let run = try apply(path)
            #expect(run.status == 77, "\(run)")
            #expect(run.errors.contains("the link \(theirs) belongs to user 65534"), "\(run)")
        }
    }

    @Test func aDirectoryBehindALinkOfSomebodyElsesIsNotTaken() throws {
        let theirs = place.path("plan")
        try #require(unsafe symlink(place.folder, theirs) == 0)
        #expect(try apply("\(theirs)/./../\(name)/profile.yaml").status != 77)
        try #require(unsafe lchown(theirs, AttackedPlace.stranger, 0) == 0)
        #expect(try apply("\(theirs)/profile.yaml").status == 77)
        let state = try place.run(
            ["apply", "-", "--yes", "--state-dir", "\(theirs)/state"], input: Self.impossible)
        #expect(
            state.status == 1 && state.errors.contains("the link \(theirs) belongs to user 65534"), "\(state)"
        )
    }

    private var name: String { String(place.folder.split(separator: "/").last ?? "") }

    /// An access control list, of the file or of its directory, by which somebody may write whom the mode does not show.
    @Test(
        arguments: [("user", UInt32(65534), true), ("group", 65534, true), ("user", 0, false)], [true, false])
    func whomAnAccessListLetsWriteCounts(entry: (kind: String, id: UInt32, isRefused: Bool), isFile: Bool)
        throws
    {
        // Its own group may write as well where the mask says so, so root's file would be refused for that.
        let tag = entry.kind == "user" ? 2 : 8
        let code = """
            import os, struct, sys
            entries = [(1, 7, 0xffffffff), (4, 5, 0xffffffff), (0x10, 7, 0xffffffff), (0x20, 5, 0xffffffff)]
            entries += [(\(tag), 7, \(entry.id))]
            acl = struct.pack('<I', 2) + b''.join(struct.pack('<HHI', *each) for each in sorted(entries))
            os.setxattr(sys.argv[1], 'system.posix_acl_access', acl)
            """
        let path = isFile ? profile : place.folder
        let null = try Workplace.open("/dev/null", O_RDWR)
        defer { close(null) }
        let status = try Tool.run(
            [path], environment: [], input: null, output: null, errors: 2,
            command: ["/usr/bin/python3", "-c", code])
        try #require(status == 0)
        let run = try apply(profile)
        #expect((run.status == 77) == entry.isRefused, "\(run)")
        guard entry.isRefused else { return }
        #expect(
            run.errors.contains("\(entry.kind) 65534 may write to \(isFile ? "it" : "the directory")"),
            "\(run)")
    }

    @Test func aFileWithAnotherNameIsNobodysChoiceInADirectoryOfEverybodys() throws {
        try #require(unsafe link(profile, place.path("other.yaml")) == 0)
        #expect(try apply(profile).status != 77, "nobody else could have given it that name")
        try #require(unsafe chmod(place.folder, 0o1777) == 0)
        let run = try apply(place.path("other.yaml"))
        #expect(run.status == 77 && run.errors.contains("has 2 hard links"), "\(run)")
    }

    @Test func onStandardInputItIsTheCallersChoice() throws {
        let run = try apply("-", input: Self.impossible)
        #expect(run.status != 77, "\(run)")
    }

    @Test func aSimulatedHostHasNothingToProtect() throws {
        try place.host("one-dimm")
        try place.write(Profiles.first, to: "profile.yaml")
        try #require(unsafe chmod(profile, 0o666) == 0)
        let run = try place.run("apply", profile, "--dry-run", "--simulate", place.path("host.json"))
        #expect(run.status == 0, "\(run)")
    }

    @Test func theUnprivilegedLearnThatTheyMayNotChangeNamespaces() throws {
        let user = try Unprivileged(place)
        try #require(unsafe chmod(profile, 0o644) == 0)
        let run = try user.run(["apply", profile, "--yes"])
        #expect(run.status == 77 && run.errors.contains("only root can change namespaces"), "\(run)")
        try #require(unsafe chown(profile, 1, 1) == 0)
        let other = try user.run(["apply", profile, "--yes"])
        #expect(other.status == 77 && other.errors.contains("it belongs to user 1"), "\(other)")
    }

    @Test(arguments: ["fifo", "/dev/zero", "/dev/null", "."])
    func whatIsNoRegularFileIsNoProfile(kind: String) throws {
        let path = kind == "fifo" ? place.path("other.yaml") : kind
        if kind == "fifo" { try #require(unsafe mkfifo(path, 0o600) == 0) }
        for command in ["apply", "plan", "validate"] {
            let run = try place.run(command, path)
            #expect(run.status == 1 && run.errors.contains("it is a"), "\(command): \(run)")
        }
    }

    @Test func aProfileOfMoreThanAMebibyteIsWrong() throws {
        try place.write(
            "#" + String(repeating: " ", count: 1 << 20) + "\n" + Self.impossible, to: "profile.yaml")
        let run = try apply(profile)
        #expect(run.status == 65 && run.errors.contains("larger than 1 MiB"), "\(run)")
    }

    @Test(arguments: ["fifo", "/dev/zero", "/dev/null"])
    func whatIsNoRegularFileIsNoSimulatedHost(kind: String) throws {
        let path = kind == "fifo" ? place.path("host.json") : kind
        if kind == "fifo" { try #require(unsafe mkfifo(path, 0o600) == 0) }
        let run = try place.run("inventory", "--simulate", path)
        #expect(run.status == 1 && run.output.isEmpty, "\(run)")
    }
}
