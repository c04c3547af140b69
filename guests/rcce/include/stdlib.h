/* Memory of a bare-metal guest, and its end. */
#ifndef STDLIB_H
#define STDLIB_H

#include <stddef.h>

/* Memory behind the program, up to what the guest was given. NULL if there is none left. */
void *malloc(size_t bytes);
void *calloc(size_t count, size_t bytes);
void free(void *memory);

/* Ends the guest: 0 as a power-off, anything else as a failure with that number. */
void exit(int status) __attribute__((noreturn));
void abort(void) __attribute__((noreturn));

#endif
