// SPDX-License-Identifier: GPL-2.0-only
/*
 * What an operation of Linux takes: exits to the hypervisor, by /proc/scc, and cycles. Each is done in several rounds, of
 * which the least counts: a tick of the timer in between belongs to none. It prints two lines for each,
 *
 *	figure pipe-ping-pong 2.00
 *	cycles pipe-ping-pong 8336
 *
 * the first one below the hypervisor only.
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

	if (pipe(there) || pipe(back) || (partner = fork()) < 0)
		die("partner");
	if (partner)
		return partner;
	close(there[1]);
	while (read(there[0], &byte, 1) == 1)
		if (write(back[1], &byte, 1) != 1)
			break;
	_exit(0);
}

static void wait_for(pid_t child)
{
	int status;

	if (child < 0 || waitpid(child, &status, 0) != child || status)
		die("child");
}

static void fork_and_exit(int count)
{
	while (count--) {
		pid_t child = fork();

		if (!child)
			_exit(0);
		wait_for(child);
	}
}

static void fork_and_execute(int count)
{
	while (count--) {
		pid_t child = fork();

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

int main(void)
{
	pid_t partner;

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
	return 0;
}
