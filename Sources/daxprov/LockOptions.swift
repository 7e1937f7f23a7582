import ArgumentParser

/// The options of the commands that change a host: only they wait for another that does.
struct LockOptions: ParsableArguments {
    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Wait at most so long for another daxprov that changes the host; without it, not at all.",
            valueName: "seconds"))
    var lockTimeout: Int = 0

    func validate() throws {
        guard (0...86_400).contains(lockTimeout) else {
            throw ValidationError("--lock-timeout takes 0 to 86400 seconds")
        }
    }
}
