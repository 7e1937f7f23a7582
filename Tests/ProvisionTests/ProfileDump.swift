import ProvisionCore

/// A profile as plain lines, for comparison with a fixture: every property that is not the default.
enum ProfileDump {
    static func text(of profile: Profile) -> String {
        var lines = ["unmanaged: \(profile.unmanaged.rawValue)"]
        for block in profile.regions {
            lines.append("region at \(block.position.line):\(block.position.column): \(words(of: block))")
            lines += block.namespaces.map { "  \($0.position.line):\($0.position.column): \(words(of: $0))" }
        }
        for block in profile.daxRegions {
            lines.append("dax region at \(block.position.line):\(block.position.column): \(block.match)")
            lines += block.devices.map { device in
                let words: [String?] = [
                    "\"\(device.name.text)\"", device.use.text, "\(device.size)",
                    device.align.map { "align=\($0)" },
                    device.start.map { "start=0x\(String($0, radix: 16))" },
                    device.zeroes ? nil : "zero=false", device.proof.map(words(of:)),
                ]
                return "  \(device.position.line):\(device.position.column): "
                    + words.compactMap(\.self).joined(separator: " ")
            }
        }
        return lines.joined(separator: "\n") + "\n"
    }

    private static func words(of block: RegionBlock) -> String {
        let match = block.match
        let words: [String?] = [
            match.region.map { "region=\($0)" }, match.numaNode.map { "numa_node=\($0)" },
            match.interleaveSetID.map { "iset_id=0x\(String($0, radix: 16))" },
            match.dimms.map { "dimms=\($0)" },
            match.type.map { "type=\($0)" }, match.persistenceDomain.map { "domain=\($0.rawValue)" },
            match.provider.map { "provider=\($0)" }, match.minimumSize.map { "min_size=\($0)" },
            block.appliesToEach ? "each" : nil, "labels=\(block.labels.rawValue)",
            block.require.persistenceDomain.map { "require domain=\($0.rawValue)" },
            block.require.healthy ? "require health" : nil,
            block.require.lifeUsed.map { "require life_used \($0)" },
            block.require.spares.map { "require spares \($0)" },
        ]
        return words.compactMap(\.self).joined(separator: " ")
    }

    private static func words(of namespace: NamespaceDeclaration) -> String {
        let words: [String?] = [
            namespace.name.map { "\"\($0.text)\"" }, namespace.uuid.map { "uuid=\($0)" },
            namespace.renamedFrom.map { "from=\"\($0.text)\"" }, namespace.mode.rawValue, "\(namespace.size)",
            namespace.align.map { "align=\($0)" }, namespace.map.map { "map=\($0.rawValue)" },
            namespace.sectorSize.map { "sector=\($0)" }, namespace.isProtected ? "protected" : nil,
            namespace.isZeroed ? "zero" : nil,
            namespace.deviceConfiguration.map(words(of:)), namespace.proof.map(words(of:)),
        ]
        return words.compactMap(\.self).joined(separator: " ")
    }

    private static func words(of proof: ProofRequirement) -> String {
        "proof=\(proof.kind.rawValue)" + (proof.pageSize.map { " pages=\($0)" } ?? "")
    }

    private static func words(of device: DeviceConfiguration) -> String {
        let words: [String?] = [
            device.mode.rawValue, device.online.map { "online=\($0.rawValue)" },
            device.owner.map { "owner=\($0)" },
            device.group.map { "group=\($0)" },
            device.permissions.map { "permissions=0\(String($0, radix: 8))" },
        ]
        return "device(" + words.compactMap(\.self).joined(separator: " ") + ")"
    }
}
