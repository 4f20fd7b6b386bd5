/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The noise probe as a program, for measurements that are made outside this
 * library: bench-noise FILE writes its rows as JSON.
 */
#include "bench.h"

int main(int argc, char **argv)
{
	static struct bench_results res;

	bench_noise(&res, bench_hz());
	if (argc < 2)
		bench_print(&res);
	return bench_write(&res, argc < 2 ? NULL : argv[1]) ? 0 : 1;
}
