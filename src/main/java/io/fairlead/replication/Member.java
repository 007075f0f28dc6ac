package io.fairlead.replication;

import io.fairlead.service.Sighting;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/**
 * What is known of a member when roles are judged.
 *
 * @param name what people call it
 * @param up whether it answers
 * @param draining whether somebody wants it to get nothing new
 * @param sighting what it told last; null: nothing yet
 * @param seen when it told that, in nanoseconds of no certain origin
 * @param changed when it first told what kind of thing it is now (PostgreSQL: primary, or not;
 *     Galera: the membership)
 * @param replayed of PostgreSQL: the position when it was last seen as a replica; empty: it has not
 *     been seen as one
 * @param behind of a replica: bytes that the primary had written and it had not replayed when it
 *     was asked; empty: no primary was known
 */
record Member(
    String name,
    boolean up,
    boolean draining,
    @Nullable Sighting sighting,
    long seen,
    long changed,
    OptionalLong replayed,
    OptionalLong behind) {}
