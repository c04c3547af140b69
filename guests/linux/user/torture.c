// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a kernel must answer in the same way on a processor of its own and below the hypervisor. Each case is a process of
 * its own and prints a line: its name, and the signal that ended it with the exception and its error code, or how it ended
 * otherwise. With the word "alignment" or "storm" there is one case only, which not every machine can do.
 */
#define _GNU_SOURCE
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

#define PAGE 4096
#define NESTED 0x4000	/* EFLAGS.NT */
#define IOPL 0x3000	/* EFLAGS.IOPL */
#define ENABLED 0x200	/* EFLAGS.IF */
#define ALIGNMENT 0x40000	/* EFLAGS.AC */

static char alternate_stack[16 * 1024];

static void say(const char *format, long first, long second, long third)
{
	char text[128];
	int length = snprintf(text, sizeof(text), format, first, second, third);

	if (write(1, text, length) != length)
		_exit(9);
}

static void report(int number, siginfo_t *info, void *context)
{
	greg_t *registers = ((ucontext_t *)context)->uc_mcontext.gregs;

	/* Or the handler would fault as well: the flag stays as the case has left it. */
	__asm__ volatile("pushfl; andl %0, 0(%%esp); popfl" : : "i" (~ALIGNMENT) : "memory", "cc");
	say("signal %ld exception %ld error %#lx\n", number, registers[REG_TRAPNO], registers[REG_ERR]);
	_exit(0);
}

static void on_signal(int number, void (*handler)(int, siginfo_t *, void *))
{
	struct sigaction action = { .sa_sigaction = handler, .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER };

	if (sigaction(number, &action, NULL))
		_exit(8);
}

/* Runs a case in a child, which says how it ends unless it returns. */
static void run(const char *name, void (*work)(long), long argument)
{
	static const int signals[] = { SIGSEGV, SIGILL, SIGTRAP, SIGFPE, SIGBUS, SIGSYS };
	stack_t stack = { .ss_sp = alternate_stack, .ss_size = sizeof(alternate_stack) };
	unsigned int index;
	int status;
	pid_t child;

	printf("%s: ", name);
	fflush(stdout);
	child = fork();
	if (!child) {
		sigaltstack(&stack, NULL);
		for (index = 0; index < sizeof(signals) / sizeof(*signals); index++)
			on_signal(signals[index], report);
		work(argument);
		say("done\n", 0, 0, 0);
		_exit(0);
	}
	if (child < 0 || waitpid(child, &status, 0) != child)
		exit(1);
	if (status)
		printf("status %#x\n", status);
}

/* Instructions, most of which ring 3 may not execute. */
#define INSTRUCTION(name, text) static void name(long unused) { __asm__ volatile(text : : : "memory"); }
INSTRUCTION(halt, "hlt")
INSTRUCTION(clear_interrupts, "cli")
INSTRUCTION(set_interrupts, "sti")
INSTRUCTION(in_port, "inb $0x80, %%al")
INSTRUCTION(out_port, "outb %%al, $0x80")
INSTRUCTION(load_global_table, "lgdt 0(%%esp)")
INSTRUCTION(load_interrupt_table, "lidt 0(%%esp)")
INSTRUCTION(load_local_table, "xorl %%eax, %%eax; lldt %%ax")
INSTRUCTION(load_task, "movl $0x80, %%eax; ltr %%ax")
INSTRUCTION(write_control, "movl %%eax, %%cr0")
INSTRUCTION(read_control, "movl %%cr3, %%eax")
INSTRUCTION(read_debug, "movl %%db7, %%eax")
INSTRUCTION(clear_task_switched, "clts")
INSTRUCTION(invalidate_page, "invlpg 0(%%esp)")
INSTRUCTION(write_back, "wbinvd")
INSTRUCTION(read_specific, "xorl %%ecx, %%ecx; rdmsr")
INSTRUCTION(load_status, "xorl %%eax, %%eax; lmsw %%ax")
INSTRUCTION(call_vector, "int $0x82")
INSTRUCTION(return_vector, "int $0x83")
INSTRUCTION(interrupt_14, "int $14")
INSTRUCTION(interrupt_8, "int $8")
INSTRUCTION(interrupt_2, "int $2")
INSTRUCTION(interrupt_1, "int $1")
INSTRUCTION(interrupt_30, "int $0x30")
INSTRUCTION(interrupt_ff, "int $0xff")
INSTRUCTION(breakpoint, "int3")
INSTRUCTION(overflow, "movb $0x7f, %%al; addb $1, %%al; into")
INSTRUCTION(invalid, "ud2")
INSTRUCTION(divide, "xorl %%ecx, %%ecx; movl $1, %%eax; cltd; idivl %%ecx")
INSTRUCTION(nested_return, "pushfl; orl $0x4000, 0(%%esp); popfl; iret")
INSTRUCTION(kernel_data, "movl $0x69, %%eax; movl %%eax, %%ds")
INSTRUCTION(kernel_code, "ljmp $0x61, $0x1000")
INSTRUCTION(task_gate, "ljmp $0x80, $0")

static void bound(long unused)
{
	int limits[2] = { 1, 2 };

	__asm__ volatile("boundl %0, %1" : : "r" (3), "m" (limits));
}

static void load_selector(long selector)
{
	__asm__ volatile("movl %0, %%fs" : : "r" (selector));
}

static void unknown_call(long number)
{
	long result;

	__asm__ volatile("int $0x80" : "=a" (result) : "0" (number) : "memory");
	say("result %ld\n", result, 0, 0);
	_exit(0);
}

/* Memory that is not the program's. */
static void read_at(long address)
{
	*(volatile char *)address;
}

static void write_at(long address)
{
	*(volatile char *)address = 1;
}

static void execute_at(long address)
{
	((void (*)(void))address)();
}

static int deeper(int depth)
{
	volatile char frame[1024];

	frame[0] = depth;
	return deeper(depth + 1) + frame[0];
}

static void overflow_stack(long bytes)
{
	struct rlimit limit = { bytes, bytes };

	setrlimit(RLIMIT_STACK, &limit);
	deeper(0);
}

/* Flags. */
static unsigned long exchange_flags(unsigned long set)
{
	unsigned long flags;

	__asm__ volatile("pushfl; orl %1, 0(%%esp); popfl; pushfl; popl %0" : "=r" (flags) : "r" (set) : "memory", "cc");
	return flags;
}

static void flags(long set)
{
	unsigned long found = exchange_flags(set);

	say("nested %ld, level %ld, interrupts %ld\n", !!(found & NESTED), (found & IOPL) >> 12, !!(found & ENABLED));
	getppid();
	_exit(!(exchange_flags(0) & ENABLED));
}

static volatile int steps;

static void step(int number, siginfo_t *info, void *context)
{
	steps++;
}

static void single_step(long unused)
{
	on_signal(SIGTRAP, step);
	__asm__ volatile("pushfl; orl $0x100, 0(%%esp); popfl; nop; nop; nop; pushfl; andl $~0x100, 0(%%esp); popfl; nop"
			 : : : "memory", "cc");
	say("steps %ld\n", steps, 0, 0);
	_exit(0);
}

/* A step goes over a system call as over any other instruction. */
static void step_over_call(long unused)
{
	long result = 20;	/* getpid */

	on_signal(SIGTRAP, step);
	__asm__ volatile("pushfl; orl $0x100, 0(%%esp); popfl; int $0x80; nop; pushfl; andl $~0x100, 0(%%esp); popfl; nop"
			 : "+a" (result) : : "memory", "cc");
	say("steps %ld, right answer %ld\n", steps, result == getpid(), 0);
	_exit(0);
}

static void traced(long count)
{
	long done = 0;
	int status;
	pid_t child = fork();

	if (!child) {
		ptrace(PTRACE_TRACEME, 0, 0, 0);
		raise(SIGSTOP);
		__asm__ volatile("movl $100, %%ecx; 1: loop 1b" : : : "ecx");
		_exit(5);
	}
	waitpid(child, &status, 0);
	while (done < count && WIFSTOPPED(status)) {
		ptrace(PTRACE_SINGLESTEP, child, 0, 0);
		waitpid(child, &status, 0);
		done += WIFSTOPPED(status) && WSTOPSIG(status) == SIGTRAP;
	}
	ptrace(PTRACE_CONT, child, 0, 0);
	waitpid(child, &status, 0);
	say("steps %ld, status %#lx\n", done, status, 0);
	_exit(0);
}

/* Returns from a signal to selectors that nobody may have. */
static int which_register;
static long selector;

static void spoil(int number, siginfo_t *info, void *context)
{
	((ucontext_t *)context)->uc_mcontext.gregs[which_register] = selector;
	signal(SIGUSR1, SIG_DFL);
}

static void prepare_return(int which, long value)
{
	which_register = which;
	selector = value;
	on_signal(SIGUSR1, spoil);
}

static void say_selector(long found)
{
	say("selector %#lx\n", found & 0xffff, 0, 0);
	_exit(0);
}

static void return_to_code(long value)
{
	prepare_return(REG_CS, value);
	raise(SIGUSR1);
}

static void return_to_stack(long value)
{
	prepare_return(REG_SS, value);
	raise(SIGUSR1);
}

static void return_to_data(long value)
{
	long status = SYS_kill, found;

	prepare_return(REG_DS, value);
	/* Without a data segment there is not much that a program can do. */
	__asm__ volatile("int $0x80; movl %%ds, %1; movl %2, %%ds"
			 : "+a" (status), "=&d" (found) : "S" (0x7b), "b" (getpid()), "c" (SIGUSR1) : "memory");
	say_selector(found);
}

static void return_to_thread(long value)
{
	long found;

	prepare_return(REG_FS, value);
	raise(SIGUSR1);
	__asm__ volatile("movl %%fs, %0" : "=r" (found));
	say_selector(found);
}

/* The floating-point unit. */
static void unmasked_error(long unused)
{
	unsigned short control = 0x037b;

	__asm__ volatile("fldcw %0; fld1; fldz; fdivrp; fwait" : : "m" (control));
}

static void alternate(long processes)
{
	int status, wrong = 0;
	long number, step;

	for (number = 0; number < processes; number++) {
		if (fork())
			continue;
		double sum = 0;

		/* The sum stays in the unit while another process has it. */
		for (step = 0; step < 200; step++) {
			long result = SYS_sched_yield;

			sum += number + 1;
			__asm__ volatile("int $0x80" : "+a" (result), "+t" (sum) : : "memory");
		}
		_exit(sum != 200 * (number + 1));
	}
	while (wait(&status) > 0)
		wrong += !!status;
	say("wrong %ld of %ld\n", wrong, processes, 0);
	_exit(0);
}

/* Interrupts at any place of the program and of its calls. The timer of a PC without a local APIC is too slow for it. */
static volatile long alarms;

/* The delay moves the place of the next one: timer and program would keep step otherwise. */
static void count_alarm(int number)
{
	volatile long delay = alarms++ * 7 % 509;

	while (delay--)
		;
}

static void storm(long count)
{
	static const struct itimerval every = { { 0, 50 }, { 0, 50 } }, never;
	pid_t own = getpid();
	long wrong = 0;

	signal(SIGALRM, count_alarm);
	setitimer(ITIMER_REAL, &every, NULL);
	while (alarms < count) {
		wrong += syscall(SYS_getpid) != own;
		wrong += !(exchange_flags(0) & ENABLED);
	}
	setitimer(ITIMER_REAL, &never, NULL);
	say("wrong %ld\n", wrong, 0, 0);
	_exit(0);
}

/* Memory that several processes see, and that changes under them. */
static void copy_on_write(long processes)
{
	int status, wrong = 0;
	volatile int *memory = mmap(NULL, 16 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	long number, page;

	for (page = 0; page < 16; page++)
		memory[page * PAGE / 4] = page;
	for (number = 1; number <= processes; number++) {
		if (fork())
			continue;
		for (page = 0; page < 16; page++)
			memory[page * PAGE / 4] += 100 * number;
		sched_yield();
		for (page = 0; page < 16; page++)
			wrong += memory[page * PAGE / 4] != page + 100 * number;
		_exit(!!wrong);
	}
	while (wait(&status) > 0)
		wrong += !!status;
	for (page = 0; page < 16; page++)
		wrong += memory[page * PAGE / 4] != page;
	say("wrong %ld\n", wrong, 0, 0);
	_exit(0);
}

static void remap(long times)
{
	char *memory = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	long number, wrong = 0;

	for (number = 1; number <= times; number++) {
		wrong += *(volatile char *)memory != 0;
		*memory = number;
		if (mmap(memory, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) != memory)
			_exit(1);
	}
	say("wrong %ld\n", wrong, 0, 0);
	_exit(0);
}

static volatile long faults;
static char *protected_page;

static void allow(int number, siginfo_t *info, void *context)
{
	faults++;
	mprotect(protected_page, PAGE, PROT_READ | PROT_WRITE);
}

static void protect(long times)
{
	protected_page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	on_signal(SIGSEGV, allow);
	while (times--) {
		*protected_page = 1;
		mprotect(protected_page, PAGE, PROT_READ);
		*protected_page = 2;
	}
	say("faults %ld\n", faults, 0, 0);
	_exit(0);
}

/* Only a processor that checks alignment answers this one as it should, which QEMU does not emulate. */
static void misaligned(long unused)
{
	static int words[2];

	exchange_flags(ALIGNMENT);
	*(volatile int *)((char *)words + 1) = 1;
}

int main(int count, char **words)
{
	static const struct {
		const char *name;
		void (*work)(long);
		long argument;
	} cases[] = {
		{ "hlt", halt }, { "cli", clear_interrupts }, { "sti", set_interrupts }, { "in", in_port },
		{ "out", out_port }, { "lgdt", load_global_table }, { "lidt", load_interrupt_table },
		{ "lldt", load_local_table }, { "ltr", load_task }, { "mov to cr0", write_control },
		{ "mov from cr3", read_control }, { "mov from dr7", read_debug }, { "clts", clear_task_switched },
		{ "invlpg", invalidate_page }, { "wbinvd", write_back }, { "rdmsr", read_specific },
		{ "lmsw", load_status },
		{ "int 0x82", call_vector }, { "int 0x83", return_vector }, { "int 14", interrupt_14 },
		{ "int 8", interrupt_8 }, { "int 2", interrupt_2 }, { "int 1", interrupt_1 }, { "int 0x30", interrupt_30 },
		{ "int 0xff", interrupt_ff }, { "int3", breakpoint }, { "into", overflow }, { "bound", bound },
		{ "ud2", invalid }, { "division by 0", divide },
		{ "iret with NT", nested_return }, { "kernel data in DS", kernel_data },
		{ "jump to kernel code", kernel_code }, { "jump to a task", task_gate },
		{ "FS null", load_selector, 3 }, { "FS without a slot", load_selector, 0x103 },
		{ "FS of a free slot", load_selector, 0x3b }, { "FS of slot 1", load_selector, 0x0b },
		{ "FS in a local table", load_selector, 0x0f },
		{ "unknown call", unknown_call, 5000 }, { "call -1", unknown_call, -1 },
		{ "read of 0", read_at, 0 }, { "write to 0", write_at, 0 }, { "jump to 0", execute_at, 0 },
		{ "read of the kernel", read_at, 0xc0100000 }, { "write to the kernel", write_at, 0xc0100000 },
		{ "jump to the kernel", execute_at, 0xc0100000 }, { "read of the hole", read_at, 0xf0000000 },
		{ "write to the hole", write_at, 0xf0001000 }, { "jump to the hole", execute_at, 0xf0001000 },
		{ "read of the last page", read_at, 0xfffff000 },
		{ "stack of 64 KB", overflow_stack, 64 << 10 },
		{ "IOPL", flags, IOPL }, { "NT", flags, NESTED },
		{ "single steps", single_step }, { "step over a call", step_over_call }, { "traced", traced, 80 },
		{ "CS null", return_to_code, 0 }, { "CS of the kernel", return_to_code, 0x61 },
		{ "CS of slot 1", return_to_code, 8 }, { "CS of data", return_to_code, 0x7b },
		{ "CS beyond the table", return_to_code, 0xfff3 },
		{ "SS null", return_to_stack, 0 }, { "SS of the kernel", return_to_stack, 0x69 },
		{ "SS of code", return_to_stack, 0x73 }, { "SS beyond the table", return_to_stack, 0xfff3 },
		{ "DS of the kernel", return_to_data, 0x69 }, { "DS null", return_to_data, 0 },
		{ "DS beyond the table", return_to_data, 0xfff3 }, { "FS of the kernel", return_to_thread, 0x69 },
		{ "FS beyond the table", return_to_thread, 0xfff3 },
		{ "unmasked error", unmasked_error }, { "four with the FPU", alternate, 4 },
		{ "copy on write", copy_on_write, 20 }, { "remaps", remap, 30 }, { "protection", protect, 10 },
	};
	unsigned int index;

	if (count > 1 && !strcmp(words[1], "alignment")) {
		run("misaligned", misaligned, 0);
		return 0;
	}
	if (count > 1 && !strcmp(words[1], "storm")) {
		run("storm of timers", storm, 2000);
		return 0;
	}
	for (index = 0; index < sizeof(cases) / sizeof(*cases); index++)
		run(cases[index].name, cases[index].work, cases[index].argument);
	return 0;
}
