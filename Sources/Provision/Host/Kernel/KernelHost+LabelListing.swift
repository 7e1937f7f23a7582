import Glibc
package import ProvisionCore

extension KernelHost {
    /// What the label areas of all DIMMs say. They are read by ioctls, which root alone may make; nothing is written. A DIMM that cannot be
    /// read stops no other.
    package func labelListings() throws(OperationError) -> [LabelAreaListing] {
        guard unsafe access(places.nvdimmDevices, F_OK) == 0 else { return [] }
        let context = try NdctlContext()
        var listings: [LabelAreaListing] = []
        context.forEachBus { bus in
            bus.forEachDimm { dimm in listings.append(Self.listing(of: dimm)) }
        }
        return listings
    }

    private static func listing(of dimm: borrowing NdctlDimm) -> LabelAreaListing {
        let device = dimm.device
        guard dimm.hasLabelArea else { return LabelAreaListing(dimm: device, contents: .success(.missing)) }
        do throws(OperationError) {
            let area = try dimm.readLabelIndex()
            let contents = LabelAreaListing.Contents.area(
                size: ByteCount(UInt64(area.areaSize)),
                blocks: LabelIndex.blocks(areaSize: area.areaSize, bytes: area.bytes),
                labels: try dimm.readLabels())
            return LabelAreaListing(dimm: device, contents: .success(contents))
        } catch {
            return LabelAreaListing(dimm: device, contents: .failure(Unread(error.reason)))
        }
    }
}
