-- SPDX-License-Identifier: BSD-3-Clause
--
-- Stands in for pktgen: the functions that the profiles may call, with the
-- number of arguments that app/lpktgenlib.c of Pktgen-DPDK 23.03 insists on.
-- Anything else is an error. Prints what was called.
--
--	lua stub.lua PROFILE.lua

local arity = {
	screen = 1, set = 3, clr = 0, start = 1, stop = 1, delay = 1, portStats = 2, quit = 0, page = 1,
	set_range = 2, pcap = 2, userPattern = 2,
	range = { set_type = 2, ip_proto = 2, src_ip = 3, dst_ip = 3, src_port = 3, dst_port = 3, pkt_size = 3 },
}

local answers = {
	portStats = function()
		local port = { opackets = 1000, ipackets = 900 }
		return { [0] = port, [1] = port, n = 2 }
	end,
}

local function stand_in(names, prefix)
	local t = {}
	for name, n in pairs(names) do
		if type(n) == "table" then
			t[name] = stand_in(n, prefix .. name .. ".")
		else
			t[name] = function(...)
				assert(select("#", ...) == n, prefix .. name .. " takes " .. n .. " arguments")
				print(prefix .. name, ...)
				return answers[name] and answers[name](...)
			end
		end
	end
	return setmetatable(t, { __index = function(_, name) error(prefix .. name .. " is not there", 2) end })
end

pktgen = stand_in(arity, "pktgen.")
dofile(arg[1])
