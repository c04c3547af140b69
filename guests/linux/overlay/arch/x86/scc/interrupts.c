// SPDX-License-Identifier: GPL-2.0-only
/*
 * Interrupt lines of the hypervisor. Line N comes through the vector that a PC's line N has; it is acknowledged by being
 * delivered, and the hypervisor delivers it when the interrupt flag allows, so the chip has nothing to do.
 */
#include <linux/bug.h>
#include <linux/build_bug.h>
#include <linux/irq.h>
#include <linux/irqdesc.h>

#include <asm/hw_irq.h>
#include <asm/i8259.h>
#include <asm/irq_vectors.h>
#include <asm/scc_guest.h>
#include <asm/x86_init.h>

#include "scc.h"

static_assert(ISA_IRQ_VECTOR(0) == SCC_GUEST_FIRST_LINE_VECTOR);

static void nothing(struct irq_data *data)
{
}

static struct irq_chip scc_chip = {
	.name = "SCC",
	.irq_mask = nothing,
	.irq_unmask = nothing,
};

static void __init scc_vectors(void)
{
	int line;

	for (line = 0; line < SCC_GUEST_LINES; line++) {
		if (!irq_to_desc(line))
			BUG_ON(irq_alloc_desc_at(line, 0) != line);
		irq_set_chip_and_handler(line, &scc_chip, handle_simple_irq);
		per_cpu(vector_irq, 0)[ISA_IRQ_VECTOR(line)] = irq_to_desc(line);
	}
}

void __init scc_guest_interrupts_setup(void)
{
	legacy_pic = &null_legacy_pic;
	x86_init.irqs.pre_vector_init = scc_vectors;
}
