#ifndef DAXPROV_CCHECKSUM_H
#define DAXPROV_CCHECKSUM_H

#include <stddef.h>
#include <stdint.h>

/// Adds bytes to the register of a CRC-32C (Castagnoli), eight at a time. The register begins as all ones, and its
/// complement is the checksum.
uint32_t daxprov_crc32c(uint32_t value, const void *bytes, size_t length);

#endif
