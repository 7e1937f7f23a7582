internal import CNdctl

/// What a program does before anything else.
public enum ProcessStart {
    /// Opens `/dev/null` as each of the descriptors 0, 1 and 2 that is closed. Otherwise the lock or the journal would get
    /// one of these numbers, and what is printed would be written into it.
    /// - Returns: false where that is impossible; then nothing may be opened.
    public static func openStandardDescriptors() -> Bool { daxprov_open_standard_descriptors() == 0 }

    /// From now on a pipe that nobody reads is an error of the write, and does not end the process.
    public static func ignoreBrokenPipes() { daxprov_signals_ignore_broken_pipes() }

    /// The words of the command line behind the program's name, as the kernel gave them to this process: they do not
    /// come from `/proc`, which need not be mounted.
    public static var arguments: [String] {
        (1..<max(1, daxprov_argument_count())).compactMap { index in
            unsafe daxprov_argument(index).map { unsafe String(cString: $0) }
        }
    }
}
