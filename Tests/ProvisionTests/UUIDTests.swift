import ProvisionCore
import Testing

@Suite struct UUIDTests {
    @Test func textFormRoundTrips() throws {
        let uuid = try #require(UUID("F81D4FAE-7dec-11d0-a765-00a0c91e6bf6"))
        #expect(uuid.description == "f81d4fae-7dec-11d0-a765-00a0c91e6bf6")
        #expect(UUID(bytes: uuid.bytes) == uuid)
    }

    @Test(arguments: [
        "", "f81d4fae", "f81d4fae-7dec-11d0-a765-00a0c91e6bf", "f81d4fae-7dec-11d0-a765-00a0c91e6bf66",
        "f81d4fae+7dec-11d0-a765-00a0c91e6bf6", "g81d4fae-7dec-11d0-a765-00a0c91e6bf6",
        "f81d4fae7dec11d0a76500a0c91e6bf6",
    ])
    func malformedTextIsRejected(text: String) {
        #expect(UUID(text) == nil)
    }

    @Test func randomUUIDsCarryVersionAndVariant() {
        var generator = SystemRandomNumberGenerator()
        let uuid = UUID.random(using: &generator)
        #expect(uuid.bytes[6] >> 4 == 4)
        #expect(uuid.bytes[8] >> 6 == 2)
        #expect(uuid != UUID.random(using: &generator))
    }
}
