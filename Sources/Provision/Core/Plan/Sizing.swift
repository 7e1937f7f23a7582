/// Turns the sizes of a profile into raw capacities of one region.
package struct Sizing {
    package let region: Region
    package let labels: LabelVersion?
    package let grid: ByteCount

    /// What a declaration asks for, in the terms of one region.
    package enum Need: Equatable {
        /// Exactly this raw capacity.
        case exactly(ByteCount)
        /// The least raw capacity that leaves this much for users.
        case usable(ByteCount)
        /// A share of what everything else leaves.
        case share(divisor: Int)
    }

    /// The allocation unit of a layout; nil where it does not fit in 64 bits.
    package func unit(for layout: Layout) -> ByteCount? {
        AllocationUnit.size(
            regionAlign: grid, align: layout.align ?? .page, ways: region.interleaveWays)
    }

    /// The least raw capacity that leaves anything for users: one unit for raw mode; for the others at least 16 MiB,
    /// and more where metadata or alignment need it.
    package func minimum(for layout: Layout, unit: ByteCount) -> ByteCount {
        guard layout.mode != .raw else { return unit }
        return leastRawSize(of: layout, forUsable: ByteCount(1), unit: unit) ?? unit
    }

    /// What users get of a raw capacity at this offset; nil where the kernel would not enable it.
    package func usableSize(of layout: Layout, rawSize: ByteCount, offset: ByteCount) -> ByteCount? {
        NamespaceGeometry.usableSize(of: layout, rawSize: rawSize, start: start(offset), labels: labels)
    }

    /// The least raw capacity that leaves `usable` at this offset.
    package func rawSize(of layout: Layout, forUsable usable: ByteCount, unit: ByteCount, offset: ByteCount)
        -> ByteCount?
    {
        NamespaceGeometry.rawSize(
            of: layout, forUsable: usable, unit: unit, start: start(offset), labels: labels)
    }

    /// What users get of a raw capacity at a start that suits the layout best.
    package func bestUsableSize(of layout: Layout, rawSize: ByteCount) -> ByteCount? {
        NamespaceGeometry.usableSize(of: layout, rawSize: rawSize, start: 0, labels: labels)
    }

    /// The least raw capacity that leaves `usable` at a start that suits the layout best.
    package func leastRawSize(of layout: Layout, forUsable usable: ByteCount, unit: ByteCount) -> ByteCount? {
        NamespaceGeometry.rawSize(of: layout, forUsable: usable, unit: unit, start: 0, labels: labels)
    }

    /// The need of a declaration, or why this region cannot meet it.
    package func need(of declaration: NamespaceDeclaration, layout: Layout) -> Result<Need, SizingProblem> {
        guard let unit = unit(for: layout) else {
            return .failure(SizingProblem(code: .sizeNotAligned, message: "the allocation unit overflows"))
        }
        switch declaration.size {
        case .raw(let size):
            return fixed(size, unit: unit, layout: layout)
        case .usable(let size):
            guard size <= region.size else {
                return .failure(
                    SizingProblem(
                        code: .noCapacity,
                        message: "\(size) of usable size is more than \(region.device) has: \(region.size)"))
            }
            return .success(.usable(size))
        case .fraction(let percentage):
            let size = percentage.of(region.size).roundedDown(to: unit)
            guard size >= minimum(for: layout, unit: unit) else {
                return tooSmall("\(percentage) of \(region.size) is \(size)", layout: layout, unit: unit)
            }
            return .success(.exactly(size))
        case .remaining(let divisor):
            return .success(.share(divisor: divisor))
        }
    }

    /// A size that is given: large enough, a multiple of the unit, and no more than the region.
    private func fixed(_ size: ByteCount, unit: ByteCount, layout: Layout) -> Result<Need, SizingProblem> {
        guard size >= minimum(for: layout, unit: unit) else {
            return tooSmall("\(size) is too small", layout: layout, unit: unit)
        }
        guard size.isMultiple(of: unit) else {
            let below = size.roundedDown(to: unit)
            let above = size.roundedUp(to: unit).map { " and \($0)" } ?? ""
            let align = layout.align.map { "alignment \($0) x \(region.interleaveWays) DIMMs, " } ?? ""
            return .failure(
                SizingProblem(
                    code: .sizeNotAligned,
                    message: "\(size) is no multiple of the allocation unit \(unit) "
                        + "(\(align)region alignment \(grid))",
                    advice: "the nearest sizes are \(below)\(above)"))
        }
        return .success(.exactly(size))
    }

    private func tooSmall(
        _ what: String, layout: Layout, unit: ByteCount
    ) -> Result<Need, SizingProblem> {
        .failure(
            SizingProblem(
                code: .sizeTooSmall,
                message: "\(what), and \(layout.mode.rawValue) needs at least "
                    + "\(minimum(for: layout, unit: unit)) in this region"))
    }

    private func start(_ offset: ByteCount) -> UInt64 { (region.resource ?? 0) + offset.bytes }
}

/// Why a size cannot be had.
package struct SizingProblem: Error {
    package var code: Refusal.Code
    package var message: String
    package var advice: String?
}
