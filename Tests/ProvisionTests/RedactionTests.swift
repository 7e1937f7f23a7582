import Testing

@testable import Provision
@testable import ProvisionCore

/// What a report leaves out on demand.
///
/// What can happen in a text:
/// - a secret in another letter case, inside a longer word, twice, beside another one, as a part of another one;
/// - a UUID with and without hyphens; a cookie in decimal and hexadecimal; the long and the short name of the host;
/// - a host that is called like a word in the place of a secret; a user whose name is a part of other words;
/// - a password in quotes, with spaces, in an address of a service, behind a colon; a path with spaces;
/// - numbers that look like addresses and are versions, times or devices.
/// What must hold: no known secret is left in any letter case, equal secrets get equal words, all else stays.
@Suite struct RedactionTests {
    private static let plain = Redaction(RedactionSecrets(observed: nil))

    private static func bus(_ ids: [String], cookie: UInt64? = nil, labels: [UUID] = []) -> Bus {
        let region = Region(
            device: "region0", size: .gib(1), interleaveSetID: cookie,
            namespaces: labels.map { Namespace(device: "namespace0.0", rawSize: .mib(64), labelUUID: $0) })
        return Bus(
            device: "ndbus0", provider: "test", scrubState: nil,
            dimms: ids.enumerated().map { Dimm(device: "nmem\($0.offset)", uniqueID: $0.element) },
            regions: [region])
    }

    @Test(arguments: [
        ("root=UUID=0F6E1C6A-2f3b-4c5d-8e9f-001122334455 ro", "root=UUID=uuid-1 ro"),
        ("id 0f6e1c6a2f3b4c5d8e9f001122334455", "id uuid-1"),
        ("8089-a2-1740-00000133 and cdab-0000ffff", "serial-1 and serial-2"),
        ("eth0 52:54:00:12:34:56 up", "eth0 mac-1 up"),
        ("BOOTIF=01-52-54-00-12-34-56", "BOOTIF=mac-1"),
        ("ip=10.0.0.2::10.0.0.1:x", "ip=ip-1::ip-2:x"),
        ("from fe80::1 to 2001:db8:0:0:0:0:0:1.", "from ip-1 to ip-2."),
        ("to ::ffff:10.1.2.3", "to ip-1"),
        ("password=hunter2 quiet", "password=secret-1 quiet"),
        ("rd.luks.key=/k/ey:UUID=x quiet", "rd.luks.key=secret-1 quiet"),
        ("\"password=a b\" quiet", "\"password=secret-1\" quiet"),
        ("nd.Token=\"a b\" quiet", "nd.Token=secret-1 quiet"),
        ("passphrase: abc def", "passphrase: secret-1 def"),
        ("inst.ks=http://u:p@host.example/ks", "inst.ks=http://secret-1@host.example/ks"),
        ("netroot=iscsi:bob:pa/ss:al:pw@10.0.0.1::3260:1:t", "netroot=iscsi:secret-1@ip-1::3260:1:t"),
        ("root=iscsi:bob:pa@ss@target ro", "root=iscsi:secret-1@target ro"),
        ("netroot=nbd:u:p@target", "netroot=nbd:secret-1@target"),
        ("http://host/a?x=1&sig=abc%3D", "http://host/a?x=1&sig=secret-1"),
        ("0f6e1c6a-2f3b-4c5d-8e9f-001122334455-data", "uuid-1-data"),
        ("crypt_0f6e1c6a-2f3b-4c5d-8e9f-001122334455", "crypt_uuid-1"),
        ("8089-a2-1740-00000133-db cdab-0000ffff-cache", "serial-1-db serial-2-cache"),
        ("52-54-00-12-34-56-data 52:54:00:12:34:56:data", "mac-1-data mac-1:data"),
        ("enx525400123456: up, 52:54:00:12:34:56", "mac-1: up, mac-1"),
        ("wwn-0x5002538e40a1b2c3-part1", "serial-1-part1"),
        (
            "/dev/disk/by-id/nvme-Model_S123/x /dev/disk/by-uuid/AB12-34CD ro",
            "/dev/disk/by-id/serial-1/x /dev/disk/by-uuid/uuid-1 ro"
        ),
        (
            "/run/media/alice/a /media/bob/b /var/home/carol x",
            "/run/media/path-1 /media/path-2 /var/home/path-3 x"
        ),
        ("open /home/alice/a.yaml: failed", "open /home/path-1: failed"),
        ("password=a password=b password=a", "password=secret-1 password=secret-2 password=secret-1"),
    ])
    func whatLooksLikeASecretGoes(text: String, expected: String) {
        #expect(Self.plain.redacted(text) == expected)
    }

    @Test(arguments: [
        "Linux version 6.1.0-28-amd64", "libndctl.so.6.22.1", "[   12.345678] nd_pmem namespace0.0: ok",
        "0000:00:1f.0 at 12:30:45", "108000000-11fffffff : Persistent Memory", "CONFIG_NVDIMM_KEYS=y",
        "monkey: no", "iscsi: registered transport (tcp)", "nvme-tcp scsi-mod", "drivers/media/x", "token",
        "password=", "password= x", "region0/wal", "",
    ])
    func allElseStays(text: String) {
        #expect(Self.plain.redacted(text) == text)
    }

    @Test func knownSecretsGoWhereverTheyAre() throws {
        let uuid = try #require(UUID("0f6e1c6a-2f3b-4c5d-8e9f-001122334455"))
        let redaction = Redaction(
            RedactionSecrets(
                observed: Observed(buses: [
                    Self.bus(["SN-ABCD"], cookie: 0xfeed_0123_4567_89ab, labels: [uuid])
                ]), hostNames: ["db1.example.com"], people: ["max"], paths: ["/home/alice/my files/a.yaml"]))
        #expect(redaction.redacted("xsn-abcdx SN-ABCD") == "xserial-1x serial-1")
        #expect(redaction.redacted("x0F6E1C6A2F3B4C5D8E9F001122334455x \(uuid)") == "xuuid-1x uuid-1")
        #expect(
            redaction.redacted("iset_id: 0xfeed0123456789ab, \(0xfeed_0123_4567_89ab as UInt64)")
                == "iset_id: set-1, set-1")
        #expect(redaction.redacted("DB1.example.com db1 db10") == "host-1 host-1 db10")
        #expect(redaction.redacted("max maximum") == "user-1 maximum")
        #expect(redaction.redacted("/home/alice/my files/a.yaml x") == "/home/path-1 x")
        #expect(redaction.redacted("uuid=\(uuid)") == "uuid=uuid-1")
    }

    @Test func aHostThatIsCalledLikeAReplacementIsLeftOutToo() {
        let secrets = RedactionSecrets(
            observed: Observed(buses: [Self.bus(["8089-a2-1740-00000133"])]), hostNames: ["serial"])
        let text = Redaction(secrets).redacted("8089-a2-1740-00000133 on Serial")
        #expect(text == "hidden-s-1 on host-1")
    }

    @Test func aHostsNameGoesHoweverItIsWritten() {
        let redaction = Redaction(RedactionSecrets(observed: nil, hostNames: ["db-1", "dx"]))
        #expect(
            redaction.redacted(#"/dev/mapper/db--1--vg-root db\x2d1.mount"#)
                == "/dev/mapper/host-1--vg-root host-1")
        #expect(redaction.redacted("dx_vg my_dx dx.example.com. dxy") == "host-1_vg my_host-1 host-1. dxy")
    }

    @Test func whatIsNoSerialNumberIsNoSecret() {
        let secrets = RedactionSecrets(
            observed: Observed(buses: [Self.bus(["0", "00000000", "0x0000", "abc"])]))
        #expect(secrets.all.isEmpty)
    }

    @Test func localhostIsNobodysSecret() {
        let secrets = RedactionSecrets(observed: nil, hostNames: ["localhost.localdomain"])
        #expect(Redaction(secrets).redacted("localhost") == "localhost")
    }

    /// Texts made of secrets in any letter case, of what stands around them, and of nothing at all.
    @Test(arguments: 0..<200 as Range<UInt64>) func noKnownSecretIsLeft(seed: UInt64) {
        var random = RandomObserved.Generator(state: seed)
        func word(_ letters: String, _ lengths: ClosedRange<Int>) -> String {
            let letters = Array(letters)
            let length = Int.random(in: lengths, using: &random)
            return String((0..<length).compactMap { _ in letters.randomElement(using: &random) })
        }
        let ids = (0..<3).map { _ in word("ABCDEF0123456789-", 6...24) }
        let labels = (0..<3).map { _ in UUID.random(using: &random) }
        let name = word("ghijklmnopqrstuvwyz", 5...12)
        let cookie = UInt64.random(in: (1 << 40)...UInt64.max, using: &random)
        let secrets = RedactionSecrets(
            observed: Observed(buses: [Self.bus(ids, cookie: cookie, labels: labels)]),
            hostNames: ["\(name).example.com"])
        let known = secrets.all.map { $0.text }
        let around = [
            " ", "\n", "=", "password=", ": ", "\"", "uuid=", "/home/", "://", "@", "-", ":", "0x", "x",
        ]
        var text = ""
        for _ in 0..<40 {
            let piece = (Bool.random(using: &random) ? known : around).randomElement(using: &random) ?? ""
            text += Bool.random(using: &random) ? piece.uppercased() : piece
        }
        let redacted = Redaction(secrets).redacted(text).lowercased()
        for secret in known { #expect(!redacted.contains(secret.lowercased()), "\(secret): \(text)") }
        #expect(Redaction(secrets).redacted(text) == Redaction(secrets).redacted(text))
    }
}
