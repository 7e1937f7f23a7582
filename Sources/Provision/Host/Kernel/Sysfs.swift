/// The kernel's names of devices.
package enum Sysfs {
    /// The number at the end of a kernel name: 12 of `region12`, 3 of `namespace0.3`.
    package static func number(_ device: String) -> Int {
        let digits = device.reversed().prefix { $0.isNumber }
        return Int(String(digits.reversed())) ?? 0
    }
}
