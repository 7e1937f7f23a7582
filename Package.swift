// swift-tools-version: 6.2
import PackageDescription

/// Every Swift target is compiled alike: language mode 6, strict memory safety, warnings are errors.
let swiftSettings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .strictMemorySafety(),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .treatAllWarnings(as: .error),
]

/// Those of the modules below `Provision`: what is small is inlined across their borders, as it was in one module.
let lowerSettings =
    swiftSettings + [
        .unsafeFlags(["-cross-module-optimization"], .when(configuration: .release))
    ]

let package = Package(
    name: "daxprov",
    products: [
        .library(name: "Provision", targets: ["Provision", "ProvisionCore", "ProvisionHost"]),
        .executable(name: "daxprov", targets: ["daxprov"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.5.0"),
        .package(url: "https://github.com/apple/swift-system", from: "1.4.0"),
    ],
    targets: [
        .systemLibrary(
            name: "CNdctlSystem",
            path: "Sources/CNdctl/System",
            pkgConfig: "libndctl libdaxctl",
            providers: [.apt(["libndctl-dev", "libdaxctl-dev"])]
        ),
        .target(
            name: "CNdctl",
            dependencies: ["CNdctlSystem"],
            exclude: ["System"],
            // Checksums take a seventh of the tests' time in C that is not optimised.
            cSettings: [
                .unsafeFlags(["-gdwarf-4", "-Wall", "-Wextra", "-Werror"]),
                .unsafeFlags(["-O1"], .when(configuration: .debug)),
            ]
        ),
        // For tests alone: another reader and writer of JSON to compare ours with.
        .systemLibrary(name: "CJson", pkgConfig: "json-c", providers: [.apt(["libjson-c-dev"])]),
        .systemLibrary(name: "CYaml", pkgConfig: "yaml-0.1", providers: [.apt(["libyaml-dev"])]),
        .systemLibrary(name: "CBlkid", pkgConfig: "blkid", providers: [.apt(["libblkid-dev"])]),
        // What is pure: it opens no file and knows no kernel.
        .target(
            name: "ProvisionCore",
            dependencies: ["CYaml"],
            path: "Sources/Provision/Core",
            swiftSettings: lowerSettings
        ),
        // The kernel, the simulated host, and files.
        .target(
            name: "ProvisionHost",
            dependencies: [
                "CBlkid", "CNdctl", "ProvisionCore", .product(name: "SystemPackage", package: "swift-system"),
            ],
            path: "Sources/Provision/Host",
            swiftSettings: lowerSettings
        ),
        // What is built on both: execution, undo, saved plans, many hosts, reports.
        .target(
            name: "Provision",
            dependencies: [
                "ProvisionCore", "ProvisionHost", .product(name: "SystemPackage", package: "swift-system"),
            ],
            path: "Sources/Provision",
            exclude: ["Core", "Host"],
            swiftSettings: swiftSettings
        ),
        .executableTarget(
            name: "daxprov",
            dependencies: [
                "Provision", "ProvisionCore", "ProvisionHost",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "SystemPackage", package: "swift-system"),
            ],
            swiftSettings: swiftSettings
        ),
        .target(
            name: "HostContract",
            dependencies: ["Provision", "ProvisionCore", "ProvisionHost"],
            path: "Tests/HostContract",
            swiftSettings: swiftSettings
        ),
        // Not shipped: it destroys what it finds, in a virtual machine (Tests/VM/test_differential.py).
        .executableTarget(
            name: "differential",
            dependencies: [
                "Provision", "ProvisionCore", "ProvisionHost", "HostContract",
                .product(name: "SystemPackage", package: "swift-system"),
            ],
            path: "Tests/Differential",
            swiftSettings: swiftSettings
        ),
        .testTarget(
            name: "ProvisionTests",
            dependencies: [
                "CJson", "Provision", "ProvisionCore", "ProvisionHost", "HostContract",
                .product(name: "SystemPackage", package: "swift-system"),
            ],
            swiftSettings: swiftSettings
        ),
        .testTarget(
            name: "CommandLineTests",
            dependencies: ["daxprov", "Provision", "ProvisionCore", "ProvisionHost"],
            swiftSettings: swiftSettings
        ),
    ]
)

// Fuzzing is a build of its own (make fuzz): it needs the fuzzer's runtime, and the library open to testing.
if Context.environment["DAXPROV_FUZZ"] != nil {
    package.targets += [
        .executableTarget(
            name: "fuzz",
            dependencies: [
                "Provision", "ProvisionCore", "ProvisionHost",
                .product(name: "SystemPackage", package: "swift-system"),
            ],
            path: "Tests/Fuzz/Program",
            swiftSettings: swiftSettings
        )
    ]
}
