/* libblkid: what lies on a block device. */
#include <blkid/blkid.h>
