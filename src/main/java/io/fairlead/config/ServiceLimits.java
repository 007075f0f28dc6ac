package io.fairlead.config;

/**
 * How much a service and each of its nodes gets at once.
 *
 * @param requestsPerNode in flight at one node, over all event loops; {@link #UNLIMITED}: any
 *     number
 */
public record ServiceLimits(int requestsPerNode) {
  public static final int UNLIMITED = Integer.MAX_VALUE;
  public static final ServiceLimits NONE = new ServiceLimits(UNLIMITED);
}
