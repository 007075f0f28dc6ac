package io.fairlead.config;

/** What a health check asks a node. */
public sealed interface Probe {
  /** A connection that is accepted. */
  record Tcp() implements Probe {}

  /**
   * A GET that is answered with a wanted status.
   *
   * @param path what is asked for, starting with a slash
   * @param host value of the Host field; empty: the node's address
   * @param expect status codes that pass
   */
  record Http(String path, String host, StatusRange expect) implements Probe {}

  /** No probe: a node counts as up until a connection to it fails, and again after a pause. */
  record None() implements Probe {}

  /**
   * Status codes from one to another, both included.
   *
   * @param from 100 to 599
   * @param to from to 599
   */
  record StatusRange(int from, int to) {
    public boolean contains(int status) {
      return status >= from && status <= to;
    }

    @Override
    public String toString() {
      return from == to ? Integer.toString(from) : from + "-" + to;
    }
  }
}
