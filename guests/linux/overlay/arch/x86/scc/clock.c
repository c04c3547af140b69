// SPDX-License-Identifier: GPL-2.0-only
/*
 * Time: the time stamp counter, read as it is, and the hypervisor's one-shot timer.
 */
#include <linux/clockchips.h>
#include <linux/errno.h>
#include <linux/init.h>
#include <linux/interrupt.h>
#include <linux/math64.h>
#include <linux/panic.h>
#include <linux/time64.h>

#include <asm/scc_guest.h>
#include <asm/tsc.h>
#include <asm/x86_init.h>

#include "scc.h"

/* Shortest time that is asked for; a call takes about as long. */
#define SHORTEST_NS	1000
/* Longest; the timer takes more, but nobody waits as long without another reason to wake up. */
#define LONGEST_NS	0x7fffffffUL

static int scc_timer_set(unsigned long delta, struct clock_event_device *device)
{
	return scc_guest_call(SCC_GUEST_CALL_SET_TIMER, delta, 0, 0) ? -EINVAL : 0;
}

static int scc_timer_stop(struct clock_event_device *device)
{
	return scc_guest_call(SCC_GUEST_CALL_SET_TIMER, 0, 0, 0) ? -EINVAL : 0;
}

static struct clock_event_device scc_timer = {
	.name = "scc",
	.features = CLOCK_EVT_FEAT_ONESHOT,
	.rating = 400,
	.set_next_event = scc_timer_set,
	.set_state_shutdown = scc_timer_stop,
	.irq = SCC_GUEST_LINE_TIMER,
};

static irqreturn_t scc_timer_interrupt(int irq, void *device)
{
	scc_timer.event_handler(&scc_timer);
	return IRQ_HANDLED;
}

static void __init scc_timer_init(void)
{
	scc_timer.cpumask = cpumask_of(0);
	clockevents_config_and_register(&scc_timer, NSEC_PER_SEC, SHORTEST_NS, LONGEST_NS);
	if (request_irq(SCC_GUEST_LINE_TIMER, scc_timer_interrupt, IRQF_TIMER | IRQF_NOBALANCING, "timer", NULL))
		panic("scc: the timer's line is taken");
}

static unsigned long scc_tsc_khz(void)
{
	return scc_guest_read(SCC_GUEST_SHARED_TSC_KHZ);
}

/* The hypervisor knows when the counter was zero, or does not know the time: then it is as long ago as 1970. */
static void scc_get_wallclock(struct timespec64 *now)
{
	u64 milliseconds = div_u64(rdtsc(), scc_tsc_khz());
	u32 rest;

	now->tv_sec = scc_guest_read(SCC_GUEST_SHARED_EPOCH_SECONDS) + div_u64_rem(milliseconds, MSEC_PER_SEC, &rest);
	now->tv_nsec = rest * NSEC_PER_MSEC;
}

static int scc_set_wallclock(const struct timespec64 *now)
{
	return -ENODEV;
}

void __init scc_guest_clock_setup(void)
{
	x86_platform.calibrate_tsc = scc_tsc_khz;
	x86_platform.calibrate_cpu = scc_tsc_khz;
	x86_platform.get_wallclock = scc_get_wallclock;
	x86_platform.set_wallclock = scc_set_wallclock;
	x86_init.timers.timer_init = scc_timer_init;
	x86_init.timers.wallclock_init = x86_init_noop;
}
