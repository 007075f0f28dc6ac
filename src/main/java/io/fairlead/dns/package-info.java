/**
 * Authoritative answers of the DNS that send clients to what is up.
 *
 * <p>Start reading at {@link io.fairlead.dns.DnsServer}, which opens sockets, and at {@code
 * Responder}, which makes an answer of a question: {@code Query} reads it, {@code NameTable} finds
 * whose name it asks for, {@code ZoneData} has what is fixed and {@code Balanced} what is chosen,
 * {@code Answer} writes. What is answered from never changes once it is published: {@code Snapshot}
 * with each configuration, {@code Choices} of each balanced name whenever a member goes up or down.
 *
 * <p>{@code Told} keeps what an answer says and why, and {@code AnswerLog} leaves it as a record in
 * the thread's own ring; of many answers {@code Sampler} chooses some.
 *
 * <p>Threads of its own answer datagrams, one socket each, and virtual threads connections: neither
 * waits for event loops, nor they for it. Nothing here decides who is up: members are nodes of
 * services, and their facts are read.
 *
 * <p>Ruled by RFC 1034 and 1035 with 2181, 2308, 4592, 6891, 7766, 7871, 7873, 8482, 8945, 9018,
 * 9460, 9471 and 9619.
 */
@NullMarked
package io.fairlead.dns;

import org.jspecify.annotations.NullMarked;
