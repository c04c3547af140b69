// SPDX-License-Identifier: GPL-2.0-only
/*
 * Division of 64-bit integers, which gcc calls for on a 32-bit processor.
 *
 * This stands in for the distribution's libgcc, which is compiled for an i686 with branch tracking: it has CMOV and
 * ENDBR32, and a P54C has neither. The names and their meaning are gcc's ("Routines for integer arithmetic" in the
 * manual of its internals). Division by zero raises the processor's own exception, as it does for 32-bit integers.
 */

typedef unsigned int u32;
typedef unsigned long long u64;
typedef long long s64;

u64 __udivmoddi4(u64 dividend, u64 divisor, u64 *rest);
u64 __udivdi3(u64 dividend, u64 divisor);
u64 __umoddi3(u64 dividend, u64 divisor);
s64 __divmoddi4(s64 dividend, s64 divisor, s64 *rest);
s64 __divdi3(s64 dividend, s64 divisor);
s64 __moddi3(s64 dividend, s64 divisor);

u64 __udivmoddi4(u64 dividend, u64 divisor, u64 *rest)
{
	u32 high = divisor >> 32;
	u32 low = divisor;

	if (!high) {
		/* Long division with two digits of 32 bits: the first rest is below the divisor, so DIV cannot overflow. */
		u32 first = (u32)(dividend >> 32) / low;
		u32 left = (u32)(dividend >> 32) % low;
		u32 second;

		__asm__("divl %[low]" : "=a"(second), "+d"(left) : "a"((u32)dividend), [low] "rm"(low) : "cc");
		*rest = left;
		return (u64)first << 32 | second;
	}

	/* The quotient is below 2^32: one bit of it for each place that the divisor can move up. */
	u64 quotient = 0;

	for (int place = __builtin_clz(high); place >= 0; place--) {
		u64 moved = divisor << place;

		if (moved <= dividend) {
			dividend -= moved;
			quotient |= 1ull << place;
		}
	}
	*rest = dividend;
	return quotient;
}

u64 __udivdi3(u64 dividend, u64 divisor)
{
	u64 rest;

	return __udivmoddi4(dividend, divisor, &rest);
}

u64 __umoddi3(u64 dividend, u64 divisor)
{
	u64 rest;

	__udivmoddi4(dividend, divisor, &rest);
	return rest;
}

/* Distance from zero; that of the lowest number is right as an unsigned one. */
static u64 distance(s64 number)
{
	return number < 0 ? -(u64)number : (u64)number;
}

/* The quotient is rounded towards zero, and the rest has the sign of the dividend. */
s64 __divmoddi4(s64 dividend, s64 divisor, s64 *rest)
{
	u64 left;
	u64 quotient = __udivmoddi4(distance(dividend), distance(divisor), &left);

	*rest = (s64)(dividend < 0 ? -left : left);
	return (s64)((dividend < 0) != (divisor < 0) ? -quotient : quotient);
}

s64 __divdi3(s64 dividend, s64 divisor)
{
	s64 rest;

	return __divmoddi4(dividend, divisor, &rest);
}

s64 __moddi3(s64 dividend, s64 divisor)
{
	s64 rest;

	__divmoddi4(dividend, divisor, &rest);
	return rest;
}
