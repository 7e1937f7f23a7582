import ProvisionCore
import ProvisionHost

/// A host and profiles that inputs meet.
enum Samples {
    /// An interleaved region with neighbours in it, a region without labels, and one that can have no labels.
    static let host = (try? SimulatedHost(json: state).observe()) ?? Observed(buses: [])

    static let state = """
        {"format_version": 1, "simulated_host": {"buses": [
          {"provider": "ACPI.NFIT", "dimms": [
            {"id": "a", "size": "4 GiB", "label_size": "128 KiB"},
            {"id": "b", "size": "4 GiB", "label_size": "128 KiB"},
            {"id": "c", "size": "2 GiB", "label_size": "128 KiB", "labels": "none"}],
           "regions": [
            {"dimms": ["a", "b"], "numa_node": 0, "namespaces": [
              {"name": "wal", "size": "1 GiB", "offset": "64 MiB", "mode": "fsdax", "map": "dev"},
              {"name": "heap", "size": "2 GiB", "offset": "2 GiB", "mode": "devdax"}]},
            {"dimms": ["c"], "numa_node": 1}]},
          {"provider": "e820", "regions": [{"size": "2 GiB"}]}]}}
        """

    /// Profiles that every readable host is planned for.
    static let profiles: [Profile] = [
        """
        version: 1
        unmanaged: destroy
        regions:
          - match: {min_size: 1}
            each: true
            labels: init
            namespaces:
              - {mode: fsdax, size: 10%, name: a}
              - {mode: devdax, usable_size: 100 MiB, name: b, align: 1 GiB}
              - {mode: sector, size: remaining/3, name: c}
              - {mode: raw, size: 64 MiB, name: wal}
        """,
        """
        version: 1
        regions:
          - match: {numa_node: 0}
            namespaces:
              - {name: wal, mode: fsdax, size: 2 GiB, map: mem}
              - {name: heap, mode: devdax, size: 128 MiB, align: 4 KiB, protect: true}
              - {name: rest, mode: devdax, size: remaining}
        """,
    ].compactMap { try? ProfileReader.read(Array($0.utf8), source: "sample") }
}
