/// The end of a command whose report says everything: only the exit code is left.
struct Ending: Error {
    var status: ExitStatus

    init(_ status: ExitStatus) {
        self.status = status
    }
}
