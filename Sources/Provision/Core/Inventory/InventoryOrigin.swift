/// Where and when an inventory was taken. It says nothing of the host's memory: two inventories of an unchanged host
/// differ in it alone.
public struct InventoryOrigin: Equatable, Sendable {
    /// The host's name, as the kernel has it; nil where it is not told.
    public var hostName: String?
    /// When, in UTC as RFC 3339 writes it: "2026-11-28T06:23:00Z"; nil where it is not told.
    public var time: String?

    /// An inventory of a host at a time.
    public init(hostName: String?, time: String?) {
        self.hostName = hostName
        self.time = time
    }

    /// "db1, taken 2026-11-28T06:23:00Z"; nil where neither is told.
    package var words: String? {
        switch (hostName, time) {
        case (let host?, let time?): "\(host), taken \(time)"
        case (let host?, nil): host
        case (nil, let time?): "a host, taken \(time)"
        case (nil, nil): nil
        }
    }

    /// Whether an inventory that is filed under this name was taken on a host of another. The short name is enough.
    package func contradicts(_ name: String) -> Bool {
        guard let hostName else { return false }
        func short(_ name: String) -> Substring { name.prefix { $0 != "." } }
        return short(hostName).lowercased() != short(name).lowercased()
    }
}
