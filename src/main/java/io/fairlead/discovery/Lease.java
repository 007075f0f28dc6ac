package io.fairlead.discovery;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * For how long a registered node counts without being named again.
 *
 * @param who registered it
 * @param ttl null: for ever
 * @param remaining null: for ever; zero: it has expired, and the node stays only as long as it is
 *     up
 */
public record Lease(String who, @Nullable Duration ttl, @Nullable Duration remaining) {}
