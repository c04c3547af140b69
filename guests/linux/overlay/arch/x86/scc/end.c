// SPDX-License-Identifier: GPL-2.0-only
/*
 * How the guest ends: powered off, to be started again, or broken.
 */
#include <linux/init.h>
#include <linux/limits.h>
#include <linux/notifier.h>
#include <linux/panic.h>
#include <linux/panic_notifier.h>
#include <linux/pm.h>

#include <asm/reboot.h>
#include <asm/scc_guest.h>

#include "scc.h"

static void end(unsigned int reason)
{
	scc_guest_call(SCC_GUEST_CALL_END, reason, 0, 0);
}

static void scc_power_off(void)
{
	end(SCC_GUEST_END_POWER_OFF);
}

static void scc_restart(char *command)
{
	end(SCC_GUEST_END_REBOOT);
}

static void scc_emergency_restart(void)
{
	end(SCC_GUEST_END_REBOOT);
}

/* A time after which to restart is for the kernel to wait out; without one, the hypervisor hears of the panic. */
static int scc_panic(struct notifier_block *block, unsigned long event, void *message)
{
	if (!panic_timeout)
		end(SCC_GUEST_END_PANIC);
	return NOTIFY_DONE;
}

static struct notifier_block scc_panic_block = {
	.notifier_call = scc_panic,
	.priority = INT_MIN,
};

void __init scc_guest_end_setup(void)
{
	/* Without a handler Linux halts where a program asks for the power to be turned off. */
	pm_power_off = scc_power_off;
	machine_ops.halt = scc_power_off;
	machine_ops.restart = scc_restart;
	machine_ops.emergency_restart = scc_emergency_restart;
	atomic_notifier_chain_register(&panic_notifier_list, &scc_panic_block);
}
