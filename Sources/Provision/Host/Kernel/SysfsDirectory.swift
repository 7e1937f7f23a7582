import CNdctl
import Glibc
package import SystemPackage

/// A directory of sysfs, held open: attributes are opened by their path below it, so that the long way to a device
/// is walked once.
///
/// Every attribute is read with one read and written with one `write` of the C library, as sysfs demands.
package struct SysfsDirectory: ~Copyable {
    private let descriptor: Int32
    /// Where it is, for messages.
    package let path: String
    /// The places that it is one of: they hear of what could not be read, and of stores.
    package let places: KernelPlaces

    /// The directory at `path`, which is one of these places.
    package init(_ path: String, _ places: KernelPlaces) throws(Errno) {
        let descriptor = unsafe open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw Errno(rawValue: errno) }
        self.descriptor = descriptor
        self.path = path
        self.places = places
    }

    deinit {
        close(descriptor)
    }

    /// The directory at `path`; nil where there is none, or this user may not look. Any other failure is noted
    /// (``ReadFailures``).
    package static func ifThere(_ path: String, _ places: KernelPlaces) -> SysfsDirectory? {
        do throws(Errno) {
            return try SysfsDirectory(path, places)
        } catch {
            places.note(error, path)
            return nil
        }
    }

    /// The text of an attribute without the white space around it.
    package func read(_ attribute: String) throws(Errno) -> String {
        let file = unsafe openat(descriptor, attribute, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { throw Errno(rawValue: errno) }
        defer { close(file) }
        return try unsafe withUnsafeTemporaryAllocation(byteCount: Self.pageSize, alignment: 8) {
            buffer throws(Errno) in
            let count = unsafe Glibc.read(file, buffer.baseAddress, buffer.count)
            guard count >= 0 else { throw Errno(rawValue: errno) }
            return unsafe Self.trimmed(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
        }
    }

    /// The text of an attribute; nil where it is empty, absent, or not to be read by this user. Any other failure is
    /// noted (``ReadFailures``).
    package func text(_ attribute: String) -> String? {
        do throws(Errno) {
            let text = try read(attribute)
            return text.isEmpty ? nil : text
        } catch {
            places.note(error, attribute, in: path)
            return nil
        }
    }

    /// The number in an attribute, decimal or with the prefix 0x; nil where there is none.
    package func number(_ attribute: String) -> UInt64? {
        guard let text = text(attribute) else { return nil }
        return text.hasPrefix("0x") ? UInt64(text.dropFirst(2), radix: 16) : UInt64(text)
    }

    /// Writes `value` and a line end into an attribute, in one store. An empty value is the line end alone: sysfs
    /// ignores a write of no bytes.
    package func write(_ value: String, to attribute: String) throws(Errno) {
        let file = unsafe openat(descriptor, attribute, O_WRONLY | O_CLOEXEC)
        guard file >= 0 else { throw Errno(rawValue: errno) }
        defer { close(file) }
        places.stores.add()
        if let made = places.made {
            return try made.store(value, at: attribute.hasPrefix("/") ? attribute : "\(path)/\(attribute)")
        }
        var line = value + "\n"
        let count = line.withUTF8 { unsafe Glibc.write(file, $0.baseAddress, $0.count) }
        guard count >= 0 else { throw Errno(rawValue: errno) }
    }

    /// Writes like ``write(_:to:)``, in a child that is killed after so many seconds: for stores that the kernel may never end.
    /// - Throws: the errno of the store; `timedOut` where it was ended, `nowInProgress` where nothing ended it.
    package func write(_ value: String, to attribute: String, within seconds: Int32) throws(Errno) {
        if places.made != nil { return try write(value, to: attribute) }
        places.stores.add()
        var line = value + "\n"
        let code = line.withUTF8 { bytes in
            unsafe daxprov_store_with_deadline(descriptor, attribute, bytes.baseAddress, bytes.count, seconds)
        }
        guard code == 0 else { throw Errno(rawValue: code) }
    }

    /// Whether there is such an entry. Opens nothing. A failure to look is noted (``ReadFailures``).
    package func exists(_ entry: String) -> Bool {
        if unsafe faccessat(descriptor, entry, F_OK, 0) == 0 { return true }
        places.note(Errno(rawValue: errno), entry, in: path)
        return false
    }

    /// The last component of where a symbolic link leads; nil where there is no such link. Opens nothing. A failure to
    /// look is noted (``ReadFailures``).
    package func linkTarget(_ link: String) -> String? {
        destination(of: link)?.split(separator: "/").last.map(String.init)
    }

    /// Where a symbolic link leads, as it is written; nil where there is no such link. Opens nothing. A failure to look
    /// is noted (``ReadFailures``).
    package func destination(of link: String) -> String? {
        unsafe withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(PATH_MAX)) { buffer in
            guard let start = buffer.baseAddress else { return nil }
            let count = unsafe readlinkat(descriptor, link, start, buffer.count)
            guard count > 0 else {
                if count < 0 { places.note(Errno(rawValue: errno), link, in: path) }
                return nil
            }
            let bytes = unsafe UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(buffer)[..<count])
            return unsafe String(decoding: bytes, as: UTF8.self)
        }
    }

    /// The names in a directory below this one, or in this one (`.`); empty where there is no such directory. Any other
    /// failure is noted (``ReadFailures``).
    package func entries(_ directory: String = ".") -> [String] {
        let file = unsafe openat(descriptor, directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard file >= 0 else {
            places.note(Errno(rawValue: errno), directory, in: path)
            return []
        }
        do throws(Errno) {
            return try DirectoryEntries.names(closing: file)
        } catch {
            places.note(error, directory, in: path)
            return []
        }
    }

    /// The most that a sysfs attribute holds.
    private static let pageSize = 4096

    private static func trimmed(_ bytes: UnsafeRawBufferPointer) -> String {
        func isSpace(_ byte: UInt8) -> Bool { byte == 0x0a || byte == 0x20 || byte == 0 }
        guard let first = unsafe bytes.firstIndex(where: { !isSpace($0) }),
            let last = unsafe bytes.lastIndex(where: { !isSpace($0) })
        else { return "" }
        return unsafe String(decoding: bytes[first...last], as: UTF8.self)
    }
}
