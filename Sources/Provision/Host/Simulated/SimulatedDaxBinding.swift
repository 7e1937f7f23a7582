package import ProvisionCore

/// How the simulated kernel gives dax devices a driver.
package enum SimulatedDaxBinding: String, CaseIterable, Sendable {
    /// The driver takes the device that it is given, and no other: Linux 6.1, with `bind` for `device_dax` and `new_id` for `kmem`.
    case exact
    /// The driver has to be told the name (`new_id`), and can then take every device without a driver: Linux 6.12 for soft-reserved memory and
    /// volatile CXL memory. `kmem` takes all of them (drivers/dax/bus.c, `dax_match_type` and `do_id_store`); `device_dax`, those whose names
    /// it has been told before, which nobody can read.
    case byID = "by_id"
}

extension SimulatedState {
    /// Whether a host must refuse to give a device the driver of this use beside others without a driver, as they could get it as well.
    /// `kmem` always has to be told the name, and no kernel tells beforehand whom it takes.
    package func mayTakeOthersAlong(_ use: DeviceUse) -> Bool { use.isSystemRAM || daxBinding == .byID }
}
