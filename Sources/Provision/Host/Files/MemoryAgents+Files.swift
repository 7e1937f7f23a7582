public import ProvisionCore
public import SystemPackage

extension MemoryAgents {
    /// Who else makes memory of dax devices on the host whose root directory is `root`. Changes nothing.
    public init(below root: FilePath) {
        let files = HostFiles(root)
        let places = KernelPlaces(below: root.string == "/" ? "" : root.string)
        let rules = files.udevRules()
        self.init(
            daxctl: files.daxctlConf(), rules: rules.read,
            unit: SystemdUnits.unit("\(DaxctlConf.unit).service", below: root),
            policy: SysfsDirectory.ifThere(places.memoryBlocks, places)?
                .text(SystemMemory.policyAttribute),
            commandLine: files.commandLine(nil), configuration: files.kernelConfiguration(),
            problems: rules.problems)
    }
}
