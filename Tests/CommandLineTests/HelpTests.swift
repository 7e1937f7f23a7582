import ArgumentParser
import Testing

@testable import daxprov

@Suite struct HelpTests {
    @Test func theCommandIsCalledDaxprov() {
        #expect(Daxprov.configuration.commandName == "daxprov")
    }
}
