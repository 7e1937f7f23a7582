public import ProvisionCore
public import SystemPackage

extension MemoryAgents {
    /// Who else makes memory of dax devices on the host whose root directory is `root`. Changes nothing.
    /// - Parameter readsConfiguration: whether to read the policy that the kernel was built with, from a file of some hundred KiB in `/boot`.
    public init(below root: FilePath, readsConfiguration: Bool = false) {
        let files = HostFiles(root)
        let places = KernelPlaces(below: root.string == "/" ? "" : root.string)
        let rules = files.udevRules()
        self.init(
            daxctl: files.daxctlConf(), rules: rules.read,
            unit: SystemdUnits.unit("\(DaxctlConf.unit).service", below: root),
            policy: SysfsDirectory.ifThere(places.memoryBlocks, places)?
                .text(SystemMemory.policyAttribute),
            commandLine: files.commandLine(nil),
            configuration: readsConfiguration ? files.kernelConfiguration() : [],
            problems: rules.problems)
    }
}
