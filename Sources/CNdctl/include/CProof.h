/* Measuring how memory is mapped, where a touch can be answered with SIGBUS, or not at all: in a child with a deadline. */
#ifndef DAXPROV_CPROOF_H
#define DAXPROV_CPROOF_H

#include <stdint.h>

/* How far a measurement came. */
enum daxprov_proof_step {
    DAXPROV_PROOF_DIRECTORY = 1, /* opening the directory */
    DAXPROV_PROOF_DEVICE,        /* it lies on another device than the one meant; no errno */
    DAXPROV_PROOF_OWN_DIRECTORY, /* making a directory with the DAX attribute */
    DAXPROV_PROOF_FILE,          /* making a file without a name */
    DAXPROV_PROOF_SPACE,         /* taking space for it */
    DAXPROV_PROOF_MAP,           /* mapping */
    DAXPROV_PROOF_TOUCH,         /* touching page after page */
    DAXPROV_PROOF_DONE
};

/* What was measured. */
struct daxprov_proof {
    int32_t step;    /* the step that failed, or DAXPROV_PROOF_DONE */
    int32_t code;    /* the errno of the step that failed, or 0 */
    int32_t signal;  /* the signal that ended the child, or 0 */
    int32_t sync;    /* 0 where MAP_SYNC was accepted, else its errno */
    int32_t dax;     /* whether statx says STATX_ATTR_DAX: 1, 0, or -1 where it does not say */
    int32_t mapped;  /* whether pages were touched */
    uint64_t length; /* how many bytes were mapped */
    uint64_t faults; /* the minor faults of touching all of it */
    uint64_t chunks; /* how many aligned pieces of 2 MiB were touched page by page (4 KiB) */
    uint64_t large;  /* how many of these took one fault */
    uint64_t frame;  /* the physical page of the first byte, or 0 where the kernel does not say */
};

/* Maps `length` bytes of the character device that `descriptor` has open, from `offset`, with MAP_SYNC and for reading alone, and
 * loads a byte of each 4 KiB page of the first 4 MiB, and of each 2 MiB behind. Nothing is stored. All are multiples of `align`.
 * Returns 0, and what came of it in `proof`; an errno where there was no child; ETIMEDOUT where it was killed after `seconds`,
 * EINPROGRESS where not even that ended it. */
int daxprov_prove_device(
    int descriptor, uint64_t offset, uint64_t length, uint64_t align, int seconds, struct daxprov_proof *proof);

/* Makes a file without a name in `directory`, which must lie on the device with the number `device`, takes at most 8 MiB and a
 * quarter of what is free for it, maps it with MAP_SYNC, and stores a byte into each of its pages of 4 KiB. Where statx does not call
 * the file DAX, nothing is mapped but to see that MAP_SYNC is refused. With `attribute`, the file is made in a directory of its own that has
 * FS_XFLAG_DAX, which is removed before the file is used. The file goes with the child, whatever ends that.
 * Returns as daxprov_prove_device does. */
int daxprov_prove_file(
    const char *directory, uint64_t device, int attribute, int seconds, struct daxprov_proof *proof);

#endif
