package io.fairlead.admin;

/**
 * A certificate that this instance orders.
 *
 * @param id what it is called in metrics
 * @param issued orders that ended well since the start of the process
 * @param failed those that did not
 * @param trouble what there is to say, as a sentence; empty: all is well
 */
public record OrderedView(String id, long issued, long failed, String trouble) {}
