package io.fairlead.group;

import java.util.logging.Level;
import java.util.logging.Logger;

/**
 * What the engine and its client say goes to the program's log, and only what {@code
 * -Dfairlead.group.log=LEVEL} asks for: what matters of it we say ourselves, in words for
 * operators.
 */
final class ClientLog {
  /** Loggers are collected unless somebody holds them, and forget their level. */
  static final Logger LOG = Logger.getLogger("org.apache.zookeeper");

  static {
    LOG.setLevel(level());
  }

  private ClientLog() {}

  /** From now on. */
  static void keep() {
    // The class is there, and that is all.
  }

  private static Level level() {
    try {
      return Level.parse(System.getProperty("fairlead.group.log", "OFF"));
    } catch (IllegalArgumentException _) {
      return Level.OFF;
    }
  }
}
