/*
 * printf and its kin, for text that people read: what stdio.h says, and no more. Characters are collected and go to the
 * console in pieces.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* guests/rcce/src/text.rs */
void guest_write(const char *text, size_t length);

struct output {
    char text[128];
    size_t used;
    int total;
};

static void flush(struct output *out)
{
    guest_write(out->text, out->used);
    out->used = 0;
}

static void put(struct output *out, char character)
{
    if (out->used == sizeof(out->text))
        flush(out);
    out->text[out->used++] = character;
    out->total++;
}

/* Puts a field of at least `width` characters; zeroes go between a sign and the digits. */
static void put_field(struct output *out, const char *text, size_t length, int width, int left, char fill)
{
    int missing = width - (int)length;

    if (fill == '0' && length > 0 && *text == '-') {
        put(out, *text++);
        length--;
    }
    for (; !left && missing > 0; missing--)
        put(out, fill);
    while (length-- > 0)
        put(out, *text++);
    for (; missing > 0; missing--)
        put(out, ' ');
}

/* Writes digits from `end` towards the front and returns the first one. */
static char *digits(char *end, unsigned long number, unsigned base)
{
    do {
        *--end = "0123456789abcdef"[number % base];
        number /= base;
    } while (number != 0);
    return end;
}

/* A number with `precision` digits behind the point, rounded; "big" if its whole part has no unsigned long. */
static size_t decimal(char *place, double number, int precision)
{
    char whole[16], *end = whole + sizeof(whole), *first;
    unsigned long scale = 1, fraction;
    size_t length = 0;
    int digit;

    if (number < 0) {
        place[length++] = '-';
        number = -number;
    }
    if (!(number < 4294967295.0)) {
        memcpy(place + length, "big", 3);
        return length + 3;
    }
    for (digit = 0; digit < precision; digit++)
        scale *= 10;
    first = digits(end, (unsigned long)number, 10);
    fraction = (unsigned long)((number - (double)(unsigned long)number) * (double)scale + 0.5);
    if (fraction >= scale) {
        first = digits(end, (unsigned long)number + 1, 10);
        fraction -= scale;
    }
    memcpy(place + length, first, (size_t)(end - first));
    length += (size_t)(end - first);
    if (precision > 0) {
        place[length++] = '.';
        for (digit = precision; digit-- > 0; fraction /= 10)
            place[length + (size_t)digit] = (char)('0' + fraction % 10);
        length += (size_t)precision;
    }
    return length;
}

int printf(const char *format, ...)
{
    struct output out = { .used = 0, .total = 0 };
    va_list arguments;

    va_start(arguments, format);
    for (; *format != '\0'; format++) {
        char place[32], *end = place + sizeof(place), *first = end, fill = ' ';
        int left = 0, width = 0, precision = 6, is_size = 0;

        if (*format != '%') {
            put(&out, *format);
            continue;
        }
        format++;
        for (; *format == '-' || *format == '0'; format++) {
            if (*format == '-')
                left = 1;
            else
                fill = '0';
        }
        for (; *format >= '0' && *format <= '9' && width < 1000; format++)
            width = width * 10 + (*format - '0');
        if (*format == '.') {
            for (format++, precision = 0; *format >= '0' && *format <= '9'; format++)
                precision = precision * 10 + (*format - '0');
            if (precision > 9)
                precision = 9;
        }
        for (; *format == 'l' || *format == 'z'; format++)
            is_size++;
        if (is_size > 1)
            goto unknown;
        switch (*format) {
        case 'd':
        case 'i': {
            long number = va_arg(arguments, long);

            first = digits(end, number < 0 ? -(unsigned long)number : (unsigned long)number, 10);
            if (number < 0)
                *--first = '-';
            put_field(&out, first, (size_t)(end - first), width, left, left ? ' ' : fill);
            break;
        }
        case 'u':
        case 'x':
        case 'p':
            first = digits(end, va_arg(arguments, unsigned long), *format == 'u' ? 10 : 16);
            put_field(&out, first, (size_t)(end - first), width, left, left ? ' ' : fill);
            break;
        case 'f':
            put_field(&out, place, decimal(place, va_arg(arguments, double), precision), width, left, left ? ' ' : fill);
            break;
        case 'c':
            *--first = (char)va_arg(arguments, int);
            put_field(&out, first, 1, width, left, ' ');
            break;
        case 's': {
            const char *text = va_arg(arguments, const char *);

            put_field(&out, text, strlen(text), width, left, ' ');
            break;
        }
        case '%':
            put(&out, '%');
            break;
        default:
            goto unknown;
        }
    }
    goto done;
unknown:
    put_field(&out, "(?)", 3, 0, 0, ' ');
done:
    va_end(arguments);
    flush(&out);
    return out.total;
}

int puts(const char *text)
{
    guest_write(text, strlen(text));
    guest_write("\n", 1);
    return 0;
}

int putchar(int character)
{
    char text = (char)character;

    guest_write(&text, 1);
    return character;
}

size_t strlen(const char *text)
{
    const char *end = text;

    while (*end != '\0')
        end++;
    return (size_t)(end - text);
}
