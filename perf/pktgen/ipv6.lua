-- SPDX-License-Identifier: BSD-3-Clause
--
-- A flood of requests over IPv6, from a capture file (-s 0:requests), because
-- the range page's pattern cannot spell a CoAP message behind IPv6 headers.

local common = dofile((os.getenv("DAMPER_PKTGEN_DIR") or ".") .. "/common.lua")

common.replay(common.outside)
common.measure("ipv6", common.outside)
