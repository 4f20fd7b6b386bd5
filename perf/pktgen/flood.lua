-- SPDX-License-Identifier: BSD-3-Clause
--
-- A flood of requests from spoofed IPv4 addresses, 1.0.0.1 to 223.255.255.254
-- in steps of 370, to four servers. Pktgen 23.03 makes the packets of its range
-- page once, 24 576 a queue, and sends these again and again: so many addresses
-- a queue it is, of the ten million in that range.

local common = dofile((os.getenv("DAMPER_PKTGEN_DIR") or ".") .. "/common.lua")

common.range("1.0.0.1", "223.255.255.254", "0.0.1.114", 1024, 65535)
common.measure("flood", common.outside)
