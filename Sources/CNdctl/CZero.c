#define _GNU_SOURCE
#include "CZero.h"

#include <errno.h>
#include <linux/fs.h>
#include <setjmp.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#ifndef MAP_SYNC
#define MAP_SYNC 0x80000
#endif

enum { line = 64 };

int daxprov_map_synchronously(int descriptor, uint64_t offset, uint64_t length, void **memory) {
    void *found =
        mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_SHARED_VALIDATE | MAP_SYNC, descriptor, (off_t)offset);
    if (found == MAP_FAILED) return errno;
    *memory = found;
    return 0;
}

/* MARK: Stores. Each of these returns when its stores have left the CPU. */

#if defined(__x86_64__)

static void zero_sse2(char *at, uint64_t length) {
    __m128i zero = _mm_setzero_si128();
    for (char *end = at + length; at < end; at += line) {
        __m128i *place = (__m128i *)at;
        _mm_stream_si128(place, zero);
        _mm_stream_si128(place + 1, zero);
        _mm_stream_si128(place + 2, zero);
        _mm_stream_si128(place + 3, zero);
    }
    _mm_sfence();
}

__attribute__((target("avx2"))) static void zero_avx2(char *at, uint64_t length) {
    __m256i zero = _mm256_setzero_si256();
    for (char *end = at + length; at < end; at += line) {
        __m256i *place = (__m256i *)at;
        _mm256_stream_si256(place, zero);
        _mm256_stream_si256(place + 1, zero);
    }
    _mm_sfence();
}

static void zero(char *at, uint64_t length) {
    if (__builtin_cpu_supports("avx2"))
        zero_avx2(at, length);
    else
        zero_sse2(at, length);
}

#elif defined(__aarch64__)

static void zero(char *at, uint64_t length) {
    memset(at, 0, length);
    /* To the point of coherency, which is where memory is (arch/arm64/lib: dcache_clean_pop without FEAT_DPB does the same). */
    for (uint64_t offset = 0; offset < length; offset += 16) __asm__ volatile("dc cvac, %0" ::"r"(at + offset) : "memory");
    __asm__ volatile("dsb sy" ::: "memory");
}

#else

static void zero(char *at, uint64_t length) {
    memset(at, 0, length);
    __sync_synchronize();
}

#endif

/* MARK: Faults. */

static sigjmp_buf landing;
static volatile uintptr_t first, last, fault;

static void land(int number, siginfo_t *info, void *context) {
    (void)context;
    uintptr_t at = (uintptr_t)info->si_addr;
    if (at >= first && at < last) {
        fault = at;
        siglongjmp(landing, 1);
    }
    /* It is not about this memory: the instruction faults again, and ends the process as it would have. */
    signal(number, SIG_DFL);
}

int daxprov_zero_memory(void *memory, uint64_t length, uint64_t *failed) {
    if ((uintptr_t)memory % line != 0 || length % line != 0) return EINVAL;
    struct sigaction action = {.sa_sigaction = land, .sa_flags = SA_SIGINFO}, earlier;
    sigemptyset(&action.sa_mask);
    first = (uintptr_t)memory;
    last = first + length;
    if (sigaction(SIGBUS, &action, &earlier) != 0) return errno;
    int code = 0;
    if (sigsetjmp(landing, 1) == 0) {
        zero(memory, length);
    } else {
        *failed = fault - first;
        code = EIO;
    }
    first = last = 0;
    sigaction(SIGBUS, &earlier, NULL);
    return code;
}

/* MARK: Block devices. */

int daxprov_zero_block(int descriptor, uint64_t offset, uint64_t length) {
    uint64_t range[2] = {offset, length};
    return ioctl(descriptor, BLKZEROOUT, range) == 0 ? 0 : errno;
}

uint64_t daxprov_block_size(int descriptor) {
    uint64_t size = 0;
    return ioctl(descriptor, BLKGETSIZE64, &size) == 0 ? size : 0;
}

int daxprov_read_partitions(int descriptor) {
    return ioctl(descriptor, BLKRRPART) == 0 ? 0 : errno;
}
