package io.fairlead.insight.incident;

/**
 * A field of requests whose values are looked at one by one. Those with many values have places for
 * the most frequent ones; the others count as one value, "other".
 *
 * <p>The order is that of preference: where two explain the same, the first is named.
 */
enum Dimension {
  NODE("node", "node", 1024),
  VERSION("version", "version", 128),
  ZONE("zone", "zone", 32),
  SERVICE("service", "service", 128),
  ROUTE("route", "route", 512),
  LISTENER("listener", "listener", 32),
  CLIENT("client", "client", 2048),
  PATH("path", "path", 1024),
  HOST("host", "host", 256),
  AGENT("user_agent", "user agent", 512),
  METHOD("method", "method", 16),
  PROTOCOL("protocol", "protocol", 16),
  /** What came of a request; says how it was bad and not why, so it is never a cause. */
  STATUS("status", "status", 64),
  /** The same in Fairlead's words. */
  ERROR("error", "error", 64),
  /** Once, or more than once. */
  TRIES("tries", "tries", 4);

  static final Dimension[] ALL = values();

  /** So many, from the first, may be causes and are counted every second; a multiple of four. */
  static final int COUNTED = 12;

  /** In which the numbers of a request's values stand, 16 bits each, see {@link #in}. */
  static final int WORDS = 4;

  private final String field;
  private final String noun;

  /** Numbers that its values may have; the first two are taken, see {@link Dictionary}. */
  final int places;

  Dimension(String field, String noun, int places) {
    this.field = field;
    this.noun = noun;
    this.places = places;
  }

  /** As SQL, conditions and the API call it. */
  String field() {
    return field;
  }

  /** As sentences call it. */
  String noun() {
    return noun;
  }

  /** Of one value nothing is said unless much of the traffic has it: there are many of them. */
  boolean isFine() {
    return this == CLIENT || this == PATH || this == AGENT || this == HOST;
  }

  /** It says where a request went and not what the client made of it. */
  boolean isOurs() {
    return index() <= LISTENER.index();
  }

  @SuppressWarnings("EnumOrdinal") // the order is what counts
  int index() {
    return ordinal();
  }

  /** The number that stands there for the dimension of that index. */
  static int in(long[] words, int at, int index) {
    return (int) (words[at + (index >>> 2)] >>> ((index & 3) << 4)) & 0xFFFF;
  }

  /** Puts a number there for this one. */
  void put(long[] words, int at, int number) {
    int shift = (index() & 3) << 4;
    int word = at + (index() >>> 2);
    words[word] = (words[word] & ~(0xFFFFL << shift)) | ((long) number << shift);
  }
}
