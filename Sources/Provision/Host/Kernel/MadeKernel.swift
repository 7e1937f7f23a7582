package import SystemPackage

/// What answers the stores to a made tree as the kernel would.
package protocol MadeKernel: AnyObject {
    /// Does what a store makes of the tree.
    /// - Parameters:
    ///   - value: what was written, without the line end.
    ///   - path: the file, as the writer came to it. It is there, and could be opened for writing.
    /// - Throws: what the write would fail with.
    func store(_ value: String, at path: String) throws(Errno)

    /// Does what loading a module makes of the tree.
    /// - Returns: the exit status of the program that would load it.
    func load(_ module: String) -> Int32

    /// Whether somebody else has a block device open exclusively.
    func isClaimed(_ disk: String) -> Bool
}
