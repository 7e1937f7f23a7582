import Glibc
import SystemPackage

/// Runs random sequences on the kernel and on a simulated host, and reports where they disagree.
@main
struct Differential {
    private let options: Options
    private var tally = Tally()
    private var divergences = 0

    static func main() {
        guard let options = Options(Array(CommandLine.arguments.dropFirst())) else {
            say(Options.usage)
            exit(64)
        }
        if options.checksContract { exit(ContractRun(bus: options.bus).run()) }
        if options.checksLabelLessContract { exit(ContractRun(bus: options.bus).runWithoutLabels()) }
        if options.checksDaxContract { exit(DaxContractRun.run()) }
        var run = Differential(options: options)
        exit(run.run())
    }

    private init(options: Options) {
        self.options = options
    }

    private mutating func run() -> Int32 {
        let start = ContinuousClock.now
        var done: UInt64 = 0
        for number in options.first..<options.first + options.count {
            let elapsed = ContinuousClock.now - start
            if let limit = options.seconds, elapsed > .seconds(limit) { break }
            done += 1
            if sequence(number) { continue }
            divergences += 1
            if options.stops || !KernelRegions.clean(options.bus) { break }
        }
        let elapsed = ContinuousClock.now - start
        say(
            "seed \(options.seed): \(done) sequences in \(elapsed.components.seconds) s, "
                + "\(divergences) divergences")
        say(tally.text)
        return divergences == 0 ? 0 : 1
    }

    /// Runs one sequence; false where it diverges.
    private mutating func sequence(_ number: UInt64) -> Bool {
        let generator = SeededGenerator(seed: options.seed, sequence: number)
        if options.isVerbose { say("sequence \(number)") }
        do {
            var sequence = try HostSequence(
                bus: options.bus, generator: generator, tally: tally, isVerbose: options.isVerbose)
            defer { tally = sequence.tally }
            do {
                try sequence.run()
                return true
            } catch {
                report(error, in: number, sequence)
            }
        } catch {
            say("sequence \(number) cannot begin: \(error)")
        }
        return false
    }

    private func report(_ error: any Error, in number: UInt64, _ sequence: HostSequence) {
        say("DIVERGENCE: repeat with --seed \(options.seed) --first \(number) --count 1")
        for action in sequence.history { say(action) }
        say("the simulated host before the last of these: \(sequence.state)")
        say((error as? Divergence)?.text ?? "\(error)")
    }
}

/// Prints a line at once: the machine may end before a buffer is written.
func say(_ line: String) {
    _ = try? FileDescriptor.standardOutput.writeAll("\(line)\n".utf8)
}
