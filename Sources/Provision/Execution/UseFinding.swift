package import ProvisionCore
package import ProvisionHost

/// Who uses the device of a namespace, or of a dax region.
package struct UseFinding: Equatable, Sendable {
    /// What people know it by, behind its region: "region0/wal".
    package var name: String
    /// The uses; empty where nobody was found.
    package var holders: Result<[Holder], Unread>
    /// Whether it is memory that the kernel itself uses.
    package var isSystemMemory = false

    /// Why somebody who uses it could go unseen; nil where nobody could.
    package var obstacle: Unread?

    /// The uses of all active namespaces and of the devices of dynamic dax regions. Where one cannot be looked at, since it went away meanwhile, say,
    /// each is looked at by itself.
    package static func all(on observed: Observed, of host: any RestoringHost) -> [UseFinding] {
        let subjects = Self.subjects(on: observed)
        guard !subjects.isEmpty else { return [] }
        var query = UseQuery(targets: subjects.compactMap { $0.target })
        query.devices = subjects.filter { $0.target == nil }.map { $0.device }
        if let report = try? host.examine(query) {
            return subjects.map { $0.finding(by: report) }
        }
        return subjects.map { finding(of: $0, host) }
    }

    private static func finding(of subject: Subject, _ host: any RestoringHost) -> UseFinding {
        var query = UseQuery(targets: subject.target.map { [$0] } ?? [])
        if subject.target == nil { query.devices = [subject.device] }
        do throws(OperationError) {
            return subject.finding(by: try host.examine(query))
        } catch {
            return UseFinding(
                name: subject.name, holders: .failure(Unread(error.reason)),
                isSystemMemory: subject.isSystemMemory)
        }
    }

    /// Something with a device.
    private struct Subject {
        let name: String
        let device: String
        /// The namespace; nil of a device of a dax region.
        let target: NamespaceTarget?
        /// Whether it is memory of the kernel's, driven by kmem or left behind by it.
        let isSystemMemory: Bool

        func finding(by report: UseReport) -> UseFinding {
            UseFinding(
                name: name, holders: .success(report.uses[device] ?? []), isSystemMemory: isSystemMemory,
                obstacle: report.obstacle.map { Unread($0.reason) })
        }
    }

    private static func subjects(on observed: Observed) -> [Subject] {
        var subjects: [Subject] = []
        for region in observed.regions {
            for namespace in region.namespaces where namespace.isActive {
                let device = namespace.blockDevice ?? namespace.characterDevice
                subjects.append(
                    Subject(
                        name: "\(region.device)/\(namespace.displayName)" + (device.map { " (\($0))" } ?? ""),
                        device: namespace.device,
                        target: NamespaceTarget(namespace, region: region.device), isSystemMemory: false))
            }
        }
        for region in observed.daxRegions where region.kind == .dynamic {
            subjects += region.devices.map { device in
                Subject(
                    name: device.name, device: device.name, target: nil,
                    isSystemMemory: device.mode == .systemRAM || device.isStranded)
            }
        }
        return subjects
    }
}
