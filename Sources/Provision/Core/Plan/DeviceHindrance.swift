/// Why a dax device cannot be what it is to be: the words that the plan and the step have in common.
package enum DeviceHindrance {
    /// Its memory is the kernel's, and nothing can take it offline any more.
    package static let heldByNoDevice = "is in use as system memory, though no device holds it any more"
    /// What to do then.
    package static let reboot = "reboot: nothing else gives the range back"

    /// A driver has it that daxprov does not know.
    package static func heldBy(_ driver: String?) -> String {
        "is held by the driver \(driver ?? "unknown"), which is not one of daxprov's"
    }

    /// It cannot become memory: the kernel takes none without a node (drivers/dax/kmem.c, `dev_dax_kmem_probe`: "rejecting DAX region with
    /// invalid node").
    /// - Parameter what: the device, or its region.
    package static func hasNoNode(_ what: String) -> String {
        "the platform names no memory node for \(what) (target_node)"
    }

    /// Another device would get the driver as well (drivers/dax/bus.c, `do_id_store`).
    /// - Parameters:
    ///   - other: the other device.
    ///   - what: what the driver would make of it.
    package static func takesAlong(_ other: String, as what: String = "memory") -> String {
        "\(other) has no driver, and the kernel would make it \(what) as well"
    }
}
