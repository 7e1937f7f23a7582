import Glibc
import Testing

@testable import Provision
@testable import ProvisionCore
@testable import ProvisionHost

@Suite struct KernelErrorTests {
    @Test(arguments: [
        (EACCES, OperationError.Kind.notPermitted), (EPERM, .notPermitted), (EBUSY, .busy), (ENOSPC, .failed),
        (ENXIO, .failed), (EINVAL, .failed), (EIO, .failed),
    ])
    func theErrnoDecidesTheKind(errno: Int32, kind: OperationError.Kind) {
        #expect(OperationError.system(errno, while: "set the size").kind == kind)
    }

    @Test func libndctlsNegativeErrnoReadsLikeTheKernels() {
        #expect(OperationError.system(-ENOSPC, while: "x") == OperationError.system(ENOSPC, while: "x"))
        #expect(OperationError.system(.min, while: "x").errno == EIO)
    }

    @Test func anErrorSaysWhatFailedWhereAndWhatToDo() {
        let error = OperationError.system(ENOSPC, while: "allocate 64 MiB", device: "namespace0.1")
        #expect(error.operation == "allocate 64 MiB")
        #expect(error.device == "namespace0.1")
        #expect(error.reason == "No space left on device")
        #expect(error.advice?.contains("ask for less") == true)
    }

    @Test func aFailedUndoIsToldBesideTheError() {
        let error = OperationError.system(EIO, while: "enable", device: "pfn0.1")
        let undo = OperationError.system(ENXIO, while: "release the capacity", device: "namespace0.1")
        let both = error.adding(undoFailures: [undo])
        #expect(both.errno == EIO)
        #expect(both.undoFailures == ["namespace0.1: cannot release the capacity: No such device or address"])
        #expect(error.adding(undoFailures: []) == error)
    }

    @Test func onlyWhatDiffersFromTheRecycledSectorSizeIsWritten() {
        func layout(_ mode: NamespaceMode, _ sectors: UInt32?) -> Layout {
            Layout(name: nil, mode: mode, sectorSize: sectors.flatMap(SectorSize.init), rawSize: .mib(64))
        }
        #expect(KernelRegion.sectorSize(for: layout(.raw, 4096), replacing: nil) == 4096)
        #expect(KernelRegion.sectorSize(for: layout(.raw, nil), replacing: 4096) == nil)
        #expect(KernelRegion.sectorSize(for: layout(.raw, 512), replacing: 0) == 512)
        #expect(KernelRegion.sectorSize(for: layout(.fsdax, nil), replacing: 4096) == 512)
        #expect(KernelRegion.sectorSize(for: layout(.sector, 4096), replacing: nil) == nil)
    }
}
