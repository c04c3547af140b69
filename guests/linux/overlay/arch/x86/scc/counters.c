// SPDX-License-Identifier: GPL-2.0-only
/*
 * /proc/scc: what the hypervisor has done for this kernel, a line for each counter. Reading one takes a call.
 */
#include <linux/init.h>
#include <linux/kernel.h>
#include <linux/proc_fs.h>
#include <linux/seq_file.h>

#include <asm/scc_guest.h>

static const struct {
	const char *name;
	unsigned int number;
} counters[] = {
	{ "exits", SCC_GUEST_COUNTER_EXITS },
	{ "instructions", SCC_GUEST_COUNTER_INSTRUCTIONS },
	{ "fills", SCC_GUEST_COUNTER_FILLS },
	{ "faults", SCC_GUEST_COUNTER_FAULTS },
	{ "interrupts", SCC_GUEST_COUNTER_INTERRUPTS },
	{ "tables", SCC_GUEST_COUNTER_TABLES },
	{ "returns", SCC_GUEST_COUNTER_RETURNS },
};

/* A hypervisor that does not count leaves the file empty. */
static int scc_counters_show(struct seq_file *file, void *unused)
{
	int index;

	for (index = 0; index < ARRAY_SIZE(counters); index++) {
		unsigned int status = scc_guest_call(SCC_GUEST_CALL_COUNT, counters[index].number, 0, 0);

		if (status < SCC_GUEST_FIRST_ERROR)
			seq_printf(file, "%s %u\n", counters[index].name, status);
	}
	return 0;
}

static int __init scc_counters_init(void)
{
	return proc_create_single("scc", 0444, NULL, scc_counters_show) ? 0 : -ENOMEM;
}
device_initcall(scc_counters_init);
