/// The version of daxprov, as `--version` and every JSON document show it.
public enum ToolVersion {
    /// The version, as in `packaging/` and the changelog.
    public static let current = "0.1.0"
}
