import Glibc
import SystemPackage
import Testing

@testable import Provision
@testable import ProvisionCore
@testable import ProvisionHost

/// What is told to the system's log of a transaction.
@Suite struct SystemLogTests {
    private let scratch: ScratchDirectory
    private let socket: LogSocket

    init() throws {
        scratch = try ScratchDirectory()
        socket = try LogSocket(scratch.path.appending("log"))
    }

    private func store(_ log: SystemLog) -> TransactionStore {
        TransactionStore(
            scratch.store.directory,
            announcer: TransactionAnnouncer(
                log: log, caller: .init(user: "sudo by alice", commandLine: "daxprov apply host.yaml\nX=1")))
    }

    private func apply(_ store: TransactionStore, failing: Bool = false) throws {
        let host = try SimulatedHost(json: TestFiles.text("../../profiles/hosts/one-dimm.json"))
        if failing { host.arm(SimulatedFault(.fail(errno: 5), atOperation: 3)) }
        let text = """
            version: 1
            regions: [{match: {region: 0}, namespaces: [{name: wal, mode: raw, size: 64 MiB}]}]
            """
        let profile = try ProfileReader.read(Array(text.utf8), source: "host.yaml")
        let application = Application(of: profile, to: host)
        _ = try application.carryOut(application.prepare(), consent: Consent(), recordingIn: store)
        guard !failing, let name = try store.names().last else { return }
        _ = try Recovery(host: host, store: store).rollBack(name)
    }

    @Test func beginningUndoingAndEndAreToldWithWhoAndWhat() throws {
        let store = store(SystemLog(journal: scratch.path.appending("log").string, syslog: "/nonexistent"))
        try apply(store)
        let name = try #require(try store.names().last)
        let messages = socket.messages()
        #expect(messages.count == 4, "\(messages)")
        for message in messages {
            #expect(
                message.contains("SYSLOG_IDENTIFIER=daxprov\n")
                    && message.contains("DAXPROV_TRANSACTION=\(name)\n"))
            #expect(message.contains("DAXPROV_USER=sudo by alice\n"))
            #expect(
                message.contains("DAXPROV_COMMAND=daxprov apply host.yaml?X=1\n"),
                "no field can be smuggled in")
        }
        #expect(
            messages[0].contains("MESSAGE=transaction \(name) begins: 1 step for host.yaml (sudo by alice: "))
        #expect(messages[1].contains("is committed; done: create wal in region0"))
        #expect(messages[1].contains("DAXPROV_OUTCOME=committed\nDAXPROV_STEP=create wal in region0\n"))
        #expect(messages[2].contains("is being undone: rollback was asked for"))
        #expect(messages[3].contains("DAXPROV_OUTCOME=rolled_back\n") && messages[3].contains("PRIORITY=5\n"))
    }

    @Test func withoutAJournalSyslogIsTold() throws {
        try apply(store(SystemLog(journal: "/nonexistent", syslog: scratch.path.appending("log").string)))
        let first = try #require(socket.messages().first)
        #expect(first.hasPrefix("<14>daxprov[\(getpid())]: transaction 000001-"), "\(first)")
    }

    @Test func nobodyToTellIsNoReasonToFail() throws {
        let store = store(SystemLog(journal: "/nonexistent", syslog: "/proc/self/mem"))
        try apply(store)
        #expect(try store.readings().first?.summary?.end == .rolledBack)
    }

    @Test func aFailureIsToldWithItsReason() throws {
        try apply(
            store(SystemLog(journal: scratch.path.appending("log").string, syslog: "/nonexistent")),
            failing: true)
        let last = try #require(socket.messages().last)
        #expect(last.contains("is rolled back (") && last.contains("DAXPROV_OUTCOME=rolled_back"), "\(last)")
    }

    @Test func theUserIsWhoAsked() {
        typealias Caller = TransactionAnnouncer.Caller
        #expect(Caller.user(sudo: "alice", login: "1000", effective: 0) == "sudo by alice, login user 1000")
        #expect(Caller.user(sudo: nil, login: "4294967295", effective: 0) == "user 0")
        #expect(Caller.user(sudo: nil, login: nil, effective: 7) == "user 7")
    }
}

/// A socket that takes datagrams, like that of systemd's journal.
private final class LogSocket {
    private let descriptor: Int32

    init(_ path: FilePath) throws {
        descriptor = Glibc.socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let bytes = Array(path.string.utf8)
        unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: bytes) }
        let result = unsafe withUnsafePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard result == 0 else { throw Errno(rawValue: errno) }
    }

    deinit { close(descriptor) }

    /// What has arrived.
    func messages() -> [String] {
        var messages: [String] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = unsafe buffer.withUnsafeMutableBytes {
                unsafe recv(descriptor, $0.baseAddress, $0.count, 0)
            }
            guard count >= 0 else { return messages }
            messages.append(String(decoding: buffer[..<count], as: UTF8.self))
        }
    }
}
