import CNdctl
import Glibc
import SystemPackage
import Testing

/// Filling mapped memory with zeroes. One after the other: what answers a fault is the process's.
@Suite(.serialized) struct ZeroMemoryTests {
    /// Every length and place within a page: nothing beside the range is touched.
    @Test func mappedMemoryIsZeroedExactly() throws {
        let length = 1 << 16
        let memory = UnsafeMutableRawPointer.allocate(byteCount: length, alignment: 4096)
        defer { unsafe memory.deallocate() }
        for (start, count) in [(0, length), (64, 64), (4096, 0), (128, 4096 + 64), (length - 64, 64)] {
            unsafe memory.initializeMemory(as: UInt8.self, repeating: 0xa5, count: length)
            var failed: UInt64 = 0
            #expect(unsafe daxprov_zero_memory(memory + start, UInt64(count), &failed) == 0)
            let bytes = unsafe UnsafeRawBufferPointer(start: memory, count: length)
            let isRight = bytes.indices.allSatisfy { index in
                unsafe bytes[index] == ((start..<start + count).contains(index) ? 0 : 0xa5)
            }
            #expect(isRight, "\(start), \(count)")
            #expect(unsafe daxprov_zero_memory(memory + 1, 64, &failed) == EINVAL)
            #expect(unsafe daxprov_zero_memory(memory, 63, &failed) == EINVAL)
        }
    }

    /// A mapping behind the end of its file: a store there is answered with SIGBUS, as one to a bad page is.
    @Test func aFaultIsSurvivedAndSaysWhere() throws {
        let scratch = try ScratchDirectory()
        try scratch.write(String(repeating: "x", count: 8192), to: "file")
        let file = unsafe open(scratch.path.appending("file").string, O_RDWR)
        defer { close(file) }
        let memory = unsafe mmap(nil, 16384, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0)
        #expect(unsafe memory != MAP_FAILED)
        defer { unsafe munmap(memory, 16384) }
        var failed: UInt64 = 0
        for _ in 0..<2 {
            #expect(unsafe daxprov_zero_memory(memory, 16384, &failed) == EIO)
            #expect(failed == 8192)
        }
        #expect(unsafe daxprov_zero_memory(memory, 8192, &failed) == 0)
    }
}
