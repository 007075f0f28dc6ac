package io.fairlead.dns;

import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What authorities that issue certificates ask for to see that a name is ours (RFC 8555, 8.4), in
 * all zones: while an order is going on, and only what it asks for. While nothing is asked for, a
 * question for text costs one look at an empty field, and all others nothing.
 */
public final class DnsChallenges {
  private static final String PREFIX = "_acme-challenge.";

  /** Seconds that a copy is good for: the next order has another text. */
  private static final int TTL = 1;

  /** By the name as it is sent, in lower case, one byte a letter. */
  private volatile @Nullable Map<String, RecordSet> outstanding;

  /**
   * From now on these are answered, and no others.
   *
   * @param texts by the name that is to be proven; a wildcard is proven by the name below the star
   */
  public void show(Map<String, List<String>> texts) {
    Map<String, RecordSet> next = new HashMap<>();
    texts.forEach((domain, some) ->
        next.put(
            new String(Names.of(PREFIX + domain), StandardCharsets.ISO_8859_1),
            new RecordSet(
                Type.TXT, TTL, some.stream().map(DnsChallenges::data).toArray(byte[][]::new))));
    outstanding = next.isEmpty() ? null : next;
  }

  /** Null: that name has none. */
  @Nullable RecordSet answer(Query query) {
    Map<String, RecordSet> present = outstanding;
    return present == null ? null : present.get(name(query));
  }

  /** Whether that name, or one below it, has one: then there is such a name. */
  boolean isKnown(Query query) {
    Map<String, RecordSet> present = outstanding;
    if (present != null) {
      String name = name(query);
      for (String each : present.keySet()) {
        if (each.endsWith(name) && Names.isBelow(bytes(each), bytes(name))) {
          return true;
        }
      }
    }
    return false;
  }

  private static String name(Query query) {
    return new String(query.name, 0, query.nameLength, StandardCharsets.ISO_8859_1);
  }

  private static byte[] bytes(String name) {
    return name.getBytes(StandardCharsets.ISO_8859_1);
  }

  /** One string of 43 letters. */
  private static byte[] data(String text) {
    byte[] data = new byte[text.length() + 1];
    data[0] = (byte) text.length();
    System.arraycopy(text.getBytes(StandardCharsets.US_ASCII), 0, data, 1, text.length());
    return data;
  }
}
