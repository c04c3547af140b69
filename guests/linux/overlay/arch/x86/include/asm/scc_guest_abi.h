/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Numbers of the interface between guest and hypervisor. Made from crate guest-abi by `cargo xtask guest header`; what
 * they mean is said there.
 */
#ifndef _ASM_X86_SCC_GUEST_ABI_H
#define _ASM_X86_SCC_GUEST_ABI_H

#define SCC_GUEST_VERSION                        0x1
#define SCC_GUEST_HOLE                           0xf0000000

#define SCC_GUEST_CALL_VECTOR                    0x82
#define SCC_GUEST_RETURN_VECTOR                  0x83

#define SCC_GUEST_CALL_INTERFACE                 0x0
#define SCC_GUEST_CALL_CONSOLE_WRITE             0x1
#define SCC_GUEST_CALL_END                       0x2
#define SCC_GUEST_CALL_HALT                      0x3
#define SCC_GUEST_CALL_SET_TIMER                 0x4
#define SCC_GUEST_CALL_TAKE                      0x5
#define SCC_GUEST_CALL_CONSOLE_READ              0x6
#define SCC_GUEST_CALL_SHARE                     0x7
#define SCC_GUEST_CALL_DELIVER                   0x8
#define SCC_GUEST_CALL_RETURN_WINDOW             0x9
#define SCC_GUEST_CALL_SYSTEM_CALL_ENTRY         0xa
#define SCC_GUEST_CALL_KERNEL_STACK              0xb
#define SCC_GUEST_CALL_THREAD_SEGMENTS           0xc
#define SCC_GUEST_CALL_SWITCH                    0xd
#define SCC_GUEST_CALL_FORGET                    0xe
#define SCC_GUEST_CALL_GROUP                     0xf
#define SCC_GUEST_CALL_PUT                       0x10
#define SCC_GUEST_CALL_GET                       0x11
#define SCC_GUEST_CALL_SEND                      0x12
#define SCC_GUEST_CALL_RECEIVE                   0x13
#define SCC_GUEST_CALL_BARRIER                   0x14
#define SCC_GUEST_CALL_COUNT                     0x15

#define SCC_GUEST_CONSOLE_BYTES_MAX              0x400
#define SCC_GUEST_TAGS                           0x6

#define SCC_GUEST_WINDOW_BYTES                   0x200

#define SCC_GUEST_FORGET_EVERYTHING              0x0
#define SCC_GUEST_FORGET_TAG                     0x1
#define SCC_GUEST_FORGET_RANGE                   0x2

#define SCC_GUEST_FIRST_ERROR                    0xfffff001
#define SCC_GUEST_ERROR_ADDRESS                  0xfffffff2
#define SCC_GUEST_ERROR_ARGUMENT                 0xffffffea
#define SCC_GUEST_ERROR_UNKNOWN                  0xffffffda
#define SCC_GUEST_ERROR_MEMBER                   0xffffff90

#define SCC_GUEST_END_POWER_OFF                  0x0
#define SCC_GUEST_END_REBOOT                     0x1
#define SCC_GUEST_END_PANIC                      0x2

#define SCC_GUEST_COUNTER_EXITS                  0x0
#define SCC_GUEST_COUNTER_INSTRUCTIONS           0x1
#define SCC_GUEST_COUNTER_FILLS                  0x2
#define SCC_GUEST_COUNTER_FAULTS                 0x3
#define SCC_GUEST_COUNTER_INTERRUPTS             0x4
#define SCC_GUEST_COUNTER_TABLES                 0x5
#define SCC_GUEST_COUNTER_RETURNS                0x6

#define SCC_GUEST_FEATURE_TIMER                  0x1
#define SCC_GUEST_FEATURE_PAGING                 0x2
#define SCC_GUEST_FEATURE_INTERRUPT_TABLE        0x4
#define SCC_GUEST_FEATURE_CONSOLE_INPUT          0x8
#define SCC_GUEST_FEATURE_GROUP                  0x10

#define SCC_GUEST_FEATURES_LINUX                 0x7

#define SCC_GUEST_SHARED_VIF                     0x0
#define SCC_GUEST_SHARED_PENDING                 0x4
#define SCC_GUEST_SHARED_CR2                     0x8
#define SCC_GUEST_SHARED_TSC_KHZ                 0xc
#define SCC_GUEST_SHARED_FEATURES                0x10
#define SCC_GUEST_SHARED_EPOCH_SECONDS           0x14

#define SCC_GUEST_INTERRUPTS_ON                  0x200
#define SCC_GUEST_LINES                          0x10

#define SCC_GUEST_FIRST_LINE_VECTOR              0x30

#define SCC_GUEST_LINE_TIMER                     0x0
#define SCC_GUEST_LINE_CONSOLE                   0x1

#define SCC_GUEST_SELECTOR_BOOT_CODE             0x11
#define SCC_GUEST_SELECTOR_BOOT_DATA             0x19
#define SCC_GUEST_SELECTOR_KERNEL_CODE           0x61
#define SCC_GUEST_SELECTOR_KERNEL_DATA           0x69
#define SCC_GUEST_SELECTOR_USER_CODE             0x73
#define SCC_GUEST_SELECTOR_USER_DATA             0x7b

#define SCC_GUEST_SUBARCHITECTURE                0x5cc0
#define SCC_GUEST_NOTE_TYPE                      0x1

#endif /* _ASM_X86_SCC_GUEST_ABI_H */
