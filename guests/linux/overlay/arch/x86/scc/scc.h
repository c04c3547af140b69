/* SPDX-License-Identifier: GPL-2.0-only */
/* What the parts of the guest's support set up for each other. */
#ifndef _X86_SCC_H
#define _X86_SCC_H

#include <linux/init.h>

void __init scc_guest_console_setup(void);
void __init scc_guest_interrupts_setup(void);
void __init scc_guest_clock_setup(void);
void __init scc_guest_end_setup(void);

#endif /* _X86_SCC_H */
