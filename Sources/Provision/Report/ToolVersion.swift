/// The version of daxprov, as `--version` and every JSON document show it.
public enum ToolVersion {
    /// The version, as in `packaging/` and the changelog.
    public static let current = "0.1.0"

    /// How this program was built: "a release build for x86_64".
    package static var build: String {
        #if DEBUG
            let kind = "debug"
        #else
            let kind = "release"
        #endif
        #if arch(x86_64)
            let machine = "x86_64"
        #elseif arch(arm64)
            let machine = "aarch64"
        #elseif arch(powerpc64le)
            let machine = "ppc64le"
        #else
            let machine = "another processor"
        #endif
        return "a \(kind) build for \(machine)"
    }
}
