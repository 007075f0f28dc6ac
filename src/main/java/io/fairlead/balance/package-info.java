/**
 * Which node gets the next request.
 *
 * <p>A balancer is made for one published set of nodes and thrown away with it; picking allocates
 * nothing, locks nothing and takes its chance as an argument. Start at {@link
 * io.fairlead.balance.Balancer}: it lists every kind. What all kinds promise (shares in proportion
 * to weight, only available nodes, the node to avoid avoided) is written in {@code BalancerTest},
 * which every kind has to pass.
 */
@NullMarked
package io.fairlead.balance;

import org.jspecify.annotations.NullMarked;
