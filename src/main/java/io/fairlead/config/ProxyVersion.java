package io.fairlead.config;

/** What nodes are told at the beginning of a connection about the client it is for. */
public enum ProxyVersion {
  /** Nothing. */
  NONE,
  /** A line of text. */
  V1,
  /** Binary. */
  V2
}
