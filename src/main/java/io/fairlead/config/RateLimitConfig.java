package io.fairlead.config;

import java.util.List;

/**
 * How many requests are let in.
 *
 * @param name what clients are told it is called; unique in its route
 * @param key whose requests are counted together
 * @param rate let in on average
 * @param burst let in at once after a pause, 1 to 1,000,000
 * @param keys counted apart at the same time, {@value #MIN_KEYS} to {@value #MAX_KEYS}; default
 *     {@value #DEFAULT_KEYS}
 * @param shared whether all instances of a group count together
 */
public record RateLimitConfig(
    String name, Key key, Rate rate, int burst, int keys, boolean shared) {
  static final Range<Integer> BURST = Range.counts(1, 1_000_000);
  static final int MIN_KEYS = 16;
  static final int MAX_KEYS = 1_048_576;
  static final Range<Integer> KEYS = Range.counts(MIN_KEYS, MAX_KEYS);
  static final int DEFAULT_KEYS = 8_192;

  /** Of all limits of a file: each takes up to 37 bytes, whether it is used or not. */
  static final int MAX_KEYS_OF_FILE = 4_194_304;

  public RateLimitConfig {
    new Require()
        .unless(Syntax.name(name), List.of("name"), name)
        .within(BURST, "burst", burst)
        .within(KEYS, "keys", keys)
        .orRefuse();
  }

  /** Places that are needed: one for a whole route. */
  public int places() {
    return key instanceof Key.Route ? 1 : keys;
  }

  /** Whose requests are counted together. */
  public sealed interface Key {
    /** Those of one client address; of one /64 where it is IPv6. */
    record ClientIp() implements Key {
      @Override
      public String toString() {
        return "client-ip";
      }
    }

    /** All of the route. */
    record Route() implements Key {
      @Override
      public String toString() {
        return "route";
      }
    }

    /**
     * Those with the same value of a field; all without it together.
     *
     * @param name in lower case
     */
    record Header(String name) implements Key {
      @Override
      public String toString() {
        return "header:" + name;
      }
    }

    static Key parse(String text) {
      if (text.equals("client-ip")) {
        return new ClientIp();
      }
      if (text.equals("route")) {
        return new Route();
      }
      String name = text.startsWith("header:") ? text.substring(7) : "";
      String lower = name.toLowerCase(java.util.Locale.ROOT);
      if (Syntax.headerName(lower) != null) {
        throw Require.refusal("must be client-ip, route or header:NAME");
      }
      return new Header(lower);
    }
  }
}
