package io.fairlead.group;

import io.fairlead.group.GroupException.Kind;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.apache.zookeeper.AddWatchMode;
import org.apache.zookeeper.CreateMode;
import org.apache.zookeeper.KeeperException;
import org.apache.zookeeper.Op;
import org.apache.zookeeper.WatchedEvent;
import org.apache.zookeeper.Watcher;
import org.apache.zookeeper.ZooDefs;
import org.apache.zookeeper.admin.ZooKeeperAdmin;
import org.apache.zookeeper.client.ZKClientConfig;
import org.apache.zookeeper.data.ACL;
import org.apache.zookeeper.data.Id;
import org.apache.zookeeper.data.Stat;
import org.jspecify.annotations.Nullable;

/**
 * The group's state as this instance's own server has it.
 *
 * <p>Reading what was acknowledged takes more than asking that server, which may be behind, and
 * more than the engine's {@code sync}: a leader that was frozen answers that before it notices that
 * there is another. So a read first has a transaction that changes nothing decided by a majority;
 * reads that come while one is on its way share the next.
 *
 * <p>When the server has lost the majority, a session to it is begun as soon as it is back. The
 * engine's client would come back itself, but waits up to two seconds first, as clients of distant
 * servers should; nothing that is held here depends on a session but the presence of the instance.
 */
final class ZooKeeperState implements GroupState, AutoCloseable {
  private static final String ROOT = "/fairlead";

  /** How long an instance is thought to be there that does not say anything. */
  static final int SESSION_MILLIS = 3000;

  private static final int REQUEST_MILLIS = 5000;

  /** How long a session may take to begin; twice that after each that did not, up to the second. */
  private static final int CONNECT_MILLIS = 500;

  private static final int CONNECT_AT_MOST_MILLIS = 4000;

  private static final long LOOK_MILLIS = 20;

  /** Nobody is that: only the process itself, which is above such rules, gets in. */
  private static final List<ACL> NOBODY =
      Collections.singletonList( // which may be asked for null, as the engine does
          new ACL(ZooDefs.Perms.ALL, new Id("digest", "fairlead:nobody")));

  private static final System.Logger LOG = System.getLogger(ZooKeeperState.class.getName());

  private final Supplier<@Nullable Engine> server;
  private final List<Watching> watches = new CopyOnWriteArrayList<>();
  private final Thread keeper;
  private final Barrier barrier = new Barrier();
  private volatile @Nullable Session session;
  private volatile boolean closed;

  /** One watch, over all sessions. */
  private record Watching(String path, Consumer<String> listener, Watcher watcher) {}

  /**
   * @param server this instance's; null while there is none
   */
  ZooKeeperState(Supplier<@Nullable Engine> server) {
    this.server = server;
    keeper = Thread.ofVirtual().name("group session").start(this::keepSession);
  }

  /** One connection to the server. */
  @SuppressWarnings("try") // its close may be interrupted, which is not ours to change
  private static final class Session extends ZooKeeperAdmin {
    final CountDownLatch lost;
    final CompletableFuture<Boolean> connected;

    private Session(
        String server,
        CountDownLatch lost,
        CompletableFuture<Boolean> connected,
        ZKClientConfig config)
        throws IOException {
      super(
          server,
          SESSION_MILLIS,
          event -> heard(event, lost, connected),
          /* canBeReadOnly= */ false,
          config);
      this.lost = lost;
      this.connected = connected;
    }

    static Session open(InetSocketAddress server) throws IOException {
      ZKClientConfig config = new ZKClientConfig();
      config.setProperty(ZKClientConfig.ENABLE_CLIENT_SASL_KEY, "false");
      config.setProperty(
          ZKClientConfig.ZOOKEEPER_REQUEST_TIMEOUT, Integer.toString(REQUEST_MILLIS));
      Session made =
          new Session(
              "127.0.0.1:" + server.getPort(),
              new CountDownLatch(1),
              new CompletableFuture<>(),
              config);
      made.addAuthInfo("digest", Engine.clientSecret().getBytes(StandardCharsets.UTF_8));
      return made;
    }

    private static void heard(
        WatchedEvent event, CountDownLatch lost, CompletableFuture<Boolean> connected) {
      switch (event.getState()) {
        case SyncConnected -> connected.complete(true);
        case Disconnected, Expired, Closed, AuthFailed -> {
          lost.countDown();
          connected.complete(false);
        }
        default -> {} // of a watch
      }
    }

    /**
     * Ends what is here, without a word to a server that is not there any more. Nobody waits for
     * it: the engine's client may be in its pause of up to a second before it connects again.
     */
    void abandon() {
      Thread.ofVirtual().name("group session end").start(cnxn::disconnect);
    }
  }

  private void keepSession() {
    try {
      int patience = CONNECT_MILLIS;
      while (!closed) {
        Engine engine = server.get();
        if (engine == null || !engine.serves()) {
          Thread.sleep(LOOK_MILLIS);
          continue;
        }
        Session next = Session.open(engine.clientAddress());
        if (next.connected.completeOnTimeout(false, patience, TimeUnit.MILLISECONDS).join()
            && begin(next)) {
          patience = CONNECT_MILLIS;
          session = next;
          next.lost.await();
          session = null;
        } else {
          patience = Math.min(2 * patience, CONNECT_AT_MOST_MILLIS);
        }
        next.abandon();
      }
    } catch (InterruptedException | IOException _) {
      // Closed.
    }
  }

  private boolean begin(Session next) throws InterruptedException {
    try {
      if (next.exists(ROOT, false) == null) {
        try {
          next.create(ROOT, new byte[0], NOBODY, CreateMode.PERSISTENT);
          next.setACL("/", NOBODY, -1);
        } catch (KeeperException.NodeExistsException _) {
          // Another instance did.
        }
      }
      for (Watching watching : watches) {
        next.addWatch(
            ROOT + watching.path(), watching.watcher(), AddWatchMode.PERSISTENT_RECURSIVE);
        watching.listener().accept(watching.path());
      }
      return true;
    } catch (KeeperException e) {
      LOG.log(Level.WARNING, "a session with the group''s engine did not begin: {0}", e.code());
      return false;
    }
  }

  /** Whether there is a majority that this instance is in touch with, as far as it knows. */
  boolean isConnected() {
    return session != null;
  }

  /** Which session this is; 0: none. */
  long sessionId() {
    Session present = session;
    return present == null ? 0 : present.getSessionId();
  }

  // --- what is asked -----------------------------------------------------------------------

  private interface Question<T extends @Nullable Object> {
    T ask(Session session) throws KeeperException, InterruptedException;
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
      throw new GroupException(
          Kind.UNAVAILABLE, "no majority of the group is reached; nothing was changed");
    }
    try {
      return question.ask(present);
    } catch (KeeperException e) {
      throw failure(effect, e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new GroupException(Kind.UNKNOWN, "interrupted", e);
    }
  }

  private static GroupException failure(Effect effect, KeeperException e) {
    return switch (e.code()) {
      // The engine's client says of everything that is under way when it is closed that it expired.
      case CONNECTIONLOSS, OPERATIONTIMEOUT, REQUESTTIMEOUT, SESSIONEXPIRED ->
          effect == Effect.NONE
              ? new GroupException(
                  Kind.UNAVAILABLE, "the group's majority was lost before it answered", e)
              : new GroupException(
                  Kind.UNKNOWN,
                  "the group's majority was lost before it answered; whether the change was made is"
                      + " not known",
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
            return entry(path, zk.getData(ROOT + path, false, stat), stat);
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
            return zk.getChildren(ROOT + path, false);
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
          Stat stat = zk.exists(ROOT + path, false);
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
    List<Op> operations = changes.stream().map(ZooKeeperState::operation).toList();
    Object _ = ask(Effect.SOME, zk -> zk.multi(operations));
  }

  private static Op operation(Change change) {
    return switch (change) {
      case Change.Create(String path, byte[] value) ->
          Op.create(ROOT + path, value, NOBODY, CreateMode.PERSISTENT);
      case Change.Set(String path, byte[] value, int version) ->
          Op.setData(ROOT + path, value, version);
      case Change.Delete(String path, int version) -> Op.delete(ROOT + path, version);
      case Change.Check(String path, int version) -> Op.check(ROOT + path, version);
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
            Object _ = zk.create(ROOT + path, value, NOBODY, mode, stat);
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
            return entry(path, value, zk.setData(ROOT + path, value, version));
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
            zk.delete(ROOT + path, version);
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
                listener.accept(event.getPath().substring(ROOT.length()));
              }
            });
    watches.add(watching);
    Session present = session;
    if (present != null) {
      try {
        present.addWatch(ROOT + path, watching.watcher(), AddWatchMode.PERSISTENT_RECURSIVE);
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
        last.removeWatches(
            ROOT + path,
            watching.watcher(),
            Watcher.WatcherType.PersistentRecursive,
            /* local= */ true,
            (_, _, _) -> {},
            null);
      }
    };
  }

  private static Entry entry(String path, byte[] value, Stat stat) {
    return new Entry(path, value, stat.getVersion(), stat.getMzxid(), stat.getEphemeralOwner());
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
                zk.reconfigure(
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
        mine.get(REQUEST_MILLIS + 1000L, TimeUnit.MILLISECONDS);
      } catch (ExecutionException e) {
        throw new GroupException(Kind.UNAVAILABLE, Engine.innermost(e), e);
      } catch (TimeoutException e) {
        throw new GroupException(Kind.UNAVAILABLE, "the group's majority did not answer", e);
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
        end(mine, "no majority of the group is reached");
        return;
      }
      present.multi(
          List.of(Op.check(ROOT, -1)),
          (code, _, _, _) ->
              end(
                  mine,
                  code == KeeperException.Code.OK.intValue()
                      ? null
                      : "the group's majority was lost before it answered"),
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
        present.close(1000); // what was lent ends now and not when others have waited
      } catch (InterruptedException _) {
        Thread.currentThread().interrupt();
      }
    }
  }
}
