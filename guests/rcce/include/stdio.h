/* Text of a bare-metal guest: whole lines go to the console of its core. */
#ifndef STDIO_H
#define STDIO_H

/* Understands %d %i %u %x %c %s %p %%, with l or z before an integer, a width, and 0 or - before that; %f with a precision of
 * up to 9 digits. Anything else ends the text with the letters "(?)". Returns the number of characters. */
int printf(const char *format, ...) __attribute__((format(printf, 1, 2)));
int puts(const char *text);
int putchar(int character);

#endif
