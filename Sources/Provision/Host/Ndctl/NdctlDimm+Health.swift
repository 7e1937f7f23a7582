import CNdctl
import Glibc
package import ProvisionCore

/// What the firmware of a DIMM says of its health. Each command is one ioctl; none changes anything.
extension NdctlDimm {
    /// The health (`ndctl_dimm_cmd_new_smart`, `…_smart_threshold`, `…_fw_get_info`). A DIMM that does not answer gives one
    /// that says why.
    package var health: DimmHealth {
        var health = DimmHealth()
        health.unread = readSmart(into: &health)
        if health.unread != .unsupported { health.thresholds = thresholds }
        health.dirtyShutdowns = UInt32(exactly: unsafe ndctl_dimm_get_dirty_shutdown(pointer))
        health.firmware = firmware
        return health
    }

    /// Reads what is valid of the smart data; why it could not be read, or nil.
    private func readSmart(into health: inout DimmHealth) -> DimmHealth.Unread? {
        guard let command = unsafe ndctl_dimm_cmd_new_smart(pointer) else { return .unsupported }
        defer { unsafe ndctl_cmd_unref(command) }
        let status = unsafe ndctl_cmd_submit_xlat(command)
        // A positive one is a short answer, of which libndctl reads no value, or all ones.
        guard status == 0 else { return -status == EACCES || -status == EPERM ? .notPermitted : .failed }
        health.take(
            SmartData(
                valid: unsafe ndctl_cmd_smart_get_flags(command),
                health: unsafe ndctl_cmd_smart_get_health(command),
                mediaTemperature: unsafe ndctl_cmd_smart_get_media_temperature(command),
                controllerTemperature: unsafe ndctl_cmd_smart_get_ctrl_temperature(command),
                spares: unsafe ndctl_cmd_smart_get_spares(command),
                alarms: unsafe ndctl_cmd_smart_get_alarm_flags(command),
                lifeUsed: unsafe ndctl_cmd_smart_get_life_used(command),
                shutdownState: unsafe ndctl_cmd_smart_get_shutdown_state(command),
                shutdownCount: unsafe ndctl_cmd_smart_get_shutdown_count(command)))
        return nil
    }

    private var thresholds: DimmHealth.Thresholds? {
        guard let command = unsafe ndctl_dimm_cmd_new_smart_threshold(pointer) else { return nil }
        defer { unsafe ndctl_cmd_unref(command) }
        guard unsafe ndctl_cmd_submit_xlat(command) == 0 else { return nil }
        return DimmHealth.Thresholds(
            SmartThresholds(
                enabled: unsafe ndctl_cmd_smart_threshold_get_alarm_control(command),
                mediaTemperature: unsafe ndctl_cmd_smart_threshold_get_media_temperature(command),
                controllerTemperature: unsafe ndctl_cmd_smart_threshold_get_ctrl_temperature(command),
                spares: unsafe ndctl_cmd_smart_threshold_get_spares(command)))
    }

    /// The versions of the firmware; nil where there is no command, it failed, or gave all ones
    /// (ndctl/list.c, `util_dimm_firmware_to_json`).
    private var firmware: DimmHealth.Firmware? {
        guard let command = unsafe ndctl_dimm_cmd_new_fw_get_info(pointer) else { return nil }
        defer { unsafe ndctl_cmd_unref(command) }
        guard unsafe ndctl_cmd_submit(command) >= 0,
            unsafe ndctl_cmd_fw_xlat_firmware_status(command) == FW_SUCCESS
        else { return nil }
        let current = unsafe ndctl_cmd_fw_info_get_run_version(command)
        let next = unsafe ndctl_cmd_fw_info_get_updated_version(command)
        guard current != .max else { return nil }
        return DimmHealth.Firmware(current: current, next: next == 0 || next == .max ? nil : next)
    }
}
