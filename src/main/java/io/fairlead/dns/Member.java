package io.fairlead.dns;

import java.net.InetAddress;

/**
 * One address that a balanced name may answer with, and what is true of it now.
 *
 * @param address what is answered
 * @param name what people call it
 * @param weight its share relative to the others; 0: none
 * @param site where it stands; may be empty
 * @param up whether it serves
 * @param draining whether it gets nobody new because somebody said so
 * @param active what it has to do now
 * @param capacity what it can have to do at once; 0: nobody has said
 * @param changeMillis the least time after which probes could find otherwise; {@link
 *     Long#MAX_VALUE}: nobody asks
 */
public record Member(
    InetAddress address,
    String name,
    double weight,
    String site,
    boolean up,
    boolean draining,
    long active,
    long capacity,
    long changeMillis) {}
