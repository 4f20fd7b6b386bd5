/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How a function is compiled, for those that every packet runs through. Only .c files
 * of the core and headers that are private to a few of them include this: the names are
 * short because they stand before every such function.
 *
 * Idea: gcc and clang weigh inlining by size, and split what is called twice. Where a
 * function is a template, compiled for several constants or instruction sets, that
 * undoes it.
 */
#ifndef DAMP_CORE_COMPILED_H
#define DAMP_CORE_COMPILED_H

#include <stdbool.h>

/* Part of its caller, whatever its size: it takes over what the caller may use and
 * what is constant there. */
#define ALWAYS static inline __attribute__((always_inline))

/* Reads what others write meanwhile, and says itself why that does no harm. */
#define UNSANITIZED __attribute__((no_sanitize_thread))

#if defined(__x86_64__)
/* For a function that is only called where damp_has_avx2(). The shifts and masks of BMI
 * come with it in every processor but emulated ones. */
#define WITH_AVX2 __attribute__((target("avx2,bmi,bmi2")))
#endif

/* Has this machine AVX2, and BMI? Slow: to be asked once, when a table is made. Any thread. */
static inline bool damp_has_avx2(void)
{
#if defined(__x86_64__)
	return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2");
#else
	return false;
#endif
}

#endif
