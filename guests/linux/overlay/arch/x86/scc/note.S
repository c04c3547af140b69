/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * By this note the hypervisor knows the kernel before it starts it: version of the interface, features that are needed.
 */
#include <linux/elfnote.h>
#include <asm/scc_guest_abi.h>

ELFNOTE_START(SCC, SCC_GUEST_NOTE_TYPE, "a")
	.long	SCC_GUEST_VERSION
	.long	SCC_GUEST_FEATURES_LINUX
ELFNOTE_END
