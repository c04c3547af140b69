// SPDX-License-Identifier: GPL-2.0-only
/*
 * The hypervisor's console: hvc0, and before that for the kernel's own messages.
 */
#include <linux/console.h>
#include <linux/err.h>
#include <linux/init.h>
#include <linux/minmax.h>

#include <asm/page.h>
#include <asm/scc_guest.h>
#include <asm/x86_init.h>

#include "scc.h"
#include "../../../drivers/tty/hvc/hvc_console.h"

/* What the hypervisor does not take is dropped: to try again without end would stop the kernel with its console. */
static ssize_t scc_put_chars(uint32_t terminal, const u8 *text, size_t count)
{
	size_t length = min_t(size_t, count, SCC_GUEST_CONSOLE_BYTES_MAX);
	unsigned int status = scc_guest_call(SCC_GUEST_CALL_CONSOLE_WRITE, __pa(text), length, 0);

	return status < SCC_GUEST_FIRST_ERROR ? status : count;
}

static ssize_t scc_get_chars(uint32_t terminal, u8 *text, size_t count)
{
	size_t length = min_t(size_t, count, SCC_GUEST_CONSOLE_BYTES_MAX);
	unsigned int status = scc_guest_call(SCC_GUEST_CALL_CONSOLE_READ, __pa(text), length, 0);

	return status < SCC_GUEST_FIRST_ERROR ? status : 0;
}

static const struct hv_ops scc_console_ops = {
	.get_chars = scc_get_chars,
	.put_chars = scc_put_chars,
	.notifier_add = notifier_add_irq,
	.notifier_del = notifier_del_irq,
	.notifier_hangup = notifier_hangup_irq,
};

static void scc_early_write(struct console *console, const char *text, unsigned int count)
{
	while (count) {
		unsigned int written = scc_put_chars(0, (const u8 *)text, count);

		if (!written)
			return;
		text += written;
		count -= written;
	}
}

static struct console scc_early_console = {
	.name = "sccboot",
	.write = scc_early_write,
	.flags = CON_PRINTBUFFER | CON_BOOT | CON_ANYTIME,
	.index = -1,
};

static void __init scc_register_early_console(void)
{
	register_console(&scc_early_console);
}

/* The kernel cannot register a console before start_kernel(); what it has to say until then is kept. */
void __init scc_guest_console_setup(void)
{
	x86_init.oem.arch_setup = scc_register_early_console;
}

static int __init scc_console_init(void)
{
	return hvc_instantiate(0, 0, &scc_console_ops);
}
console_initcall(scc_console_init);

static int __init scc_terminal_init(void)
{
	return PTR_ERR_OR_ZERO(hvc_alloc(0, SCC_GUEST_LINE_CONSOLE, &scc_console_ops, SCC_GUEST_CONSOLE_BYTES_MAX));
}
device_initcall(scc_terminal_init);
