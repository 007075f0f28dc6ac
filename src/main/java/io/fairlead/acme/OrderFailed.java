package io.fairlead.acme;

import java.time.Instant;
import java.util.Optional;

/** An order came to nothing; its message says why, in words for the operator. */
final class OrderFailed extends Exception {
  private static final long serialVersionUID = 1;

  private final transient Optional<Instant> notBefore;

  OrderFailed(String why) {
    this(why, Optional.empty());
  }

  /**
   * @param notBefore when the authority wants to be asked again, at the earliest
   */
  OrderFailed(String why, Optional<Instant> notBefore) {
    super(why);
    this.notBefore = notBefore;
  }

  Optional<Instant> notBefore() {
    return notBefore;
  }
}
