/**
 * Databases that Fairlead makes, runs and fails over itself.
 *
 * <p>Of PostgreSQL {@link io.fairlead.replication.manage.ManagedDatabase} is the whole of one;
 * start reading there. A {@code MemberAgent} sees to each member on this machine and decides
 * nothing about who is the primary. The {@code Coordinator} does, while this instance has the role
 * to: {@code Steady} and {@code Failover} say what follows from what, purely, and {@code MemberSql}
 * says it to members.
 *
 * <p>What is acknowledged is never lost, and no clock is part of the reason: an old primary is not
 * waited for but deprived of those whose word its commits need ({@code VoterRule}). What has to be
 * remembered for that is in a {@code StateStore}.
 *
 * <p>A {@code LogWitness} votes, too, with the log alone, which {@link
 * io.fairlead.replication.backup.WitnessLog} keeps.
 *
 * <p>Of Galera it is {@link io.fairlead.replication.manage.ManagedGalera}: a {@code GaleraAgent}
 * for each member, a {@code GaleraCoordinator} who says who writes, and {@code GaleraBootstrap},
 * purely, who begins a cluster anew.
 *
 * <p>Needs Linux: processes are looked at in {@code /proc}, and the kernel ends servers that nobody
 * looks after.
 */
@NullMarked
package io.fairlead.replication.manage;

import org.jspecify.annotations.NullMarked;
