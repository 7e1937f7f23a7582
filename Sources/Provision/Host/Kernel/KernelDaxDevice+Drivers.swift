import Glibc
import SystemPackage
import ProvisionCore

/// The drivers of a device, and of those that the kernel would give the same.
extension KernelDaxDevice {
    /// The kernel's own way to a module: the program that it names for that.
    func loadMemoryDriver() throws(OperationError) {
        guard !bus.exists("drivers/\(Self.memoryDriver)") else { return }
        let kernel = SysfsDirectory.ifThere("\(places.proc)/sys/kernel", places)
        let program = kernel?.text("modprobe") ?? "/sbin/modprobe"
        let code = ModuleLoading.run(program, Self.memoryDriver, places)
        guard code == 0, bus.exists("drivers/\(Self.memoryDriver)") else {
            throw failed(
                "the driver \(Self.memoryDriver) is not loaded, and \(program) \(Self.memoryDriver) "
                    + (code < 0 ? "could not be run" : "ended with \(code)"),
                "load it: modprobe \(Self.memoryDriver)")
        }
    }

    /// A store to `new_id` binds every unbound device that the driver matches, not the named one alone (drivers/dax/bus.c,
    /// `do_id_store`).
    func requireNoOtherUnbound(
        _ drivers: [String: String?], wouldBe what: String = "memory"
    ) throws(OperationError) {
        for (other, driver) in drivers.sorted(by: { $0.key < $1.key }) where other != name && driver == nil {
            guard bus.number("devices/\(other)/size") ?? 0 > 0 else { continue }
            throw failed(
                DeviceHindrance.takesAlong(other, as: what),
                "give it a driver (daxctl enable-device \(other)), or destroy it")
        }
    }

    func drivers() -> [String: String?] {
        var found: [String: String?] = [:]
        for other in bus.entries("devices") {
            found[other] = .some(bus.linkTarget("devices/\(other)/driver"))
        }
        return found
    }

    func requireSame(_ others: [String: String?]) throws(OperationError) {
        for (other, driver) in drivers() where other != name {
            guard let before = others[other], before != driver else { continue }
            throw failed(
                "\(other) got the driver \(driver ?? "none") meanwhile, instead of \((before) ?? "none")",
                "find out what changes drivers here, and see to \(other)")
        }
    }

    /// Binds a driver: `kmem` takes a device only by its id (drivers/dax/bus.c, `dax_bus_match`), and says nothing of success.
    func bind(to driver: String) throws(OperationError) {
        if driver == Self.memoryDriver {
            try store(name, in: "drivers/\(driver)/new_id", "bind \(driver)")
            try store(name, in: "drivers/\(driver)/remove_id", "bind \(driver)")
        } else {
            try bindExactly(to: driver)
        }
        guard self.driver == driver else {
            throw failed(
                "the driver \(driver) did not take it", "the kernel log (dmesg) says why",
                while: "bind \(driver)")
        }
    }

    /// Binds this device alone where the kernel does that: Linux 6.1 does for every device, later ones for those that `kmem` does not
    /// claim. For the others the driver has to be told the name, and then takes every device without a driver.
    private func bindExactly(to driver: String) throws(OperationError) {
        do throws(Errno) {
            try bus.write(name, to: "drivers/\(driver)/bind")
            return
        } catch {
            guard error.rawValue == ENODEV else {
                throw .system(error.rawValue, while: "bind \(driver)", device: name)
            }
        }
        let others = drivers()
        try requireNoOtherUnbound(others, wouldBe: "open to programs")
        try store(name, in: "drivers/\(driver)/new_id", "bind \(driver)")
        try store(name, in: "drivers/\(driver)/remove_id", "bind \(driver)")
        try requireSame(others)
    }

    /// Takes a driver away. A run that was killed between `new_id` and `remove_id` left the name with the driver, which would take the
    /// device together with the next one that anybody gives it. The kernel accepts names that it does not have.
    func unbind(_ driver: String) throws(OperationError) {
        try? bus.write(name, to: "drivers/\(driver)/remove_id")
        try store(name, in: "drivers/\(driver)/unbind", "unbind \(driver)")
        guard self.driver == nil else {
            throw failed(
                "its driver is still bound", "the kernel log (dmesg) says why", while: "unbind \(driver)")
        }
    }
}
