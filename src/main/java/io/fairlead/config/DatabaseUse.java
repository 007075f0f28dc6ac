package io.fairlead.config;

/** What a connection to a database is for. */
public enum DatabaseUse {
  /** It goes to the primary. */
  READ_WRITE,
  /** It goes to a replica that is not far behind. */
  READ_ONLY
}
