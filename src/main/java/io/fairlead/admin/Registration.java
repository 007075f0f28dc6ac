package io.fairlead.admin;

import io.fairlead.config.HostPort;
import java.time.Duration;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A node that wants to be a member.
 *
 * @param service the service's name
 * @param address where the node serves
 * @param name what people call it
 * @param weight 0 to 1000
 * @param zone where it stands; may be empty
 * @param tier lower ones are used first, 0 to 9
 * @param labels what tells groups of nodes apart
 * @param ttl after which the membership ends unless renewed; null: it stays until deregistered
 */
public record Registration(
    String service,
    HostPort address,
    String name,
    int weight,
    String zone,
    int tier,
    Map<String, String> labels,
    @Nullable Duration ttl) {}
