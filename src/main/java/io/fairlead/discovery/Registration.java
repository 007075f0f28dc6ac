package io.fairlead.discovery;

/** What became of an attempt to register a node. */
public enum Registration {
  /** It is a member now, or will be with the next change of the service. */
  REGISTERED,
  /** It was registered before; its lease begins again and what is new about it holds. */
  RENEWED,
  /** The configuration file names this address too, and the file's word counts while it does. */
  NAMED_BY_FILE,
  /** The service has as many registered nodes as it may have; nothing was changed. */
  FULL
}
