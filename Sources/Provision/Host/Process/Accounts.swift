internal import CNdctl
import SystemPackage
package import ProvisionCore

/// The users and groups that this host knows.
package enum Accounts {
    /// The numbers of those of these names that there are.
    package static func numbers(users: Set<String>, groups: Set<String>) throws(OperationError)
        -> AccountNumbers
    {
        var found = AccountNumbers()
        for name in users.sorted() {
            var number: UInt32 = 0
            guard try exists(unsafe daxprov_user(name, &number), "user", name) else { continue }
            found.users[name] = number
        }
        for name in groups.sorted() {
            var number: UInt32 = 0
            guard try exists(unsafe daxprov_group(name, &number), "group", name) else { continue }
            found.groups[name] = number
        }
        return found
    }

    private static func exists(_ code: Int32, _ kind: String, _ name: String) throws(OperationError) -> Bool {
        switch code {
        case 0: return true
        case -1: return false
        default:
            throw OperationError(
                .unavailable, while: "look up the \(kind) \(name)",
                reason: Errno(rawValue: code).description,
                advice:
                    "the service that knows it does not answer (/etc/nsswitch.conf): try again, or give its number",
                errno: code)
        }
    }
}
