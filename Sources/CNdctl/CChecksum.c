#include "include/CChecksum.h"

#include <string.h>

static uint32_t table[8][256];

__attribute__((constructor)) static void fill_table(void)
{
	for (uint32_t index = 0; index < 256; index++) {
		uint32_t value = index;

		for (int bit = 0; bit < 8; bit++)
			value = value & 1 ? 0x82f63b78 ^ (value >> 1) : value >> 1;
		table[0][index] = value;
	}
	for (uint32_t index = 0; index < 256; index++)
		for (int slice = 1; slice < 8; slice++)
			table[slice][index] =
				table[0][table[slice - 1][index] & 0xff] ^ (table[slice - 1][index] >> 8);
}

uint32_t daxprov_crc32c(uint32_t value, const void *bytes, size_t length)
{
	const unsigned char *next = bytes;

	for (; length >= 8; length -= 8, next += 8) {
		uint32_t low, high;

		memcpy(&low, next, 4);
		memcpy(&high, next + 4, 4);
		low ^= value;
		value = table[7][low & 0xff] ^ table[6][low >> 8 & 0xff] ^ table[5][low >> 16 & 0xff] ^
			table[4][low >> 24] ^ table[3][high & 0xff] ^ table[2][high >> 8 & 0xff] ^
			table[1][high >> 16 & 0xff] ^ table[0][high >> 24];
	}
	for (; length > 0; length--)
		value = table[0][(value ^ *next++) & 0xff] ^ (value >> 8);
	return value;
}
