package io.fairlead.proxy.http;

import java.io.IOException;
import java.lang.System.Logger.Level;

/** Exceptions on event loops: what peers do is ordinary, what we did wrong is logged. */
final class Failures {
  private static final System.Logger LOG = System.getLogger(Failures.class.getName());

  private Failures() {}

  static void log(Throwable cause) {
    if (!(cause instanceof IOException)) {
      LOG.log(Level.ERROR, "an exchange was ended by a mistake of ours", cause);
    }
  }
}
