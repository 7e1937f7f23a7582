import Glibc
import Testing

@testable import ProvisionCore
@testable import ProvisionHost

/// That a node is opened only where it leads to the device that is meant. The devices of the tests' own machine serve.
@Suite struct DeviceFileTests {
    private let scratch: ScratchDirectory

    init() throws { scratch = try ScratchDirectory() }

    private func open(_ path: String, of node: DeviceNode) throws(OperationError) {
        close(
            try DeviceFile.open(
                path, of: "null", node, O_RDONLY, KernelPlaces(), while: "look", device: "namespace0.0"))
    }

    @Test func theRightDeviceIsOpenedAlsoThroughALink() throws {
        let null = try #require(DeviceNode(character: "1:3"))
        try open("/dev/null", of: null)
        let link = scratch.path.appending("link").string
        #expect(unsafe symlink("/dev/null", link) == 0)
        try open(link, of: null)
    }

    @Test func aNodeOfAnotherDeviceIsAnErrorThatNamesBoth() throws {
        let null = try #require(DeviceNode(character: "1:3"))
        let error = try #require(throws: OperationError.self) { try open("/dev/zero", of: null) }
        #expect(error.reason.contains("leads to character device 1:5 (zero)"))
        #expect(error.reason.contains("null is character device 1:3 (null)"))
        #expect(error.advice?.contains("rm /dev/zero") == true)
        #expect(error.kind == .failed)
        // The same number of a block device is another device.
        let block = try #require(DeviceNode(block: "1:3"))
        #expect(throws: OperationError.self) { try open("/dev/null", of: block) }
    }

    @Test func whatIsNoDeviceIsNotOpened() throws {
        let null = try #require(DeviceNode(character: "1:3"))
        try scratch.write("", to: "file")
        let fifo = scratch.path.appending("fifo").string
        #expect(unsafe mkfifo(fifo, 0o600) == 0)
        for (path, word) in [
            (scratch.path.appending("file").string, "a regular file"), (fifo, "a FIFO"),
            ("/dev", "a directory"),
        ] {
            let error = try #require(throws: OperationError.self) { try open(path, of: null) }
            #expect(error.reason.contains("leads to \(word)"))
        }
        let absent = try #require(throws: OperationError.self) {
            try open(scratch.path.appending("absent").string, of: null)
        }
        #expect(absent.errno == ENOENT)
    }

    @Test func aDeviceThatTheKernelDoesNotShowIsNotRead() throws {
        #expect(try DeviceFile.readable(block: "no-such-device", 0, KernelPlaces(), while: "look") == nil)
        #expect(throws: OperationError.self) {
            try DeviceFile.open(
                block: "no-such-device", O_RDONLY, KernelPlaces(), while: "look", device: "namespace0.0")
        }
    }
}
