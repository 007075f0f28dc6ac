/**
 * Several instances as one: state that a majority of them keeps, and what is built on it.
 *
 * <p>The engine is Apache ZooKeeper [1], run inside the process: {@link io.fairlead.group.Engine}
 * starts and stops it, {@link io.fairlead.group.ZooKeeperState} speaks to it, and nothing else
 * knows it. All others see {@link io.fairlead.group.GroupState}: read, compare and set,
 * transactions, watching. On that stand {@link io.fairlead.group.Leases} (roles that one instance
 * has at a time), {@link io.fairlead.group.Store} (keys and values for applications) and {@link
 * io.fairlead.group.Versions} (one configuration for all).
 *
 * <p>Who may vote is decided by {@link io.fairlead.group.MemberPlan}, how an instance without state
 * begins by {@link io.fairlead.group.Formation}; both are pure. Instances greet each other at
 * {@link io.fairlead.group.GroupDoor} before they let their engines meet.
 *
 * <p>Nothing in here is in the way of a request. Without a majority nothing is written and no lease
 * is granted, and event loops go on with what was published last. Nothing of it is loaded unless
 * {@code group} is configured.
 *
 * <p>Start reading at {@link io.fairlead.group.Group}.
 *
 * <p>[1] P. Hunt et al., ZooKeeper: Wait-free Coordination for Internet-scale Systems, USENIX ATC
 * 2010; F. Junqueira et al., Zab: High-performance Broadcast for Primary-backup Systems, DSN 2011.
 */
@NullMarked
package io.fairlead.group;

import org.jspecify.annotations.NullMarked;
