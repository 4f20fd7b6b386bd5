/* SPDX-License-Identifier: BSD-3-Clause */
/* See option_value.h. */
#include "option_value.h"

#include <damper/coap.h>

#include <stdio.h>

enum damp_option_format damp_option_format(uint32_t number)
{
	switch (number) {
	case DAMP_COAP_OPT_OBSERVE:
	case DAMP_COAP_OPT_URI_PORT:
	case DAMP_COAP_OPT_CONTENT_FORMAT:
	case DAMP_COAP_OPT_URI_PATH_ABBREV:
	case DAMP_COAP_OPT_MAX_AGE:
	case DAMP_COAP_OPT_HOP_LIMIT:
	case DAMP_COAP_OPT_ACCEPT:
	case DAMP_COAP_OPT_SIZE1:
	case DAMP_COAP_OPT_SIZE2:
	case DAMP_COAP_OPT_NO_RESPONSE:
	case DAMP_COAP_OPT_PROXY_SCHEME_NUMBER:
		return DAMP_FORMAT_UINT;
	case DAMP_COAP_OPT_BLOCK1:
	case DAMP_COAP_OPT_BLOCK2:
	case DAMP_COAP_OPT_Q_BLOCK1:
	case DAMP_COAP_OPT_Q_BLOCK2:
		return DAMP_FORMAT_BLOCK;
	case DAMP_COAP_OPT_URI_HOST:
	case DAMP_COAP_OPT_LOCATION_PATH:
	case DAMP_COAP_OPT_URI_PATH:
	case DAMP_COAP_OPT_LOCATION_QUERY:
	case DAMP_COAP_OPT_URI_QUERY:
	case DAMP_COAP_OPT_PROXY_URI:
	case DAMP_COAP_OPT_PROXY_SCHEME:
		return DAMP_FORMAT_STRING;
	case DAMP_COAP_OPT_IF_NONE_MATCH:
	case DAMP_COAP_OPT_EDHOC:
		return DAMP_FORMAT_EMPTY;
	default:
		return DAMP_FORMAT_OPAQUE;
	}
}

bool damp_block_parse(const char *text, uint32_t *value, char *why)
{
	unsigned block, more, size, szx = 0;
	int end = 0;

	if (sscanf(text, "%7u/%1u/%4u%n", &block, &more, &size, &end) != 3 || text[end] != '\0' || more > 1 ||
	    block >= 1u << 20) {
		snprintf(why, DAMP_WHY_MAX, "'%.40s': a block is written NUMBER/MORE/SIZE, like 0/0/64", text);
		return false;
	}
	while (szx < 7 && 16u << szx != size)
		szx++;
	if (szx == 7) {
		snprintf(why, DAMP_WHY_MAX, "'%.40s': the size of a block is 16, 32, 64, 128, 256, 512 or 1024", text);
		return false;
	}
	*value = block << 4 | more << 3 | szx;
	return true;
}
