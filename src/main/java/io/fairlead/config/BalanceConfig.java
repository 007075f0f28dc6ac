package io.fairlead.config;

/**
 * Which node of a service gets the next request.
 *
 * @param method the rule
 */
public record BalanceConfig(BalanceMethod method) {
  public static final BalanceConfig DEFAULT = new BalanceConfig(BalanceMethod.ROUND_ROBIN);
}
