-- SPDX-License-Identifier: BSD-3-Clause
--
-- A carpet: requests in the name of the addresses of one prefix, 198.18.0.0/16,
-- so that the answers would flood a whole network and no address of it much:
-- 24 576 of them a queue (see flood.lua).

local common = dofile((os.getenv("DAMPER_PKTGEN_DIR") or ".") .. "/common.lua")

common.range("198.18.0.0", "198.18.255.255", "0.0.0.1", 1024, 65535)
common.measure("carpet", common.outside)
