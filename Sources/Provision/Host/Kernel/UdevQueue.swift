import Glibc

/// What udev was told and has not worked off.
enum UdevQueue {
    /// Whether there is anything: systemd-udevd keeps a file as long as there is (libudev, `udev_queue_get_queue_is_empty`). Without
    /// udev there is nothing.
    static func isBusy(_ places: KernelPlaces) -> Bool {
        unsafe access("\(places.run)/udev/queue", F_OK) == 0
    }
}
