package import ProvisionCore

/// How the simulated kernel gives dax devices the driver `device_dax`.
package enum SimulatedDaxBinding: String, CaseIterable, Sendable {
    /// `bind` takes the device that it names, and no other: Linux 6.1, and later ones for memory that `kmem` does not claim.
    case exact
    /// The driver has to be told the name (`new_id`), and then takes every device without a driver: Linux 6.12 for soft-reserved memory
    /// and volatile CXL memory (drivers/dax/bus.c, `dax_match_type` and `do_id_store`).
    case byID = "by_id"
}

extension SimulatedState {
    /// Whether other devices without a driver get the driver of this use together with the one that is given it. `kmem` always has to be
    /// told the name.
    package func takesOthersAlong(_ use: DeviceUse) -> Bool { use.isSystemRAM || daxBinding == .byID }
}
