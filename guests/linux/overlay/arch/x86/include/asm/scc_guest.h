/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A guest of the SCC hypervisor: the shared page, hypercalls, and what the hooks in other files call.
 *
 * The kernel runs in ring 1. Its interrupt flag is a word of the shared page; the processor's own flag is always set.
 * Guest and hypervisor run on the same core, so an order that the compiler keeps is enough between the words.
 *
 * This is included by headers that everything includes, so it includes nothing but the numbers.
 */
#ifndef _ASM_X86_SCC_GUEST_H
#define _ASM_X86_SCC_GUEST_H

#include <asm/scc_guest_abi.h>

#ifdef CONFIG_SCC_GUEST

/* Address spaces have tags, as with the process identifiers of later processors. */
#define SCC_GUEST_TAG_FEATURE	X86_FEATURE_ALWAYS

#ifndef __ASSEMBLY__

struct desc_struct;

/* A whole page, zero until the hypervisor knows of it. */
extern unsigned char scc_guest_shared[4096];

static __always_inline unsigned int scc_guest_read(unsigned int field)
{
	return *(volatile unsigned int *)(scc_guest_shared + field);
}

static __always_inline void scc_guest_write(unsigned int field, unsigned int value)
{
	*(volatile unsigned int *)(scc_guest_shared + field) = value;
}

/* All registers but EAX come back as they were; memory may have changed. */
static __always_inline unsigned int scc_guest_call(unsigned int number, unsigned int first, unsigned int second,
						   unsigned int third)
{
	unsigned int status;

	asm volatile("int %1"
		     : "=a" (status)
		     : "i" (SCC_GUEST_CALL_VECTOR), "0" (number), "b" (first), "c" (second), "d" (third)
		     : "memory");
	return status;
}

/* The interrupt flag; a macro, because the function that reads it is inline and external, and must call nothing static. */
#define scc_guest_irq_flag	(*(volatile unsigned int *)(scc_guest_shared + SCC_GUEST_SHARED_VIF))

static __always_inline void scc_guest_irq_disable(void)
{
	scc_guest_write(SCC_GUEST_SHARED_VIF, 0);
	asm volatile("" : : : "memory");
}

/* What becomes pending before the flag is set is seen here; what does later is delivered by the hypervisor at once. */
static __always_inline void scc_guest_irq_enable(void)
{
	asm volatile("" : : : "memory");
	scc_guest_write(SCC_GUEST_SHARED_VIF, SCC_GUEST_INTERRUPTS_ON);
	if (scc_guest_read(SCC_GUEST_SHARED_PENDING))
		scc_guest_call(SCC_GUEST_CALL_DELIVER, 0, 0, 0);
}

/* The hypervisor sets the flag and waits as one step, so no interrupt is lost between them. */
static __always_inline void scc_guest_safe_halt(void)
{
	scc_guest_call(SCC_GUEST_CALL_HALT, 1, 0, 0);
}

static __always_inline void scc_guest_halt(void)
{
	scc_guest_call(SCC_GUEST_CALL_HALT, 0, 0, 0);
}

void scc_guest_early_setup(void);
void scc_guest_load_kernel_stack(unsigned long top);
void scc_guest_load_thread_segments(const struct desc_struct *descriptors);
void scc_guest_switch(unsigned long table, unsigned int tag, unsigned int forget);
void scc_guest_forget_everything(void);
void scc_guest_forget_tag(void);
void scc_guest_forget_range(unsigned long first, unsigned long end);

#endif /* __ASSEMBLY__ */

#else /* CONFIG_SCC_GUEST */

#define SCC_GUEST_TAG_FEATURE	X86_FEATURE_PCID

#endif /* CONFIG_SCC_GUEST */
#endif /* _ASM_X86_SCC_GUEST_H */
