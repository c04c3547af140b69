/*
 * A number goes around the ring of all units of execution, and every one adds its own:
 *
 *     UE 0 of 4: the ring's sum is 6
 *
 * Run it: cargo xtask guest c guests/rcce/examples/ring.c
 *         cargo run -- boot --cores 0-3 --guest target/xtask/c/ring
 */
#include <RCCE.h>
#include <stdio.h>

int RCCE_APP(int argc, char **argv)
{
    int own, all, sum = 0;

    RCCE_init(&argc, &argv);
    own = RCCE_ue();
    all = RCCE_num_ues();
    if (own > 0)
        RCCE_recv((char *)&sum, sizeof(sum), own - 1);
    sum += own;
    if (own < all - 1)
        RCCE_send((char *)&sum, sizeof(sum), own + 1);
    else
        RCCE_send((char *)&sum, sizeof(sum), 0);
    if (own == 0) {
        RCCE_recv((char *)&sum, sizeof(sum), all - 1);
        printf("UE %d of %d: the ring's sum is %d\n", own, all, sum);
    }
    return RCCE_finalize();
}
