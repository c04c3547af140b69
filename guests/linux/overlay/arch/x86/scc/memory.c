// SPDX-License-Identifier: GPL-2.0-only
/*
 * Address spaces and segments. The hypervisor remembers translations under a tag for each of the few address spaces that
 * mm/tlb.c keeps; that file's own bookkeeping says when they are still good. The statuses are not looked at where only a
 * bug of this kernel could make a call fail: the hypervisor ends a guest that goes on with what it was refused.
 */
#include <linux/build_bug.h>
#include <linux/pgtable.h>
#include <linux/string.h>

#include <asm/desc_defs.h>
#include <asm/page.h>
#include <asm/scc_guest.h>
#include <asm/segment.h>
#include <asm/tlbflush.h>

static_assert(TLB_NR_DYN_ASIDS <= SCC_GUEST_TAGS);

void scc_guest_switch(unsigned long table, unsigned int tag, unsigned int forget)
{
	scc_guest_call(SCC_GUEST_CALL_SWITCH, table, tag, forget);
}

void scc_guest_forget_everything(void)
{
	scc_guest_call(SCC_GUEST_CALL_FORGET, SCC_GUEST_FORGET_EVERYTHING, 0, 0);
}

void scc_guest_forget_tag(void)
{
	scc_guest_call(SCC_GUEST_CALL_FORGET, SCC_GUEST_FORGET_TAG, 0, 0);
}

void scc_guest_forget_range(unsigned long first, unsigned long end)
{
	scc_guest_call(SCC_GUEST_CALL_FORGET, SCC_GUEST_FORGET_RANGE, first, end - 1);
}

void scc_guest_load_kernel_stack(unsigned long top)
{
	scc_guest_call(SCC_GUEST_CALL_KERNEL_STACK, top, 0, 0);
}

/* Most programs have the same thread segments, or none: the last ones are remembered to spare the call. */
void scc_guest_load_thread_segments(const struct desc_struct *descriptors)
{
	static struct desc_struct loaded[GDT_ENTRY_TLS_ENTRIES];

	if (!memcmp(loaded, descriptors, sizeof(loaded)))
		return;
	memcpy(loaded, descriptors, sizeof(loaded));
	scc_guest_call(SCC_GUEST_CALL_THREAD_SEGMENTS, (unsigned long)loaded, 0, 0);
}
