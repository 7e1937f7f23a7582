import Glibc
import SystemPackage
import Testing

@testable import ProvisionHost

@Suite struct KernelSysfsDirectoryTests {
    @Test func whiteSpaceAroundAValueIsNotPartOfIt() throws {
        let tree = try SysfsTree()
        try tree.device("region0", ["name": "  a b "])
        #expect(try SysfsDirectory(tree.path).read("region0/name") == "a b")
    }

    @Test func numbersAreDecimalOrHexadecimal() throws {
        let tree = try SysfsTree()
        try tree.device("region0", ["a": "16777216", "b": "0x1000000", "c": "-1", "d": ""])
        let directory = try SysfsDirectory("\(tree.path)/region0")
        #expect(directory.number("a") == 16_777_216)
        #expect(directory.number("b") == 16_777_216)
        #expect(directory.number("c") == nil)
        #expect(directory.number("d") == nil)
        #expect(directory.number("e") == nil)
    }

    @Test func anEmptyValueIsWrittenAsALineEnd() throws {
        let tree = try SysfsTree()
        try tree.device("pfn0.0", ["namespace": ""])
        let directory = try SysfsDirectory(tree.path)
        try directory.write("", to: "pfn0.0/namespace")
        var status = stat()
        #expect(unsafe stat("\(tree.path)/pfn0.0/namespace", &status) == 0)
        #expect(status.st_size == 1)
    }

    @Test func aMissingAttributeSaysSo() throws {
        let tree = try SysfsTree()
        let directory = try SysfsDirectory(tree.path)
        #expect(throws: Errno.noSuchFileOrDirectory) { try directory.write("1", to: "size") }
        #expect(throws: Errno.noSuchFileOrDirectory) { _ = try directory.read("size") }
        #expect(directory.entries("none").isEmpty)
    }

    @Test func theDriverIsTheLastPartOfItsLink() throws {
        let tree = try SysfsTree()
        try tree.directory("dax0.0")
        let path = "\(tree.path)/dax0.0/driver"
        #expect(unsafe symlink("../../../../bus/dax/drivers/kmem", path) == 0)
        let directory = try SysfsDirectory(tree.path)
        #expect(directory.linkTarget("dax0.0/driver") == "kmem")
        #expect(directory.linkTarget("dax0.0") == nil)
    }

    @Test(arguments: [("region12", 12), ("namespace0.3", 3), ("ndbus", 0), ("nmem7", 7)])
    func theNumberOfADeviceIsAtItsEnd(device: String, number: Int) {
        #expect(Sysfs.number(device) == number)
    }
}
