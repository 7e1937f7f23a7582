import Glibc
internal import CNdctl
package import ProvisionCore

/// The rights of a device-dax device's node.
extension KernelDaxDevice {
    /// The rights of the node `/dev/NAME`; nil where there is none.
    package static func rights(of name: String, _ places: KernelPlaces) -> NodeRights? {
        var status = stat()
        guard unsafe lstat("\(places.dev)/\(name)", &status) == 0, status.st_mode & S_IFMT == S_IFCHR else {
            return nil
        }
        return NodeRights(status)
    }

    /// Gives the node these rights. Where that is forbidden to us (in a sandbox), udev does it by its rules.
    func give(_ rights: NodeRights) throws(OperationError) {
        do throws(OperationError) {
            try change(rights)
        } catch {
            guard error.kind == .notPermitted, DeviceEvents.areHandled(places) else { throw error }
            try announceChange()
            try DeviceEvents.settle(readingRules: false, places)
            guard Self.rights(of: name, places) == rights else { throw error }
        }
    }

    private func change(_ rights: NodeRights) throws(OperationError) {
        let path = "\(places.dev)/\(name)"
        let number = self.node?.number ?? 0
        let code = unsafe daxprov_give_node(
            path, number, rights.owner, rights.group, UInt32(rights.permissions))
        if code == -1 {
            throw failed(
                "\(path) is not its node: it leads to another device", "find out who made that node",
                while: "give the node its rights")
        }
        guard code == 0 else {
            throw OperationError.system(code, while: "give the node its rights", device: name)
        }
    }
}

extension NodeRights {
    /// The rights that a node has.
    init(_ status: stat) {
        self.init(
            owner: status.st_uid, group: status.st_gid, permissions: UInt16(status.st_mode & 0o7777))
    }
}
