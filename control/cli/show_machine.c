/* SPDX-License-Identifier: BSD-3-Clause */
/* `damper show workers` and `damper show memory`: is there room? */
#include "common/text.h"
#include "json_get.h"
#include "show.h"
#include "sheet.h"

#define NEARLY_FULL 0.8         /* shares from here on are worth a look */
#define FULL 0.95

static enum damp_colour share_colour(double share)
{
	if (share >= FULL)
		return DAMP_RED;
	return share >= NEARLY_FULL ? DAMP_YELLOW : DAMP_PLAIN;
}

static void count_cell(struct damp_sheet *t, double n)
{
	char text[DAMP_TEXT_LEN];

	damp_sheet_cell(t, DAMP_PLAIN, "%s", damp_text_count(text, sizeof(text), n));
}

static void bytes_cell(struct damp_sheet *t, double n)
{
	char text[DAMP_TEXT_LEN];

	damp_sheet_cell(t, DAMP_PLAIN, "%s", damp_text_bytes(text, sizeof(text), n));
}

static void worker_row(struct damp_sheet *t, const json_t *w)
{
	const json_t *rx = json_object_get(w, "rx"), *tx = json_object_get(w, "tx");
	double load = damp_get_number(w, "load");

	damp_sheet_cell(t, DAMP_PLAIN, "%lld", damp_get_int(w, "worker"));
	if (json_is_null(json_object_get(w, "load"))) {
		for (unsigned i = 0; i < 3; i++)
			damp_sheet_cell(t, DAMP_DIM, "-");
	} else {
		damp_sheet_cell(t, share_colour(load), "%.1f%%", 100 * load);
		count_cell(t, damp_get_number(w, "packets_per_s"));
		count_cell(t, damp_get_number(w, "cycles_per_packet"));
	}
	count_cell(t, damp_get_number(rx, "packets"));
	bytes_cell(t, damp_get_number(rx, "bytes"));
	count_cell(t, damp_get_number(tx, "packets"));
	bytes_cell(t, damp_get_number(tx, "bytes"));
	count_cell(t, damp_get_number(w, "steered_out"));
}

static void print_workers(const struct damp_cli *cli, const json_t *doc)
{
	struct damp_sheet *t = damp_sheet_new("lrrrrrrrr");
	const json_t *w;
	size_t i;

	damp_sheet_heads(
		t, "WORKER|LOAD|PACKETS/S|CYCLES/PACKET|RECEIVED|BYTES|SENT|BYTES|HANDED OVER");
	json_array_foreach(json_object_get(doc, "workers"), i, w)
		worker_row(t, w);
	damp_sheet_print(t, cli, 0);
	damp_sheet_free(t);
}

static void share_cell(struct damp_sheet *t, double part, double whole)
{
	double share = whole > 0 ? part / whole : 0;

	damp_sheet_cell(t, share_colour(share), "%.1f%%", 100 * share);
}

static void table_row(struct damp_sheet *t, const json_t *row)
{
	double entries = damp_get_number(row, "entries"),
	       capacity = damp_get_number(row, "capacity");

	damp_sheet_cell(t, DAMP_PLAIN, "%s", damp_get_text(row, "table"));
	share_cell(t, entries, capacity);
	count_cell(t, entries);
	count_cell(t, capacity);
	bytes_cell(t, damp_get_number(row, "bytes"));
	count_cell(t, damp_get_number(row, "evictions"));
}

static void print_memory(const struct damp_cli *cli, const json_t *doc)
{
	const json_t *pool = json_object_get(doc, "mempool"), *row;
	double buffers = damp_get_number(pool, "buffers"),
	       free_buffers = damp_get_number(pool, "free");
	struct damp_sheet *t = damp_sheet_new("lrrrrr");
	char bytes[DAMP_TEXT_LEN];
	size_t i;

	damp_sheet_heads(t, "TABLE|FULL|ENTRIES|CAPACITY|MEMORY|EVICTIONS");
	json_array_foreach(json_object_get(doc, "tables"), i, row)
		table_row(t, row);
	damp_sheet_cell(t, DAMP_PLAIN, "packet buffers");
	share_cell(t, buffers - free_buffers, buffers);
	count_cell(t, buffers - free_buffers);
	count_cell(t, buffers);
	damp_sheet_cell(t, DAMP_DIM, "-");
	damp_sheet_cell(t, DAMP_DIM, "-");
	damp_sheet_print(t, cli, 0);
	damp_sheet_free(t);
	printf("\nThe data plane took %s in all, at its start.\n",
	       damp_text_bytes(bytes, sizeof(bytes), damp_get_number(doc, "memory_bytes")));
}

int damp_cmd_show_workers(struct damp_cli *cli)
{
	return damp_show(cli, "/v1/workers", print_workers, NULL);
}

int damp_cmd_show_memory(struct damp_cli *cli)
{
	return damp_show(cli, "/v1/memory", print_memory, NULL);
}
