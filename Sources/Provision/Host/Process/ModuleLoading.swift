internal import CNdctl

/// Loading a module of the kernel.
package enum ModuleLoading {
    /// Runs the program that the kernel itself loads modules with.
    /// - Returns: its exit status; negative where it could not be run.
    package static func run(_ program: String, _ module: String, _ places: KernelPlaces) -> Int32 {
        if let made = places.made { return made.load(module) }
        return unsafe daxprov_run(program, module, nil)
    }
}
