public import ProvisionCore

/// What the users of an active namespace see of it, opened to be filled with zeroes.
public protocol DataArea: AnyObject {
    /// How many bytes it has.
    var size: ByteCount { get }

    /// Fills a range with zeroes: a multiple of 512 B, and on a character device of 4 KiB. Media errors in the range are cleared where the
    /// driver clears them with a write.
    /// - Throws: the offset at which it failed is in the words of the error; what lies before it may be zeroed.
    func zero(_ range: Extent) throws(HostError)

    /// Returns when everything that was zeroed is durable.
    func makeDurable() throws(HostError)

    /// The checksums of pages of ``MediaSample/page``, read from the media and not from a cache; nil where a media error makes one
    /// unreadable.
    func sums(at offsets: [ByteCount]) throws(HostError) -> [UInt32?]

    /// Throws ``HostError/Kind/busy`` where another process has it open by now, and ``HostError/Kind/changed`` where the device is not the
    /// namespace's any more.
    func requireAlone() throws(HostError)

    /// Has the kernel forget partitions that the area had. Of no effect on others.
    func forgetPartitions()
}
