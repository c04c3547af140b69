// SPDX-License-Identifier: GPL-2.0-only
/*
 * Early setup as a guest of the SCC hypervisor, called before start_kernel().
 *
 * There are no BIOS, no tables in low memory and no devices of a PC. A hypervisor of another version, or one that lacks
 * what this kernel needs, is asked to end the guest: nothing could be printed or done without it.
 */
#define pr_fmt(fmt) "scc: " fmt

#include <linux/build_bug.h>
#include <linux/init.h>
#include <linux/pgtable.h>
#include <linux/printk.h>

#include <asm/cpufeature.h>
#include <asm/desc.h>
#include <asm/page.h>
#include <asm/proto.h>
#include <asm/scc_guest.h>
#include <asm/segment.h>
#include <asm/setup.h>
#include <asm/x86_init.h>

#include "scc.h"

unsigned char scc_guest_shared[PAGE_SIZE] __page_aligned_data;

/* Labels of entry_32.S, by way of scc_guest_entry.h. */
extern const char scc_guest_window[], scc_guest_window_end[];

/* The hypervisor's table of segments has the slots of this kernel's. */
static_assert(__KERNEL_CS == (GDT_ENTRY_KERNEL_CS * 8 | 1));
static_assert(__KERNEL_DS == (GDT_ENTRY_KERNEL_DS * 8 | 1));
static_assert(__BOOT_DS == (GDT_ENTRY_BOOT_DS * 8 | 1));
static_assert(__USER_CS == SCC_GUEST_SELECTOR_USER_CODE);
static_assert(__USER_DS == SCC_GUEST_SELECTOR_USER_DATA);
static_assert(SCC_GUEST_INTERRUPTS_ON == X86_EFLAGS_IF);

static void __init end_unless(bool holds, unsigned int detail)
{
	if (!holds)
		scc_guest_call(SCC_GUEST_CALL_END, SCC_GUEST_END_PANIC, detail, 0);
}

/* Tells the hypervisor what it needs to know before the first interrupt. */
static void __init introduce(void)
{
	unsigned int features = scc_guest_call(SCC_GUEST_CALL_INTERFACE, SCC_GUEST_VERSION, 0, 0);

	end_unless(features < SCC_GUEST_FIRST_ERROR, features);
	end_unless((features & SCC_GUEST_FEATURES_LINUX) == SCC_GUEST_FEATURES_LINUX, features);
	end_unless(!scc_guest_call(SCC_GUEST_CALL_SHARE, __pa_symbol(scc_guest_shared), 0, 0), __LINE__);
	end_unless(!scc_guest_call(SCC_GUEST_CALL_RETURN_WINDOW, (unsigned long)scc_guest_window,
				   (unsigned long)scc_guest_window_end, 0), __LINE__);
	end_unless(!scc_guest_call(SCC_GUEST_CALL_SYSTEM_CALL_ENTRY, (unsigned long)entry_INT80_32, 0, 0), __LINE__);
}

/* CPUID does not trap and tells of the processor; these are what it has and a guest does not. */
static void __init mask_features(void)
{
	setup_clear_cpu_cap(X86_FEATURE_VME);
	setup_clear_cpu_cap(X86_FEATURE_MCE);
	setup_clear_cpu_cap(X86_FEATURE_APIC);
	setup_clear_cpu_cap(X86_FEATURE_SEP);
	setup_clear_cpu_cap(X86_FEATURE_PGE);

	/* The shared page says how fast the counter runs, and it runs on while the guest waits. */
	setup_force_cpu_cap(X86_FEATURE_TSC_KNOWN_FREQ);
	setup_force_cpu_cap(X86_FEATURE_TSC_RELIABLE);
	setup_force_cpu_cap(X86_FEATURE_CONSTANT_TSC);
}

static void __init no_devices_of_a_pc(void)
{
	x86_init.resources.probe_roms = x86_init_noop;
	x86_init.resources.reserve_resources = x86_init_noop;
	x86_init.resources.dmi_setup = x86_init_noop;
	x86_init.mpparse.find_mptable = x86_init_noop;
	x86_init.mpparse.early_parse_smp_cfg = x86_init_noop;
	x86_init.mpparse.parse_smp_cfg = x86_init_noop;
	x86_platform.realmode_reserve = x86_init_noop;
	x86_platform.realmode_init = x86_init_noop;
	x86_platform.legacy.i8042 = X86_LEGACY_I8042_PLATFORM_ABSENT;
	x86_platform.legacy.rtc = 0;
	x86_platform.legacy.warm_reset = 0;
	x86_platform.legacy.no_vga = 1;
	x86_platform.legacy.reserve_bios_regions = 0;
	x86_platform.legacy.devices.pnpbios = 0;
}

void __init scc_guest_early_setup(void)
{
	introduce();
	pr_info("guest of the hypervisor, features %#x\n", scc_guest_read(SCC_GUEST_SHARED_FEATURES));
	reserve_top_address(-SCC_GUEST_HOLE);
	mask_features();
	no_devices_of_a_pc();
	scc_guest_console_setup();
	scc_guest_interrupts_setup();
	scc_guest_clock_setup();
	scc_guest_end_setup();
}
