-- SPDX-License-Identifier: BSD-3-Clause
--
-- An honest mix: requests outside and their answers inside, one for one, from
-- the two capture files that `run` writes (-s 0:requests -s 1:responses).

local common = dofile((os.getenv("DAMPER_PKTGEN_DIR") or ".") .. "/common.lua")
local both = common.outside .. "," .. common.inside

common.replay(both)
common.measure("mix", both)
