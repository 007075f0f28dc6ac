/**
 * Virtual IPs: addresses that one of several instances has at a time.
 *
 * <p>{@link io.fairlead.vip.Vips} is the door: it keeps one {@link io.fairlead.vip.Vip} for each
 * that is configured. Who owns it is decided by a lease ({@link io.fairlead.vip.LeaseElection}) or
 * by VRRPv3 ({@link io.fairlead.vip.VrrpRouter}); both are decisions with a clock as argument and
 * without a socket. What owning means is {@link io.fairlead.vip.Link}: the kernel is asked by
 * netlink to have the address for a few seconds, again and again, and neighbours are told by
 * gratuitous ARP and neighbour advertisements. So whoever is frozen or killed loses the address
 * without doing anything.
 *
 * <p>Everything but reading adverts happens on one thread of this room ({@link
 * io.fairlead.vip.VipThread}): its calls to the kernel end at once, but they are calls, which the
 * control thread does not make. The kernel is spoken to through the foreign-function API ({@link
 * io.fairlead.vip.Posix}); messages are made and read in arrays, by classes that open no socket.
 *
 * <p>RFC 9568 (VRRPv3), RFC 5227 (ARP announcements), RFC 4861 (neighbour advertisements),
 * rtnetlink(7), packet(7).
 */
@NullMarked
package io.fairlead.vip;

import org.jspecify.annotations.NullMarked;
