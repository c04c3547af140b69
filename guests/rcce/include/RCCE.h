/*
 * RCCE for bare-metal guests: put and get, flags, messages, barriers among the guests of several cores.
 *
 * The names and what they mean are those that Intel published for the SCC ("RCCE: a Small Library for Many-Core
 * Communication", van der Wijngaart and Mattson, 2011); this header and the library behind it are this project's own. A
 * program defines RCCE_APP in place of main and is built by `cargo xtask guest c FILE.c`.
 *
 * Every function returns RCCE_SUCCESS or one of the errors below, unless it says otherwise. Units of execution (UEs) are the
 * guests of the cores that were booted, numbered from 0 by ascending cores.
 */
#ifndef RCCE_H
#define RCCE_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A place in the communication buffer of a UE, the same in each. It is a name for RCCE_put and RCCE_get: it cannot be
 * read or written through the pointer. */
typedef volatile unsigned char *t_vcharp;

/* A flag is a byte of the communication buffer. */
typedef char RCCE_FLAG_STATUS;
typedef struct {
    t_vcharp flag_addr;
} RCCE_FLAG;

#define RCCE_FLAG_UNSET ((RCCE_FLAG_STATUS)0)
#define RCCE_FLAG_SET ((RCCE_FLAG_STATUS)1)

/* Only the group of all UEs exists. */
typedef struct {
    int size;
} RCCE_COMM;
extern RCCE_COMM RCCE_COMM_WORLD;

enum {
    RCCE_SUCCESS = 0,
    /* RCCE_init was not called, or there is no group: boot at least two cores. */
    RCCE_ERROR_NOT_INITIALIZED = 1,
    /* No such UE, or oneself where another one is needed. */
    RCCE_ERROR_ID = 2,
    /* A place that is not in the communication buffer, or not wholly. */
    RCCE_ERROR_COMM_BUFFER = 3,
    /* Private memory that the guest does not have. */
    RCCE_ERROR_PRIVATE_MEMORY = 4,
    /* Sender and receiver name different lengths. */
    RCCE_ERROR_MESSAGE_LENGTH = 5,
    /* Another group than that of all UEs. */
    RCCE_ERROR_COMM = 6,
    /* The other UE's core has died. */
    RCCE_ERROR_UE_DOWN = 7
};

/* Bytes of the communication buffer of a UE, flags included. */
#define RCCE_BUFF_SIZE 512

/* Joins the group and waits until all UEs have. */
int RCCE_init(int *argc, char ***argv);
/* Waits until all UEs have come here. */
int RCCE_finalize(void);

/* The number of UEs, the own number, and seconds since the core was started. */
int RCCE_num_ues(void);
int RCCE_ue(void);
double RCCE_wtime(void);

/* Sets bytes of the communication buffer aside, in every UE if every UE makes the same calls in the same order; NULL if
 * there are not as many. Multiples of 32. They are given back in the opposite order, or not at all. */
t_vcharp RCCE_malloc(size_t bytes);
void RCCE_free(t_vcharp place);

/* Copies from private memory into the communication buffer of a UE, and back. */
int RCCE_put(t_vcharp target, t_vcharp source, int bytes, int ue);
int RCCE_get(t_vcharp target, t_vcharp source, int bytes, int ue);

/* Flags: all UEs allocate them in the same order. A new one is unset. RCCE_wait_until looks at the own one. */
int RCCE_flag_alloc(RCCE_FLAG *flag);
int RCCE_flag_free(RCCE_FLAG *flag);
int RCCE_flag_write(RCCE_FLAG *flag, RCCE_FLAG_STATUS value, int ue);
int RCCE_flag_read(RCCE_FLAG flag, RCCE_FLAG_STATUS *value, int ue);
int RCCE_wait_until(RCCE_FLAG flag, RCCE_FLAG_STATUS value);

/* Sends any number of bytes to another UE, which receives as many. Returns when the other one has them. */
int RCCE_send(char *message, size_t bytes, int ue);
int RCCE_recv(char *message, size_t bytes, int ue);

/* Waits for all UEs. */
int RCCE_barrier(RCCE_COMM *comm);

/* The program. argv[0] is "guest". */
int RCCE_APP(int argc, char **argv);

#ifdef __cplusplus
}
#endif

#endif /* RCCE_H */
