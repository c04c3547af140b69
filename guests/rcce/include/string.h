/* Copies and comparisons, which the library has for compilers anyway. */
#ifndef STRING_H
#define STRING_H

#include <stddef.h>

void *memcpy(void *target, const void *source, size_t bytes);
void *memmove(void *target, const void *source, size_t bytes);
void *memset(void *target, int byte, size_t bytes);
int memcmp(const void *one, const void *other, size_t bytes);
size_t strlen(const char *text);

#endif
