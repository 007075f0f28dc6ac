package io.fairlead.group;

import java.io.IOException;
import java.util.List;
import org.apache.zookeeper.KeeperException;
import org.apache.zookeeper.Watcher;
import org.apache.zookeeper.ZooKeeper;
import org.apache.zookeeper.data.ACL;
import org.jspecify.annotations.Nullable;

/** Who keeps a group's state, as the client of it in this instance sees them. */
interface StateServers {
  /** Milliseconds that an instance is thought to be there that does not say anything. */
  int SESSION_MILLIS = 3000;

  /** Milliseconds that one question may take. */
  int REQUEST_MILLIS = 5000;

  /** Bytes of one message: the names of all keys of the store, if they are long. */
  int MAX_MESSAGE = 32 << 20;

  /** Whether it makes sense to ask them now. */
  boolean areThere();

  /**
   * Connects to them, which has not happened yet when this returns.
   *
   * @param before the connection before, whose session goes on if it can; null: there is none
   */
  Client connect(Watcher watcher, @Nullable ZooKeeper before) throws IOException;

  /** What the engine's client is, and that it can be left. */
  interface Client {
    ZooKeeper zooKeeper();

    /**
     * Ends what is here, without a word to a server that may not be there any more. Nobody waits
     * for it: the engine's client may be in its pause of up to a second before it connects again.
     */
    void abandon();
  }

  /**
   * Makes what has to be there before the state is used.
   *
   * @throws GroupException with what an operator can do about it, if it cannot be used
   */
  void prepare(ZooKeeper client) throws KeeperException, InterruptedException, GroupException;

  /** The path that the state is below. */
  String root();

  /** Who may read and change what is made there. */
  List<ACL> access();

  /**
   * Milliseconds to wait, at first, before they are asked again after they could not be reached.
   */
  int pauseMillis();

  /** What is lost when they do not answer: {@code the group's majority}. */
  String name();

  /** How that is said: {@code no majority of the group is reached}. */
  String unreached();

  /** Why a session with them did not begin, in words. */
  String obstacle(KeeperException refusal);
}
