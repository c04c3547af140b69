// SPDX-License-Identifier: GPL-2.0-only
/*
 * What an operation of Linux takes: exits to the hypervisor, by /proc/scc, and cycles. Each is done in several rounds, of
 * which the least counts: a tick of the timer in between belongs to none. It prints two lines for each,
 *
 *	figure pipe-ping-pong 2.00
 *	cycles pipe-ping-pong 8336
 *
 * the first one below the hypervisor only. With the word "switches" it is about switches between processes instead, each
 * of which sums up memory of its own when it has the processor. What the sums and the pipes take is deducted:
 *
 *	switch processes=8 kilobytes=16 cycles=9120
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define ROUNDS 5
#define PAGE 4096
#define FRESH_PAGES 256

static int counters = -1;

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static unsigned long long cycles(void)
{
	unsigned int low, high;

	__asm__ volatile("rdtsc" : "=a" (low), "=d" (high));
	return (unsigned long long)high << 32 | low;
}

/* The first counter of the file. */
static long exits(void)
{
	char text[256];
	ssize_t length;

	if (counters < 0)
		return 0;
	if (lseek(counters, 0, SEEK_SET) < 0 || (length = read(counters, text, sizeof(text) - 1)) <= 0)
		die("/proc/scc");
	text[length] = 0;
	return strtol(text + strlen("exits "), NULL, 10);
}

static void get_parent(int count)
{
	while (count--)
		syscall(SYS_getppid);
}

static void yield(int count)
{
	while (count--)
		sched_yield();
}

/* A process like this one, which gets 0. */
static pid_t start(void)
{
	pid_t child = fork();

	if (child < 0)
		die("fork");
	return child;
}

static int there[2], back[2];

/* A byte to another process and back, which is two switches. */
static void ping_pong(int count)
{
	char byte = 0;

	while (count--)
		if (write(there[1], &byte, 1) != 1 || read(back[0], &byte, 1) != 1)
			die("pipe");
}

static pid_t start_partner(void)
{
	pid_t partner;
	char byte;

	if (pipe(there) || pipe(back))
		die("partner");
	partner = start();
	if (partner)
		return partner;
	close(there[1]);
	while (read(there[0], &byte, 1) == 1)
		if (write(back[1], &byte, 1) != 1)
			break;
	_exit(0);
}

/* For one process, or with -1 for any. */
static void wait_for(pid_t child)
{
	int status;

	if (waitpid(child, &status, 0) < 0 || status)
		die("child");
}

static void fork_and_exit(int count)
{
	while (count--) {
		pid_t child = start();

		if (!child)
			_exit(0);
		wait_for(child);
	}
}

static void fork_and_execute(int count)
{
	while (count--) {
		pid_t child = start();

		if (!child) {
			execl("/bin/busybox", "true", (char *)NULL);
			_exit(1);
		}
		wait_for(child);
	}
}

/* One for each page: fresh memory is mapped, touched and given back. */
static void touch(int count)
{
	for (; count > 0; count -= FRESH_PAGES) {
		char *memory = mmap(NULL, FRESH_PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		int page;

		if (memory == MAP_FAILED)
			die("mmap");
		for (page = 0; page < FRESH_PAGES; page++)
			memory[page * PAGE] = 1;
		munmap(memory, FRESH_PAGES * PAGE);
	}
}

static int file;

/* A page of a file in memory. */
static void read_file(int count)
{
	static char page[PAGE];

	while (count--)
		if (pread(file, page, PAGE, 0) != PAGE)
			die("file");
}

#define PROCESSES_MAX 16
#define KILOBYTES_MAX 64
#define TURNS 20

static volatile unsigned int memory[KILOBYTES_MAX * 1024 / 4];
static unsigned int sum;

static void sum_up(int kilobytes)
{
	int index;

	for (index = 0; index < kilobytes * 1024 / 4; index++)
		sum += memory[index];
}

/* Takes the byte from one pipe, sums up, and puts it into the other; false at the end of the first. */
static int hand_on(const int *from, const int *to, int kilobytes)
{
	char byte;

	if (read(from[0], &byte, 1) != 1)
		return 0;
	sum_up(kilobytes);
	if (write(to[1], &byte, 1) != 1)
		die("pipe");
	return 1;
}

/* Gives this process pages of its own. */
static void own_memory(int kilobytes)
{
	int index;

	for (index = 0; index < kilobytes * 1024 / 4; index += PAGE / 4)
		memory[index] = index;
}

/* The byte goes round once: through all pipes by this process alone, or by the process behind each. */
static void go_round(int (*pipes)[2], int processes, int kilobytes, int alone)
{
	char byte = 0;
	int number;

	if (alone) {
		if (write(pipes[0][1], &byte, 1) != 1)
			die("pipe");
		for (number = 0; number < processes - 1; number++)
			hand_on(pipes[number], pipes[number + 1], kilobytes);
	} else if (write(pipes[1][1], &byte, 1) != 1) {
		die("pipe");
	}
	if (read(pipes[alone ? processes - 1 : 0][0], &byte, 1) != 1)
		die("pipe");
	sum_up(kilobytes);
}

/* Cycles of a turn, the least of several. */
static unsigned long long turn(int (*pipes)[2], int processes, int kilobytes, int alone)
{
	unsigned long long least = ~0ULL;
	int number;

	for (number = 0; number < TURNS; number++) {
		unsigned long long start = cycles(), taken;

		go_round(pipes, processes, kilobytes, alone);
		taken = cycles() - start;
		if (taken < least)
			least = taken;
	}
	return least;
}

static void measure_switches(int processes, int kilobytes)
{
	int pipes[PROCESSES_MAX][2], number, other;
	unsigned long long alone, all;

	for (number = 0; number < processes; number++)
		if (pipe(pipes[number]))
			die("pipe");
	own_memory(kilobytes);
	alone = turn(pipes, processes, kilobytes, 1);
	for (number = 1; number < processes; number++) {
		const int *to = pipes[(number + 1) % processes];

		if (start())
			continue;
		for (other = 0; other < processes; other++)
			if (pipes[other] != to)
				close(pipes[other][1]);
		own_memory(kilobytes);
		while (hand_on(pipes[number], to, kilobytes))
			;
		_exit(0);
	}
	all = turn(pipes, processes, kilobytes, 0);
	/* Each process ends when the one before has, and this one is the first. */
	for (number = 0; number < processes; number++) {
		close(pipes[number][0]);
		close(pipes[number][1]);
	}
	for (number = 1; number < processes; number++)
		wait_for(-1);
	printf("switch processes=%d kilobytes=%d cycles=%llu\n", processes, kilobytes,
	       all > alone ? (all - alone) / processes : 0);
}

static void measure(const char *name, void (*work)(int), int count)
{
	unsigned long long least_cycles = ~0ULL;
	long least_exits = -1;
	int round;

	for (round = 0; round < ROUNDS; round++) {
		/* Reading the counters takes exits itself. */
		long first = exits(), second = exits(), taken;
		unsigned long long start = cycles(), time;

		work(count);
		time = cycles() - start;
		taken = exits() - second - (second - first);
		if (least_exits < 0 || taken < least_exits)
			least_exits = taken < 0 ? 0 : taken;
		if (time < least_cycles)
			least_cycles = time;
	}
	if (counters >= 0)
		printf("figure %s %ld.%02ld\n", name, least_exits / count, least_exits % count * 100 / count);
	printf("cycles %s %llu\n", name, least_cycles / count);
}

int main(int count, char **words)
{
	pid_t partner;

	if (count > 1 && !strcmp(words[1], "switches")) {
		int processes, kilobytes;

		for (kilobytes = 0; kilobytes <= KILOBYTES_MAX; kilobytes = kilobytes ? 4 * kilobytes : 4)
			for (processes = 2; processes <= PROCESSES_MAX; processes *= 2)
				measure_switches(processes, kilobytes);
		return 0;
	}
	counters = open("/proc/scc", O_RDONLY | O_CLOEXEC);
	measure("getppid", get_parent, 1000);
	measure("sched-yield", yield, 1000);
	partner = start_partner();
	measure("pipe-ping-pong", ping_pong, 200);
	close(there[1]);
	wait_for(partner);
	measure("fork-exit-wait", fork_and_exit, 20);
	measure("fork-exec-wait", fork_and_execute, 10);
	measure("fresh-page", touch, FRESH_PAGES);
	file = open("/bin/busybox", O_RDONLY | O_CLOEXEC);
	measure("file-read", read_file, 200);
	return 0;
}
