/*
 * Messages of growing length between the first two units of execution, every byte checked. UE 0 prints a line for each
 * length,
 *
 *     4096 bytes: 300.123 us there and back
 *
 * in emulated time. The same by put, get and flags comes last.
 */
#include <RCCE.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LONGEST 65536
#define LINE 32

static int check(int status)
{
    if (status != RCCE_SUCCESS) {
        printf("RCCE error %d\n", status);
        exit(status);
    }
    return status;
}

/* Fills a message, or compares one and ends the program if a byte is another one. */
static void fill(unsigned char *message, size_t bytes, unsigned seed)
{
    for (size_t i = 0; i < bytes; i++)
        message[i] = (unsigned char)(seed + i * 7);
}

static void compare(const unsigned char *message, size_t bytes, unsigned seed)
{
    for (size_t i = 0; i < bytes; i++) {
        if (message[i] != (unsigned char)(seed + i * 7)) {
            printf("byte %zu of %zu is %d\n", i, bytes, message[i]);
            exit(100);
        }
    }
}

static void by_messages(int own, unsigned char *message)
{
    for (size_t bytes = 1; bytes <= LONGEST; bytes *= 16) {
        double start = RCCE_wtime();

        if (own == 0) {
            fill(message, bytes, 1);
            check(RCCE_send((char *)message, bytes, 1));
            check(RCCE_recv((char *)message, bytes, 1));
            compare(message, bytes, 2);
            printf("%zu bytes: %.3f us there and back\n", bytes, (RCCE_wtime() - start) * 1e6);
        } else if (own == 1) {
            check(RCCE_recv((char *)message, bytes, 0));
            compare(message, bytes, 1);
            fill(message, bytes, 2);
            check(RCCE_send((char *)message, bytes, 0));
        }
    }
}

static void by_put_and_get(int own, unsigned char *message)
{
    t_vcharp place = RCCE_malloc(LINE);
    RCCE_FLAG there, back;

    check(RCCE_flag_alloc(&there));
    check(RCCE_flag_alloc(&back));
    check(RCCE_barrier(&RCCE_COMM_WORLD));
    if (own == 0) {
        fill(message, LINE, 3);
        check(RCCE_put(place, message, LINE, 1));
        check(RCCE_flag_write(&there, RCCE_FLAG_SET, 1));
        check(RCCE_wait_until(back, RCCE_FLAG_SET));
        check(RCCE_get(message, place, LINE, 1));
        compare(message, LINE, 4);
        puts("put, get and flags: ok");
    } else if (own == 1) {
        check(RCCE_wait_until(there, RCCE_FLAG_SET));
        check(RCCE_get(message, place, LINE, 1));
        compare(message, LINE, 3);
        fill(message, LINE, 4);
        check(RCCE_put(place, message, LINE, 1));
        check(RCCE_flag_write(&back, RCCE_FLAG_SET, 0));
    }
}

int RCCE_APP(int argc, char **argv)
{
    unsigned char *message = malloc(LONGEST);

    check(RCCE_init(&argc, &argv));
    if (message == NULL) {
        puts("no memory");
        return 1;
    }
    by_messages(RCCE_ue(), message);
    by_put_and_get(RCCE_ue(), message);
    check(RCCE_finalize());
    free(message);
    return 0;
}
