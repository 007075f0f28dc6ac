/**
 * Which member of a database is what: who takes the writes, and whose state is fresh enough to be
 * read.
 *
 * <p>A database is a service whose nodes have roles. Health asks the members and says who is up;
 * here it is judged what their answers mean together ({@link
 * io.fairlead.replication.PostgresqlJudge}, {@link io.fairlead.replication.GaleraJudge}: pure), and
 * the nodes get their roles ({@link io.fairlead.replication.DatabaseWatch}, start reading there).
 * The data plane sends connections by these roles and cuts those whose node has lost its own.
 *
 * <p>The rule above all: no two members are reachable for writes at the same time. Where that
 * cannot be known nobody gets any, and an event says why.
 *
 * <p>Nothing here opens a connection. The one thing written to disk is the {@link
 * io.fairlead.replication.Term} that has begun, so that a process that starts anew does not believe
 * a primary of the past.
 */
@NullMarked
package io.fairlead.replication;

import org.jspecify.annotations.NullMarked;
