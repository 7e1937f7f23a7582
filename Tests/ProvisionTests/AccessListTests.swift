import Testing

@testable import ProvisionHost

/// Access control lists as the kernel gives them.
@Suite struct AccessListTests {
    private func list(_ entries: (tag: UInt8, permissions: UInt8, id: UInt8)...) -> [UInt8] {
        entries.reduce(into: [2, 0, 0, 0]) { $0 += [$1.tag, 0, $1.permissions, 0, $1.id, 0, 0, 0] }
    }

    private func writer(_ bytes: [UInt8], owningGroup: String? = "group 5") throws -> String? {
        try #require(AccessList(bytes)).writer(owningGroup: owningGroup) { $0 == 0 }
    }

    @Test func whoeverMayWriteUnderTheMaskIsNamed() throws {
        #expect(try writer(list((1, 6, 255), (2, 6, 7), (4, 4, 255), (16, 7, 255), (32, 4, 255))) == "user 7")
        #expect(try writer(list((1, 6, 255), (2, 6, 7), (4, 4, 255), (16, 4, 255), (32, 4, 255))) == nil)
        #expect(try writer(list((1, 6, 255), (2, 6, 0), (4, 4, 255), (16, 7, 255), (32, 4, 255))) == nil)
        #expect(
            try writer(list((1, 6, 255), (4, 4, 255), (8, 2, 9), (16, 7, 255), (32, 4, 255))) == "group 9")
        #expect(try writer(list((1, 6, 255), (4, 6, 255), (16, 7, 255), (32, 4, 255))) == "group 5")
        #expect(try writer(list((1, 6, 255), (4, 6, 255), (32, 4, 255)), owningGroup: nil) == nil)
    }

    @Test func whatIsNoListIsNotReadAsOne() {
        #expect(AccessList([]) == nil)
        #expect(AccessList([1, 0, 0, 0]) == nil)
        #expect(AccessList(list((1, 6, 0)).dropLast()) == nil)
        #expect(AccessList([2, 0, 0, 0]) != nil)
    }
}

extension AccessList {
    fileprivate init?(_ bytes: ArraySlice<UInt8>) { self.init(Array(bytes)) }
}
