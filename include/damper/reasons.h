/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Why a packet got its verdict: one list, from which the enum, the counter
 * names, the help texts, docs/counters.md and the tests are made.
 *
 * Invariant: every packet that enters gets exactly one reason, and the packets
 * under the drop reasons add up to all drops. X(NAME, "metric label", severity,
 * "help"). Severities: OK (not a drop), NOISE (background), ATTACK (points at
 * abuse), FAULT (our own lack of room or a failure).
 *
 * References: RFC 7252 sections 3, 4.2, 4.3, 5.4; attacks.md section 5.2 (the
 * M rows named below).
 */
#ifndef DAMPER_REASONS_H
#define DAMPER_REASONS_H

enum damp_severity {
	DAMP_SEV_OK,
	DAMP_SEV_NOISE,
	DAMP_SEV_ATTACK,
	DAMP_SEV_FAULT,
	DAMP_SEV_MAX
};

/* Packets that leave, in any form. */
#define DAMP_REASONS_PASS(X)                                                              \
	X(NOT_COAP, "not_coap", OK, "Not CoAP over UDP: forwarded as it came")             \
	X(ACCEPTED, "accepted", OK, "CoAP that broke no rule and no limit: forwarded")     \
	X(ACCEPTED_PROVED, "accepted_proved", OK, "Forwarded for a peer that has proved it is there") \
	X(ACCEPTED_GRACE, "accepted_grace", OK, "Response without a record, let through in the grace time after a start") \
	X(BYPASS, "bypass", OK, "Forwarded unjudged because an operator turned bypass on, or `fail: overload` is open") \
	X(ANSWERED, "answered", OK, "Answered by the gateway in place of the server")      \
	X(CHALLENGED, "challenged", OK, "Answered with 4.01 and an Echo value to return")  \
	X(PINGED, "pinged", OK, "Turned into a CoAP ping whose RST will prove the peer")   \
	X(HELD, "held", OK, "Kept for up to 1.5 s while a ping asks its outside peer to prove that it is there") \
	X(CURED, "cured", OK, "Turned into an RST to the sender, which ends its retransmission or observation")

/* Packets that end here. */
#define DAMP_REASONS_DROP(X)                                                              \
	X(PROOF_TAKEN, "proof_taken", NOISE, "Answer to a gateway ping: it proved the peer and has done its work") \
	X(L2_GROUP_UNICAST, "l2_group_unicast", ATTACK, "Unicast CoAP inside a broadcast or multicast frame (AV-23)") \
	X(IP_MALFORMED, "ip_malformed", NOISE, "IP or UDP lengths that disagree, or headers cut short, on a CoAP port (M54, M58)") \
	X(IP_CHECKSUM, "ip_checksum", NOISE, "Wrong IPv4 header or UDP checksum, or none where CoAP requires one") \
	X(IP_SOURCE, "ip_source", ATTACK, "Source address or port that no honest sender has: zero, loopback, multicast, broadcast (M55)") \
	X(IP_EXT_HEADERS, "ip_ext_headers", ATTACK, "IPv6 extension headers beyond what is parsed, before CoAP (AV-44)") \
	X(FRAGMENT_COAP, "fragment_coap", NOISE, "First fragment of a CoAP datagram; the fragment policy is drop (AV-43)") \
	X(FRAGMENT_REST, "fragment_rest", NOISE, "Later fragment of a datagram whose first fragment was dropped") \
	X(COAP_SHORT, "coap_short", NOISE, "Fewer bytes than a CoAP header (M1)")           \
	X(COAP_VERSION, "coap_version", NOISE, "CoAP version is not 1 (M2)")                \
	X(COAP_TKL, "coap_tkl", NOISE, "Token length 9..15 or longer than the message (M3, M4)") \
	X(COAP_EXT_TOKEN, "coap_ext_token", NOISE, "RFC 8974 extended token where only 8 bytes are allowed (AV-11)") \
	X(COAP_EMPTY, "coap_empty", NOISE, "Empty message with anything after the header, or an Empty NON (M5, M6)") \
	X(COAP_CODE, "coap_code", NOISE, "Reserved code class or signalling over UDP (M9 to M13)") \
	X(COAP_TYPE_CODE, "coap_type_code", ATTACK, "Request carried in an ACK or RST, or anything but Empty in an RST (M14 to M16)") \
	X(COAP_OPTION, "coap_option", NOISE, "Option header that is reserved or cut short, or a value past the end (M19 to M22)") \
	X(COAP_OPTION_NUMBER, "coap_option_number", NOISE, "Option number beyond 65535, or from the experimental range (M23, M32)") \
	X(COAP_OPTION_COUNT, "coap_option_count", NOISE, "More options than the scan bound")  \
	X(COAP_OPTION_LEN, "coap_option_len", NOISE, "Option value outside the length its RFC defines (M24 to M31)") \
	X(COAP_OPTION_REPEATED, "coap_option_repeated", ATTACK, "Option repeated that peers resolve differently (M34 to M36)") \
	X(COAP_OPTION_VALUE, "coap_option_value", NOISE, "Option value that is forbidden: block SZX 7, Hop-Limit 0, dot segments (M37, M47, M48)") \
	X(COAP_OPTION_MIX, "coap_option_mix", NOISE, "Options that exclude each other: Block with Q-Block, OSCORE without payload (M44, M45)") \
	X(COAP_MARKER, "coap_marker", NOISE, "Payload marker with no payload behind it (M18)") \
	X(GROUP_FROM_OUTSIDE, "group_from_outside", ATTACK, "Multicast or broadcast CoAP from outside (AV-19, AV-23)") \
	X(CON_TO_GROUP, "con_to_group", NOISE, "Confirmable message to a group (M53)")       \
	X(INSIDE_SPOOFED_OUTSIDE, "inside_spoofed_outside", ATTACK, "Source of an inside network seen on the outside port") \
	X(OUTSIDE_SPOOFED_INSIDE, "outside_spoofed_inside", ATTACK, "Source that is not of an inside network seen on the inside port (AV-51)") \
	X(UNSOLICITED_OUT, "unsolicited_out", ATTACK, "Response toward outside that no request on record asked for") \
	X(UNSOLICITED_IN, "unsolicited_in", ATTACK, "Response toward inside that no request on record asked for (AV-42)") \
	X(EMPTY_UNMATCHED, "empty_unmatched", ATTACK, "ACK or RST that matches no message seen the other way (AV-17, AV-40)") \
	X(PING_RATE, "ping_rate", NOISE, "CoAP pings from one source beyond their budget (AV-08)") \
	X(AMPLIFICATION, "amplification", ATTACK, "Would exceed the multiple of what the unproved peer sent") \
	X(LEDGER_HOST, "ledger_host", ATTACK, "Unproved bytes toward one address are used up") \
	X(LEDGER_NET, "ledger_net", ATTACK, "Unproved bytes toward one network are used up (AV-41)") \
	X(FIRST_CONTACT, "first_contact", ATTACK, "Unproved requests of one address or network are used up until it proves it is there") \
	X(LEDGER_SERVER, "ledger_server", ATTACK, "Unproved requests toward one server are used up") \
	X(PROOF_REQUIRED, "proof_required", ATTACK, "Needs a proved peer, and no challenge of at most the same size was possible") \
	X(CHALLENGE_RATE, "challenge_rate", ATTACK, "Would have been challenged, but the challenges for this source are used up (AV-49)") \
	X(OBSERVE_UNPROVED, "observe_unproved", ATTACK, "Notification toward a peer that has not proved it is there (AV-12)") \
	X(OBSERVE_RATE, "observe_rate", ATTACK, "Notification sooner than its spacing allows, or attributes that ask for as much (AV-14)") \
	X(BLOCKWISE, "blockwise", ATTACK, "Block1 out of sequence, of another size than it names, or of more uploads and bytes than allowed (AV-29 to AV-31)") \
	X(RESPONSE_REPEATED, "response_repeated", ATTACK, "One more answer than its requests may bring (AV-20, AV-27, AV-37)") \
	X(PROVED_BUDGET, "proved_budget", NOISE, "A proved peer used up its own bytes")      \
	X(PROBING_RATE, "probing_rate", ATTACK, "Requests from inside to a peer that never answers (RFC 7252 section 4.7, AV-25)") \
	X(DTLS_RECORD, "dtls_record", NOISE, "Not a DTLS record on a DTLS port (AV-46)")     \
	X(BLOCKED, "blocked", ATTACK, "From or to an address that a rule or an operator blocked for a while") \
	X(RULE, "rule", NOISE, "A rule said drop")                                           \
	X(RULE_LIMIT, "rule_limit", ATTACK, "A rule's limit was exceeded and its over says drop") \
	X(TABLE_FULL, "table_full", FAULT, "No room for an exchange and the policy is drop") \
	X(STEER_FULL, "steer_full", FAULT, "Ring to the worker that owns this exchange is full") \
	X(HELD_EXPIRED, "held_expired", NOISE, "Was held behind a ping, and then dropped: nobody answered in time, or a budget was used up") \
	X(NO_MBUF, "no_mbuf", FAULT, "No packet buffer for a message of our own")            \
	X(TX_FULL, "tx_full", FAULT, "The port to send on took no more packets")             \
	X(BUG, "bug", FAULT, "A state that cannot happen; please report it")

#define DAMP_REASONS(X) DAMP_REASONS_PASS(X) DAMP_REASONS_DROP(X)

enum damp_reason {
#define X(name, label, sev, help) DAMP_REASON_##name,
	DAMP_REASONS(X)
#undef X
	DAMP_REASON_MAX
};

/* Reasons from here on end the packet. */
#define DAMP_REASON_FIRST_DROP DAMP_REASON_PROOF_TAKEN

_Static_assert(DAMP_REASON_MAX <= 64, "the stats segment keeps 64 reason slots");

#endif
