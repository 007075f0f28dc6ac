package io.fairlead.replication;

import io.fairlead.service.Node;

/** The connections that clients have to the members of a database. None of it waits. */
public interface DatabaseSessions {
  /** Those that write are taken from that member at once. */
  void cutWriters(Node node);

  /** Those that only read are. */
  void cutReaders(Node node);

  /** Those are, to which the member has not said a word; they go to another. */
  void moveReaders(Node node);

  /** The member drains: sessions there end between two transactions, where that can be told. */
  void retire(Node node);

  /**
   * Each key has one member, and which one may have changed: those that write at another than their
   * key's now end between two transactions, where that can be told, and are cut after a while.
   *
   * @param now the time in nanoseconds
   * @param graceNanos how long they may, from the first such call on
   */
  void settle(long now, long graceNanos);

  /** Roles have changed: those that wait may have a member now. */
  void wake();
}
