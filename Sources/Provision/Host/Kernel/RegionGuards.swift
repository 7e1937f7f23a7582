package import ProvisionCore

/// The proof that nobody uses any namespace of some regions, held as ``UseGuard`` holds it.
package struct RegionGuards: ~Copyable {
    private final class Held {
        let use: UseGuard

        init(_ use: consuming UseGuard) { self.use = use }
    }

    private var held: [Held] = []

    /// Looks at every active namespace of the regions with these kernel names, which are enabled.
    package init(regions devices: Set<String>, _ places: KernelPlaces) throws(OperationError) {
        for device in devices.sorted() {
            let region = try KernelRegion.open(device, knownFacts: nil, places)
            for namespace in region.namespaceDevices {
                let live = region.state(namespace)
                if live.isActive { held.append(Held(try UseGuard.unused(live, in: region))) }
            }
        }
    }

    deinit {}
}
