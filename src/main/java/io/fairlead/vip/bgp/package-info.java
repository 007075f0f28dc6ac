/**
 * Tells routers of addresses by BGP, and accepts nothing from them.
 *
 * <p>{@link io.fairlead.vip.bgp.BgpSpeaker} is the door: it is told which addresses this instance
 * has and keeps one {@link io.fairlead.vip.bgp.BgpSession} with each router, which decides with a
 * clock as argument and without a socket. Messages are made and read in arrays by {@link
 * io.fairlead.vip.bgp.BgpWriter} and {@link io.fairlead.vip.bgp.BgpReader}. Bytes are carried by
 * {@link io.fairlead.vip.bgp.BgpLines}. What routers announce is read as far as it takes to know
 * where messages end and whether they are in order, counted, and forgotten.
 *
 * <p>All but carrying bytes happens on the thread of virtual IPs.
 *
 * <p>RFC 4271 (BGP-4), 4760 (families), 5492 (capabilities), 6793 (numbers of four octets), 2918
 * (route refresh), 7606 (errors in routes), 8326 (graceful shutdown), 9003 (words in the last
 * message), 5082 (TTL security), 2385 (signatures of TCP).
 */
@NullMarked
package io.fairlead.vip.bgp;

import org.jspecify.annotations.NullMarked;
