package io.fairlead.identity;

import java.time.Duration;
import java.util.Map;

/** What has been found out about a credential. */
public sealed interface Verdict {
  /**
   * It is good.
   *
   * @param who its owner; empty: the credential does not say
   * @param fields what nodes are told of its owner, by field name in lower case; no control
   *     characters
   * @param lasts how long it need not be looked at again
   */
  record Accepted(String who, Map<String, String> fields, Duration lasts) implements Verdict {
    public Accepted {
      fields = Map.copyOf(fields);
    }
  }

  /**
   * It is not good.
   *
   * @param known its owner is known, and may not do this; else nobody has been recognised
   * @param challenge value of {@code www-authenticate}
   */
  record Refused(boolean known, String challenge) implements Verdict {}

  /** It could not be looked at. */
  record Unavailable() implements Verdict {}
}
