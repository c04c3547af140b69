/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Entering and leaving the kernel as a guest of the SCC hypervisor. DS may be a program's, so every access names SS.
 */
#ifndef _ASM_X86_SCC_GUEST_ENTRY_H
#define _ASM_X86_SCC_GUEST_ENTRY_H

#include <asm/asm.h>
#include <asm/scc_guest_abi.h>

#ifdef CONFIG_SCC_GUEST

.macro SCC_GUEST_IRQ_DISABLE
	movl	$0, %ss:(scc_guest_shared + SCC_GUEST_SHARED_VIF)
.endm

/*
 * Leaves by the frame on the stack: EIP, CS, EFLAGS, and ESP, SS if it leads to another ring. IRET does not set the
 * interrupt flag of the shared page. So where the frame's flag is set, that is done here, and what is pending then is
 * delivered by the hypervisor, which takes the frame itself.
 *
 *	scc_guest_window	flag is set, frame not yet taken: whoever interrupts here takes the frame first
 *	scc_guest_window_end	behind .Lasm_iret_error's first instruction, which clears the flag again
 *
 * An IRET that faults goes on at .Lasm_iret_error. The hypervisor leaves a frame with odd selectors alone, and the IRET
 * behind its gate faults on it.
 */
.macro SCC_GUEST_RETURN
	testl	$SCC_GUEST_INTERRUPTS_ON, %ss:8(%esp)
	jnz	.Lscc_guest_enable
.Lscc_guest_iret_plain:
	iret
.Lscc_guest_enable:
	movl	$SCC_GUEST_INTERRUPTS_ON, %ss:(scc_guest_shared + SCC_GUEST_SHARED_VIF)
SYM_INNER_LABEL(scc_guest_window, SYM_L_GLOBAL)
	cmpl	$0, %ss:(scc_guest_shared + SCC_GUEST_SHARED_PENDING)
	jne	.Lscc_guest_pending
.Lscc_guest_iret_enabled:
	iret
.Lscc_guest_pending:
	int	$SCC_GUEST_RETURN_VECTOR
.Lscc_guest_iret_refused:
	iret
	_ASM_EXTABLE(.Lscc_guest_iret_plain, .Lasm_iret_error)
	_ASM_EXTABLE(.Lscc_guest_iret_enabled, .Lasm_iret_error)
	_ASM_EXTABLE(.Lscc_guest_iret_refused, .Lasm_iret_error)
.endm

.macro SCC_GUEST_RETURN_FAILED
	SCC_GUEST_IRQ_DISABLE
SYM_INNER_LABEL(scc_guest_window_end, SYM_L_GLOBAL)
.endm

#endif /* CONFIG_SCC_GUEST */
#endif /* _ASM_X86_SCC_GUEST_ENTRY_H */
