-- SPDX-License-Identifier: BSD-3-Clause
--
-- What the profiles for Pktgen-DPDK 23.03 share: send for some seconds, take
-- the rates once per second, write them to a file, end pktgen.
--
-- Nothing is read from the screen: rates and totals come from pktgen.portStats()
-- and go to $DAMPER_PKTGEN_OUT, one JSON object a line. Port 0 is the outside,
-- port 1 the inside. Sizes that are set in pktgen count the frame check
-- sequence, so 64 is a frame of 60 bytes.

local common = { outside = "0", inside = "1" }

local seconds = tonumber(os.getenv("DAMPER_PKTGEN_SECONDS") or "10")
local rate = tonumber(os.getenv("DAMPER_PKTGEN_RATE") or "100")
local file = os.getenv("DAMPER_PKTGEN_OUT") or "pktgen.json"

local SETTLE_MS = 1000

local function line(out, kind, name, s)
	out:write(string.format(
		'{"profile": "%s", "kind": "%s", "outside_tx": %d, "outside_rx": %d, "inside_tx": %d, "inside_rx": %d}\n',
		name, kind, s[0].opackets, s[0].ipackets, s[1].opackets, s[1].ipackets))
end

-- Send on the ports of a list and write what goes and comes.
function common.measure(name, ports)
	local out = assert(io.open(file, "w"))

	pktgen.screen("off")
	pktgen.set(ports, "count", 0)
	pktgen.set(ports, "rate", rate)
	pktgen.clr()
	pktgen.start(ports)
	for _ = 1, seconds do
		pktgen.delay(1000)
		line(out, "rate", name, pktgen.portStats("all", "rate"))
	end
	pktgen.stop(ports)
	pktgen.delay(SETTLE_MS)
	line(out, "total", name, pktgen.portStats("all", "port"))
	out:close()
	pktgen.quit()
end

-- One field of the range page: from, to, step, beginning at from.
local function span(set, port, from, to, step)
	set(port, "start", from)
	set(port, "min", from)
	set(port, "max", to)
	set(port, "inc", step)
end

-- A payload that is a CoAP message, as far as a pattern allows. Pktgen repeats
-- 16 bytes from the start of the frame, the last of them 0, so that over IPv4
-- (42 bytes of headers) the payload begins with byte 10 of the pattern and its
-- byte 5 is 0: the second of a two-byte token. 18 bytes: NON GET, Message ID
-- "AB", token "t" and 0, one Uri-Path of eleven bytes.
local PATTERN = "\187telemetry" .. "\82\1ABt"

-- IPv4 requests from the addresses from..to, step apart, random by nothing: the
-- range page counts.
function common.range(from, to, step, ports_from, ports_to)
	local p = common.outside

	pktgen.page("range")
	pktgen.range.set_type(p, "ipv4")
	pktgen.range.ip_proto(p, "udp")
	span(pktgen.range.src_ip, p, from, to, step)
	span(pktgen.range.dst_ip, p, "10.2.0.1", "10.2.0.4", "0.0.0.1")
	span(pktgen.range.src_port, p, ports_from, ports_to, 1)
	span(pktgen.range.dst_port, p, 5683, 5683, 0)
	span(pktgen.range.pkt_size, p, 64, 64, 0)
	pktgen.userPattern(p, PATTERN)
	pktgen.set_range(p, "on")
end

-- Replay the capture files given with -s, which hold right CoAP messages.
function common.replay(ports)
	pktgen.pcap(ports, "on")
end

return common
