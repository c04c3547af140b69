/* What RCCE's calls answer to arguments that they cannot use; unit 0 prints, unit 1 receives too little. */
#include <RCCE.h>
#include <stdio.h>
#include <stdlib.h>

#define MEGABYTES 4

int RCCE_APP(int argc, char **argv)
{
    static unsigned char bytes[64];
    /* Not a literal, so that the compiler does not look into it. */
    const char *format = "printf: %d|%4d|%03d|%x|%-5s|%%|%.3f|%q\n";
    t_vcharp place = RCCE_malloc(64);
    int before = RCCE_put(place, bytes, 1, 0);
    RCCE_COMM other = { .size = 1 };

    RCCE_init(&argc, &argv);
    if (RCCE_ue() == 1) {
        RCCE_recv((char *)bytes, 16, 0);
        return RCCE_finalize();
    }
    printf("before init: %d\n", before);
    printf("put outside the buffer: %d\n", RCCE_put(place, bytes, RCCE_BUFF_SIZE + 1, 1));
    printf("put to no such unit: %d\n", RCCE_put(place, bytes, 1, 2));
    printf("send to oneself: %d\n", RCCE_send((char *)bytes, 1, 0));
    printf("get into memory that is not there: %d\n", RCCE_get((t_vcharp)(MEGABYTES << 20), place, 8, 1));
    printf("longer message than receiver: %d\n", RCCE_send((char *)bytes, 17, 1));
    printf("barrier of another group: %d\n", RCCE_barrier(&other));
    printf("malloc of too much: %s\n", malloc(MEGABYTES << 20) == NULL ? "null" : "not null");
    printf(format, -42, -7, 7, 255u, "text", 2.5);
    RCCE_finalize();
    return 7;
}
