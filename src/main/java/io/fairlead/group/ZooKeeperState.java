package io.fairlead.group;

import io.fairlead.group.GroupException.Kind;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import org.apache.zookeeper.AddWatchMode;
import org.apache.zookeeper.CreateMode;
import org.apache.zookeeper.KeeperException;
import org.apache.zookeeper.Op;
import org.apache.zookeeper.WatchedEvent;
import org.apache.zookeeper.Watcher;
import org.apache.zookeeper.ZooKeeper;
import org.apache.zookeeper.admin.ZooKeeperAdmin;
import org.apache.zookeeper.data.Stat;
import org.jspecify.annotations.Nullable;

/**
 * The group's state as this instance reaches it: at its own server, or at an ensemble.
 *
 * <p>Reading what was acknowledged takes more than asking the server that is reached, which may be
 * behind, and more than the engine's {@code sync}: a leader that was frozen answers that before it
 * notices that there is another. So a read first has a transaction that changes nothing decided by
 * a majority; reads that come while one is on its way share the next.
 *
 * <p>When the connection is lost another is begun at once. The engine's client would come back
 * itself, but waits up to a second first, and longer where it finds nobody; a role would not last
 * that long.
 */
final class ZooKeeperState implements GroupState, AutoCloseable {
  /** How long a connection may take; twice that after each that did not, up to the second. */
  private static final int CONNECT_MILLIS = 500;

  private static final int CONNECT_AT_MOST_MILLIS = 4000;

  private static final int PAUSE_AT_MOST_MILLIS = 1000;

  private static final long LOOK_MILLIS = 20;

  private static final System.Logger LOG = System.getLogger(ZooKeeperState.class.getName());

  private final StateServers servers;
  private final String root;
  private final List<Watching> watches = new CopyOnWriteArrayList<>();
  private final Thread keeper;
  private final Barrier barrier = new Barrier();
  private volatile @Nullable Session session;
  private volatile boolean closed;
  private volatile String obstacle = "";

  /** One watch, over all sessions. */
  private record Watching(String path, Consumer<String> listener, Watcher watcher) {}

  ZooKeeperState(StateServers servers) {
    this.servers = servers;
    this.root = servers.root();
    keeper = Thread.ofVirtual().name("group session").start(this::keepSession);
  }

  /** One connection, and what has been heard of it. */
  private static final class Session {
    final StateServers.Client client;
    final CountDownLatch lost = new CountDownLatch(1);
    final CompletableFuture<Boolean> connected = new CompletableFuture<>();
    private volatile boolean ended;

    private Session(StateServers servers, @Nullable Session before) throws IOException {
      client =
          servers.connect(
              this::heard, before == null || before.ended ? null : before.client.zooKeeper());
    }

    private void heard(WatchedEvent event) {
      switch (event.getState()) {
        case SyncConnected -> {
          boolean _ = connected.complete(true);
        }
        case Disconnected, Expired, Closed, AuthFailed -> {
          // Closed is said of what was abandoned, too, and its session goes on.
          ended |=
              event.getState() == Watcher.Event.KeeperState.Expired
                  || event.getState() == Watcher.Event.KeeperState.AuthFailed;
          lost.countDown();
          boolean _ = connected.complete(false);
        }
        default -> {} // of a watch
      }
    }

    ZooKeeper zooKeeper() {
      return client.zooKeeper();
    }
  }

  private void keepSession() {
    int patience = CONNECT_MILLIS;
    int pause = servers.pauseMillis();
    Session last = null;
    try {
      while (!closed) {
        if (!servers.areThere()) {
          Thread.sleep(LOOK_MILLIS);
          continue;
        }
        Session next = open(last);
        if (next == null) {
          Thread.sleep(PAUSE_AT_MOST_MILLIS);
          continue;
        }
        boolean reached =
            next.connected.completeOnTimeout(false, patience, TimeUnit.MILLISECONDS).join();
        if (reached) {
          last = next;
        }
        if (reached && begin(next)) {
          patience = CONNECT_MILLIS;
          pause = servers.pauseMillis();
          obstacle = "";
          session = next;
          next.lost.await();
          session = null;
          next.client.abandon();
          continue;
        }
        if (next.ended) {
          last = null; // the next one is a session of its own
        }
        if (!reached) {
          obstacle = servers.unreached();
        }
        next.client.abandon();
        patience = Math.min(2 * patience, CONNECT_AT_MOST_MILLIS);
        Thread.sleep(pause);
        pause = Math.min(2 * pause, PAUSE_AT_MOST_MILLIS);
      }
    } catch (InterruptedException _) {
      // Closed.
    }
  }

  private @Nullable Session open(@Nullable Session last) {
    try {
      return new Session(servers, last);
    } catch (IOException | RuntimeException e) {
      obstacle = String.valueOf(e.getMessage());
      return null;
    }
  }

  private boolean begin(Session next) throws InterruptedException {
    ZooKeeper client = next.zooKeeper();
    try {
      servers.prepare(client);
      for (Watching watching : watches) {
        client.addWatch(
            root + watching.path(), watching.watcher(), AddWatchMode.PERSISTENT_RECURSIVE);
        watching.listener().accept(watching.path());
      }
      return true;
    } catch (KeeperException e) {
      obstacle = servers.obstacle(e);
      LOG.log(Level.DEBUG, obstacle);
    } catch (GroupException | RuntimeException e) {
      obstacle = String.valueOf(e.getMessage());
    }
    return false;
  }

  /** Whether there is a majority that this instance is in touch with, as far as it knows. */
  boolean isConnected() {
    return session != null;
  }

  /** Why it is not connected, or was not when it last was not; empty: nothing is known. */
  String obstacle() {
    return obstacle;
  }

  /** Which session this is; 0: none. */
  long sessionId() {
    Session present = session;
    return present == null ? 0 : present.zooKeeper().getSessionId();
  }

  /** Milliseconds after which this instance is thought to be gone; 0: there is no session. */
  int sessionMillis() {
    Session present = session;
    return present == null ? 0 : present.zooKeeper().getSessionTimeout();
  }

  // --- what is asked -----------------------------------------------------------------------

  private interface Question<T extends @Nullable Object> {
    T ask(ZooKeeper client) throws KeeperException, InterruptedException;
  }

  /** What may have been done when no answer came. */
  private enum Effect {
    NONE,
    SOME
  }

  private <T extends @Nullable Object> T ask(Effect effect, Question<T> question)
      throws GroupException {
    Session present = session;
    if (present == null) {
      throw new GroupException(Kind.UNAVAILABLE, servers.unreached() + "; nothing was changed");
    }
    try {
      return question.ask(present.zooKeeper());
    } catch (KeeperException e) {
      throw failure(effect, e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new GroupException(Kind.UNKNOWN, "interrupted", e);
    }
  }

  private GroupException failure(Effect effect, KeeperException e) {
    return switch (e.code()) {
      // The engine's client says of everything that is under way when it is closed that it expired.
      case CONNECTIONLOSS, OPERATIONTIMEOUT, REQUESTTIMEOUT, SESSIONEXPIRED ->
          effect == Effect.NONE
              ? new GroupException(
                  Kind.UNAVAILABLE, servers.name() + " was lost before it answered", e)
              : new GroupException(
                  Kind.UNKNOWN,
                  servers.name()
                      + " was lost before it answered; whether the change was made is not known",
                  e);
      case SESSIONMOVED, NEWCONFIGNOQUORUM, RECONFIGINPROGRESS ->
          new GroupException(Kind.UNAVAILABLE, "not now: " + e.code(), e);
      case BADVERSION, NODEEXISTS, NONODE, NOTEMPTY ->
          new GroupException(Kind.CONFLICT, "something else is there: " + e.code(), e);
      default -> new GroupException(Kind.REFUSED, "the group's state refused: " + e.code(), e);
    };
  }

  @Override
  public @Nullable Entry peek(String path) throws GroupException {
    return ask(
        Effect.NONE,
        zk -> {
          Stat stat = new Stat();
          try {
            return entry(path, zk.getData(root + path, false, stat), stat);
          } catch (KeeperException.NoNodeException _) {
            return null;
          }
        });
  }

  @Override
  public List<String> names(String path) throws GroupException {
    return ask(
        Effect.NONE,
        zk -> {
          try {
            return zk.getChildren(root + path, false);
          } catch (KeeperException.NoNodeException _) {
            return List.of();
          }
        });
  }

  @Override
  public int count(String path) throws GroupException {
    return ask(
        Effect.NONE,
        zk -> {
          Stat stat = zk.exists(root + path, false);
          return stat == null ? 0 : stat.getNumChildren();
        });
  }

  @Override
  public @Nullable Entry get(String path) throws GroupException {
    catchUp();
    return peek(path);
  }

  @Override
  public void catchUp() throws GroupException {
    barrier.pass();
  }

  @Override
  public void commit(List<? extends Change> changes) throws GroupException {
    List<Op> operations = changes.stream().map(this::operation).toList();
    Object _ = ask(Effect.SOME, zk -> zk.multi(operations));
  }

  private Op operation(Change change) {
    return switch (change) {
      case Change.Create(String path, byte[] value) ->
          Op.create(root + path, value, servers.access(), CreateMode.PERSISTENT);
      case Change.Set(String path, byte[] value, int version) ->
          Op.setData(root + path, value, version);
      case Change.Delete(String path, int version) -> Op.delete(root + path, version);
      case Change.Check(String path, int version) -> Op.check(root + path, version);
    };
  }

  @Override
  public @Nullable Entry create(String path, byte[] value) throws GroupException {
    return create(path, value, CreateMode.PERSISTENT);
  }

  @Override
  public @Nullable Entry lend(String path, byte[] value) throws GroupException {
    return create(path, value, CreateMode.EPHEMERAL);
  }

  private @Nullable Entry create(String path, byte[] value, CreateMode mode) throws GroupException {
    return ask(
        Effect.SOME,
        zk -> {
          Stat stat = new Stat();
          try {
            Object _ = zk.create(root + path, value, servers.access(), mode, stat);
            return entry(path, value, stat);
          } catch (KeeperException.NodeExistsException _) {
            return null;
          }
        });
  }

  @Override
  public @Nullable Entry compareAndSet(String path, byte[] value, int version)
      throws GroupException {
    return ask(
        Effect.SOME,
        zk -> {
          try {
            return entry(path, value, zk.setData(root + path, value, version));
          } catch (KeeperException.BadVersionException | KeeperException.NoNodeException _) {
            return null;
          }
        });
  }

  @Override
  public boolean delete(String path, int version) throws GroupException {
    return ask(
        Effect.SOME,
        zk -> {
          try {
            zk.delete(root + path, version);
            return true;
          } catch (KeeperException.BadVersionException | KeeperException.NoNodeException _) {
            return false;
          }
        });
  }

  @Override
  public void ensure(String path) throws GroupException {
    for (int slash = path.indexOf('/', 1); ; slash = path.indexOf('/', slash + 1)) {
      String part = slash < 0 ? path : path.substring(0, slash);
      if (peek(part) == null) {
        Entry _ = create(part, new byte[0]);
      }
      if (slash < 0) {
        return;
      }
    }
  }

  @Override
  public Watch watch(String path, Consumer<String> listener) throws GroupException {
    Watching watching =
        new Watching(
            path,
            listener,
            event -> {
              if (event.getType() != Watcher.Event.EventType.None && event.getPath() != null) {
                listener.accept(event.getPath().substring(root.length()));
              }
            });
    watches.add(watching);
    Session present = session;
    if (present != null) {
      try {
        present
            .zooKeeper()
            .addWatch(root + path, watching.watcher(), AddWatchMode.PERSISTENT_RECURSIVE);
      } catch (KeeperException _) {
        // The next session does it.
      } catch (InterruptedException _) {
        Thread.currentThread().interrupt();
      }
    }
    return () -> {
      watches.remove(watching);
      Session last = session;
      if (last != null) {
        last.zooKeeper()
            .removeWatches(
                root + path,
                watching.watcher(),
                Watcher.WatcherType.PersistentRecursive,
                /* local= */ true,
                (_, _, _) -> {},
                null);
      }
    };
  }

  /**
   * @param value null: of one that somebody else has put there
   */
  private static Entry entry(String path, byte @Nullable [] value, Stat stat) {
    return new Entry(
        path,
        value == null ? new byte[0] : value,
        stat.getVersion(),
        stat.getMzxid(),
        stat.getEphemeralOwner());
  }

  // --- servers -----------------------------------------------------------------------------

  /** Who keeps the state, as far as this instance knows. */
  Servers servers() throws GroupException {
    return ask(
        Effect.NONE,
        zk -> Servers.parse(new String(zk.getConfig(false, new Stat()), StandardCharsets.UTF_8)));
  }

  /** Has others keep the state from now on, unless somebody else changed that meanwhile. */
  void change(Servers from, Servers to) throws GroupException {
    Object _ =
        ask(
            Effect.SOME,
            zk ->
                ((ZooKeeperAdmin) zk)
                    .reconfigure(
                        (String) null,
                        null,
                        to.lines().replace("\n", ","),
                        from.version(),
                        new Stat()));
  }

  /**
   * Has one transaction decided at a time, for all who came before it began.
   *
   * <p>Who comes while one is under way cannot share it: it may have been decided before what the
   * newcomer has to see.
   */
  private final class Barrier {
    private @Nullable CompletableFuture<Void> running;
    private @Nullable CompletableFuture<Void> next;

    void pass() throws GroupException {
      CompletableFuture<Void> mine;
      synchronized (this) {
        if (next == null) {
          next = new CompletableFuture<>();
        }
        mine = next;
        if (running == null) {
          begin();
        }
      }
      try {
        mine.get(StateServers.REQUEST_MILLIS + 1000L, TimeUnit.MILLISECONDS);
      } catch (ExecutionException e) {
        Throwable cause = e.getCause();
        throw new GroupException(
            Kind.UNAVAILABLE,
            cause == null ? servers.unreached() : String.valueOf(cause.getMessage()),
            e);
      } catch (TimeoutException e) {
        throw new GroupException(Kind.UNAVAILABLE, servers.name() + " did not answer", e);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new GroupException(Kind.UNAVAILABLE, "interrupted", e);
      }
    }

    private void begin() {
      CompletableFuture<Void> mine = next;
      Session present = session;
      next = null;
      running = mine;
      if (mine == null) {
        return;
      }
      if (present == null) {
        end(mine, servers.unreached());
        return;
      }
      present
          .zooKeeper()
          .multi(
              List.of(Op.check(root, -1)),
              (code, _, _, _) ->
                  end(
                      mine,
                      code == KeeperException.Code.OK.intValue()
                          ? null
                          : servers.name() + " was lost before it answered"),
              null);
    }

    private void end(CompletableFuture<Void> mine, @Nullable String failure) {
      synchronized (this) {
        running = null;
        if (next != null) {
          begin();
        }
      }
      if (failure == null) {
        mine.complete(null);
      } else {
        mine.completeExceptionally(new IOException(failure));
      }
    }
  }

  @Override
  public void close() {
    closed = true;
    keeper.interrupt();
    Session present = session;
    session = null;
    if (present != null) {
      try {
        present.zooKeeper().close(1000); // what was lent ends now and not when others have waited
      } catch (InterruptedException _) {
        Thread.currentThread().interrupt();
      }
    }
  }
}
