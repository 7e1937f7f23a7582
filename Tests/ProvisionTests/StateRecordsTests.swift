import Testing

@testable import Provision
@testable import ProvisionCore

/// The small records of the state directory, a file each.
@Suite struct StateRecordsTests {
    private let scratch: ScratchDirectory
    private let records: StateRecords<ProtectionMark>
    private let marks: [ProtectionMark]

    init() throws {
        scratch = try ScratchDirectory()
        records = StateRecords(scratch.store.directory, "protected")
        marks = ([1, 2, 3] as [UInt64]).map { number in
            ProtectionMark(labelUUID: UUID(0, number), name: "n\(number)", source: "test.yaml")
        }
    }

    private func write(_ text: String, to name: String) throws {
        try scratch.write(
            String(decoding: CheckedLine.bytes(text), as: UTF8.self), to: "state/protected/\(name)")
    }

    @Test func thereIsNothingWithoutADirectory() throws {
        #expect(try records.found().records.isEmpty)
        #expect(try records.found().damaged.isEmpty)
    }

    @Test func recordsReadBackInTheOrderOfTheirKeys() throws {
        try records.write(marks.reversed())
        #expect(try records.found().records == marks)
        #expect(try records.found().damaged.isEmpty)
        try records.remove(marks[1].labelUUID)
        try records.remove(marks[1].labelUUID)
        #expect(try records.found().records == [marks[0], marks[2]])
    }

    @Test func aRecordOfAnotherVersionOrOfAnotherKeyIsDamaged() throws {
        try records.write(marks)
        let later = marks[0].json.text(.compact).replacing(
            "\"format_version\":1", with: "\"format_version\":2")
        try write(later, to: marks[0].labelUUID.description)
        let stray = UUID(9, 9)
        try write(marks[1].json.text(.compact), to: stray.description)
        try scratch.write("what somebody put there", to: "state/protected/notes")
        let found = try records.found()
        #expect(found.records == Array(marks.dropFirst()))
        #expect(found.damaged == [marks[0].labelUUID, stray])
    }

    @Test func theFileOfARecordOfARegionIsNamedByItsTwoNumbers() {
        #expect(UUID(0x1_4000_0000, 0x2000_0001).description == "00000001-4000-0000-0000-000020000001")
    }
}
