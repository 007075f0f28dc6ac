package io.fairlead.admin;

import java.util.List;

/**
 * A certificate that is ordered.
 *
 * @param id what it is called in metrics
 * @param names that it is for
 * @param authority whose directory
 * @param here whether this instance orders it, and not another one of the group
 * @param next when something is to be done about it, epoch milliseconds; 0: now, or not here
 * @param issued orders that ended well since the start of the process
 * @param failed those that did not
 * @param trouble what there is to say, as a sentence; empty: all is well
 */
public record OrderedView(
    String id,
    List<String> names,
    String authority,
    boolean here,
    long next,
    long issued,
    long failed,
    String trouble) {}
