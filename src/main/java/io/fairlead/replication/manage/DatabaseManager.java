package io.fairlead.replication.manage;

import java.io.IOException;

/**
 * A database that Fairlead makes, runs and fails over itself, whatever its engine. All of it may
 * wait, but for {@link #view}.
 */
public interface DatabaseManager extends AutoCloseable {
  /** What is known of it. Any thread. */
  ManagedView view();

  /**
   * Lets the writes go to another member, with as little harm as can be.
   *
   * @param to empty: whoever is fit
   * @return who takes the writes now
   * @throws IOException saying why it has not come to that
   */
  String switchover(String to) throws IOException;

  /** Leaves all as it is until {@link #resume}: nobody is elected, nothing is started. */
  void pause(String who) throws IOException;

  /** Manages it again. */
  void resume(String who) throws IOException;

  /** Gives up the data of a member for a new copy of another's. */
  void reinit(String member) throws IOException;

  /**
   * Has a cluster that cannot begin again by itself begin with what that member has, whatever else
   * there was; of PostgreSQL, has a member promoted, if nobody else can be, although a page of it
   * is damaged.
   *
   * @return what is done, for people
   * @throws IOException saying why it is not done; also where there is nothing like it
   */
  String bootstrap(String member) throws IOException;

  /** Another process goes on with it: servers stay, and nothing is decided here any more. */
  void abandon();

  /** Ends all members in order. */
  @Override
  void close();
}
