package io.fairlead.proxy.http;

import io.fairlead.config.Importance;
import java.util.Locale;

/** How important a request is: as its route says, or as a trusted proxy in front says of it. */
final class Importances {
  private static final Importance[] ALL = Importance.values();
  private static final byte[][] WORDS = new byte[ALL.length][];

  static {
    for (int i = 0; i < ALL.length; i++) {
      WORDS[i] = Ascii.bytes(ALL[i].name().toLowerCase(Locale.ROOT));
    }
  }

  private Importances() {}

  /**
   * The rank, 0 being the most important. Whoever is not trusted would call everything critical.
   *
   * @param ofRoute what counts unless somebody trusted knows better
   */
  static int of(Head request, ClientSide client, int ofRoute) {
    if (!request.has(FieldName.IMPORTANCE) || !client.who().isTrusted()) {
      return ofRoute;
    }
    int field = request.first(FieldName.IMPORTANCE);
    for (int i = 0; i < WORDS.length; i++) {
      if (Ascii.rangeEqualsIgnoreCase(
          request.bytes, request.valueStart(field), request.valueEnd(field), WORDS[i])) {
        return ALL[i].rank();
      }
    }
    return ofRoute;
  }
}
