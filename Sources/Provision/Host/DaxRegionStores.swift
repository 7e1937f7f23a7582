package import ProvisionCore

/// The stores of one dynamic dax region, each as one call: what the kernel offers, and a simulated host does.
package protocol DaxRegionStores {
    /// The region as it is now.
    func region() throws(OperationError) -> DaxRegion
    /// Makes a device without memory, and returns its name.
    func create() throws(OperationError) -> String
    /// Removes a device without memory and driver; not the first of the region, which stays.
    func delete(_ device: String) throws(OperationError)
    /// Changes the alignment of a device without a driver.
    func setAlign(_ align: ByteCount, of device: String) throws(OperationError)
    /// Changes the capacity of a device without a driver; zero takes all of its memory. It ends later, or grows into the lowest gap.
    func setSize(_ size: ByteCount, of device: String) throws(OperationError)
    /// Gives a device without a driver a free range.
    func map(_ range: Range<UInt64>, to device: String) throws(OperationError)
    /// Throws where a device that is memory could not become one that programs map without another device: before it is touched.
    func requireAlone(_ device: String) throws(OperationError)
    /// Takes away the driver; memory blocks go offline first.
    func release(_ device: String) throws(OperationError)
    /// Gives a device its use. What it was, it need not be any more.
    func use(_ device: String, as use: DeviceUse) throws(OperationError)
    /// Fills a device that programs can map with zeroes.
    func zero(_ device: String) throws(OperationError)
    /// Takes away whatever rights others have to the node of a device, which may have been another's.
    func resetNode(of device: String) throws(OperationError)
    /// Has udev give the device that has just this memory these rights at its events; nil: no rights of its own.
    /// - Parameter name: what people know it by.
    func setRule(_ rights: NodeRights?, for ranges: [Range<UInt64>], as name: String) throws(OperationError)
    /// Gives the node of a device these rights.
    func give(_ rights: NodeRights, to device: String) throws(OperationError)
    /// Throws where somebody uses a device that programs can map.
    func requireUnused(_ device: String) throws(OperationError)
}

extension DaxRegionStores {
    /// Removes devices without memory and driver, but for those of these names.
    package func removeEmptyDevices(besides names: Set<String>) throws(OperationError) {
        for device in try region().devices
        where device.size == .zero && device.driver == nil && !device.isFirst && !names.contains(device.name)
        {
            try delete(device.name)
        }
    }
}
