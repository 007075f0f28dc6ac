package io.fairlead.config;

/**
 * A mark on a route that routers act on as they were told (RFC 1997).
 *
 * @param high the AS that says what it means, or 65535 for those with a meaning of their own
 * @param low what it means
 */
public record BgpCommunity(int high, int low) {
  /** Use another route where there is one: this one is about to go (RFC 8326). */
  public static final BgpCommunity GRACEFUL_SHUTDOWN = new BgpCommunity(65535, 0);

  private static final int MOST = 65535;

  public BgpCommunity {
    new Require()
        .that(
            high >= 0 && high <= MOST && low >= 0 && low <= MOST,
            "community",
            high + ":" + low,
            "must be two numbers from 0 to 65535")
        .orRefuse();
  }

  /**
   * Reads {@code 65000:100}.
   *
   * @throws InvalidConfigException with the rule that does not hold
   */
  static BgpCommunity parse(String text) {
    if (text.matches("[0-9]{1,5}:[0-9]{1,5}")) {
      int colon = text.indexOf(':');
      int high = Integer.parseInt(text.substring(0, colon));
      int low = Integer.parseInt(text.substring(colon + 1));
      if (high <= MOST && low <= MOST) {
        return new BgpCommunity(high, low);
      }
    }
    throw Require.refusal("must be two numbers from 0 to 65535, such as 65000:100");
  }

  @Override
  public String toString() {
    return high + ":" + low;
  }
}
