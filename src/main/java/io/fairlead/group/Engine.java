package io.fairlead.group;

import io.fairlead.config.GroupConfig;
import io.fairlead.config.HostPort;
import io.fairlead.group.storelog.StoreLog;
import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.SecureRandom;
import java.util.Base64;
import java.util.HexFormat;
import java.util.Properties;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.logging.Level;
import java.util.stream.Stream;
import javax.security.sasl.SaslException;
import org.apache.zookeeper.server.PurgeTxnLog;
import org.apache.zookeeper.server.ZKDatabase;
import org.apache.zookeeper.server.ZooKeeperServer;
import org.apache.zookeeper.server.persistence.FileTxnSnapLog;
import org.apache.zookeeper.server.quorum.QuorumPeer;
import org.apache.zookeeper.server.quorum.QuorumPeerConfig;
import org.apache.zookeeper.server.quorum.QuorumPeerMain;
import org.apache.zookeeper.util.ServiceUtils;
import org.jspecify.annotations.Nullable;

/**
 * A ZooKeeper server in this process: one of those that keep the group's state.
 *
 * <p>It is always one of a quorum, even alone, so that growing is a change like any other. Its
 * clients' port is on loopback, on any free port, and opens nothing to whoever does not know a
 * secret that is made anew by each process and never leaves it. A tick of 300 ms and four of them
 * for a silent peer are what a frozen leader costs: about 1.5 s.
 */
final class Engine implements AutoCloseable {
  private static final int TICK_MILLIS = 300;

  /** Ticks that a follower may lag, or a leader be silent. */
  private static final int SYNC_TICKS = 4;

  /** Ticks for a newcomer to get the whole state: 30 s. */
  private static final int INIT_TICKS = 100;

  /** Ticks to connect to who was elected: 2 s. */
  private static final int CONNECT_TICKS = 7;

  private static final int SNAPSHOTS = 3;
  private static final long START_SECONDS = 60;
  private static final long STOP_MILLIS = 10_000;
  private static final String STATIC_FILE = "engine.cfg";
  private static final String DYNAMIC_FILE = STATIC_FILE + ".dynamic";

  /** Who may use the state: this process. */
  private static final String SECRET = "super:" + secret();

  static {
    ClientLog.keep();
    property("DigestAuthenticationProvider.superDigest", digest(SECRET));
    property("admin.enableServer", "false");
    property("4lw.commands.whitelist", "");
    property("jmx.log4j.disable", "true");
    property("preAllocSize", "4096"); // KiB of a log's file at a time
    property("cnxTimeout", "500"); // to reach one peer
    property(
        "leader.maxTimeToWaitForEpoch", "500"); // for a follower that has turned away; else 30 s
    // Who misses the leader first asks others that still believe in it, and again after this.
    property("fastleader.minNotificationInterval", "50");
    property("fastleader.maxNotificationInterval", "2000"); // how late a peer that is back is seen
    // TLS says farewell when it closes, to a peer that may be frozen and take seconds to hear it.
    property("learner.closeSocketAsync", "true");
    property("leader.closeSocketAsync", "true");
    System.setProperty("jute.maxbuffer", Integer.toString(StateServers.MAX_MESSAGE));
    property("nio.numSelectorThreads", "1");
    property("nio.numWorkerThreads", "0");
    property("commitProcessor.numWorkerThreads", "1");
    property("maxResponseCacheSize", "0");
    property("maxGetChildrenResponseCacheSize", "0");
    keepHandler();
    ServiceUtils.setSystemExitProcedure(code ->
        ClientLog.LOG.log(Level.WARNING, "the engine would have ended the process: {0}", code));
  }

  private final Path folder;
  private final Peer main;
  private final Thread thread;
  private final CompletableFuture<Void> ended;

  /** Gives access to the one server. */
  private static final class Peer extends QuorumPeerMain {
    private final CompletableFuture<Void> started = new CompletableFuture<>();
    private final File folder;
    private volatile @Nullable QuorumPeer made;
    private final @Nullable StoreLog storeLog;
    private volatile @Nullable CautiousLog log;

    Peer(File folder, @Nullable StoreLog storeLog) {
      this.folder = folder;
      this.storeLog = storeLog;
    }

    @Override
    protected QuorumPeer getQuorumPeer() throws SaslException {
      QuorumPeer peer =
          new QuorumPeer() {
            @Override
            public synchronized void start() {
              super.start();
              started.complete(null);
            }

            @Override
            public void setTxnFactory(FileTxnSnapLog files) {
              try {
                CautiousLog cautious = new CautiousLog(folder, folder);
                files.close();
                log = cautious;
                super.setTxnFactory(cautious);
              } catch (IOException e) {
                throw new UncheckedIOException(e);
              }
            }

            @Override
            public void setZKDatabase(ZKDatabase database) {
              super.setZKDatabase(
                  storeLog == null ? database : new FollowedTree(getTxnFactory(), storeLog));
            }
          };
      made = peer;
      return peer;
    }
  }

  private Engine(Path folder, Peer main, Thread thread, CompletableFuture<Void> ended) {
    this.folder = folder;
    this.main = main;
    this.thread = thread;
    this.ended = ended;
  }

  /** Whether there is state from before. */
  static boolean hasState(Path folder) throws IOException {
    return newestDynamic(folder) != null;
  }

  /** Who kept the state when it was last known here; null: there is none. */
  static @Nullable Servers lastKnown(Path folder) throws IOException {
    Path file = newestDynamic(folder);
    if (file == null) {
      return null;
    }
    return new Servers(version(file), Servers.parse(Files.readString(file)).all());
  }

  /**
   * Starts the server.
   *
   * @param folder its own
   * @param first who keeps the state, where there is none from before
   * @param storeLog is told of all that happens to the store; null: nobody is
   * @throws IOException with what an operator can do about it
   */
  static Engine start(Path folder, GroupConfig config, Servers first, @Nullable StoreLog storeLog)
      throws IOException {
    checkPorts(config.bind());
    Path data = Files.createDirectories(folder.resolve("state"));
    Path dynamic = newestDynamic(folder);
    if (dynamic == null) {
      dynamic = folder.resolve(DYNAMIC_FILE + ".0");
      Files.writeString(dynamic, first.lines());
    }
    Files.writeString(data.resolve("myid"), GroupConfig.number(config.instance()) + "\n");
    Path file = folder.resolve(STATIC_FILE);
    write(file, properties(config, data, dynamic));
    QuorumPeerConfig parsed = new QuorumPeerConfig();
    try {
      parsed.parse(file.toString());
    } catch (QuorumPeerConfig.ConfigException e) {
      throw new IOException(
          "the group's state in " + folder + " cannot be used: " + innermost(e), e);
    }
    Peer main = new Peer(data.toFile(), storeLog);
    CompletableFuture<Void> ended = new CompletableFuture<>();
    Thread thread =
        Thread.ofPlatform()
            .name("group engine")
            .daemon(true)
            .start(() -> {
              try {
                main.runFromConfig(parsed);
                ended.complete(null);
              } catch (Exception | LinkageError e) { // which says why
                main.started.completeExceptionally(e);
                ended.completeExceptionally(e);
              }
            });
    Engine engine = new Engine(folder, main, thread, ended);
    try {
      main.started.get(START_SECONDS, TimeUnit.SECONDS);
      return engine;
    } catch (ExecutionException e) {
      engine.close();
      throw new IOException(unreadable(folder, innermost(e)), e);
    } catch (TimeoutException e) {
      engine.close();
      throw new IOException("the group's engine did not start within a minute", e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      engine.close();
      throw new IOException("interrupted", e);
    }
  }

  private static String unreadable(Path folder, String why) {
    return "the group's state in "
        + folder.resolve("state")
        + " cannot be read ("
        + why
        + "); if the others have it, move the folder "
        + folder
        + " away and this instance gets it from them";
  }

  private static Properties properties(GroupConfig config, Path data, Path dynamic) {
    Properties properties = new Properties();
    properties.setProperty("dataDir", data.toString());
    properties.setProperty("dynamicConfigFile", dynamic.toString());
    properties.setProperty("tickTime", Integer.toString(TICK_MILLIS));
    properties.setProperty("syncLimit", Integer.toString(SYNC_TICKS));
    properties.setProperty("initLimit", Integer.toString(INIT_TICKS));
    properties.setProperty("connectToLearnerMasterLimit", Integer.toString(CONNECT_TICKS));
    properties.setProperty("minSessionTimeout", "1000");
    properties.setProperty("maxSessionTimeout", "60000");
    properties.setProperty("clientPortAddress", "127.0.0.1");
    properties.setProperty("clientPort", "0");
    properties.setProperty("maxClientCnxns", "60");
    properties.setProperty("standaloneEnabled", "false");
    properties.setProperty("reconfigEnabled", "true");
    properties.setProperty(
        "metricsProvider.className", "org.apache.zookeeper.metrics.impl.NullMetricsProvider");
    boolean everyAddress =
        config.bind().host().equals("0.0.0.0") || config.bind().host().equals("::");
    properties.setProperty("quorumListenOnAllIPs", Boolean.toString(everyAddress));
    if (config.tls().isPresent()) {
      properties.setProperty("sslQuorum", "true");
      properties.setProperty("ssl.quorum.context.supplier.class", MemberTls.class.getName());
      properties.setProperty("ssl.quorum.clientAuth", "need");
    }
    return properties;
  }

  /** The engine waits for ports that somebody else has, and then gives up without a word. */
  private static void checkPorts(HostPort bind) throws IOException {
    for (int port = bind.port() + 1; port < bind.port() + GroupConfig.PORTS; port++) {
      try (ServerSocket socket = new ServerSocket()) {
        socket.setReuseAddress(true);
        socket.bind(new InetSocketAddress(bind.host(), port));
      } catch (IOException e) {
        throw new IOException(
            "group.bind: cannot listen on "
                + new HostPort(bind.host(), port)
                + ", which belongs to "
                + bind
                + ": "
                + e.getMessage(),
            e);
      }
    }
  }

  /** Whether it is one of a majority and answers. */
  boolean serves() {
    QuorumPeer made = main.made;
    if (made == null) {
      return false;
    }
    ZooKeeperServer server = made.getActiveServer();
    return server != null && server.isRunning();
  }

  /** Where clients of this process reach the server. */
  InetSocketAddress clientAddress() {
    return new InetSocketAddress(InetAddress.getLoopbackAddress(), peer().getClientPort());
  }

  static String clientSecret() {
    return SECRET;
  }

  private QuorumPeer peer() {
    QuorumPeer made = main.made;
    if (made == null) {
      throw new IllegalStateException("not started");
    }
    return made;
  }

  /** {@code leading}, {@code following}, {@code observing}, or {@code looking} for a majority. */
  String standing() {
    if (!serves()) {
      return "looking";
    }
    return switch (peer().getPeerState()) {
      case LEADING -> "leading";
      case FOLLOWING -> "following";
      case OBSERVING -> "observing";
      case LOOKING -> "looking";
    };
  }

  /** Who keeps the state, as far as this server knows. */
  Servers servers() {
    return Servers.parse(peer().getQuorumVerifier().toString());
  }

  /** The number of the last change that is on this server's disk. */
  long lastChange() {
    return peer().getLastLoggedZxid();
  }

  /** Why it cannot write any more and has to be started anew; null: it can. */
  @Nullable IOException failure() {
    CautiousLog log = main.log;
    return log == null ? null : log.failure();
  }

  boolean hasEnded() {
    return ended.isDone() || !peer().isRunning();
  }

  /** Deletes what later snapshots have made superfluous. */
  void tidy() throws IOException {
    File data = folder.resolve("state").toFile();
    PurgeTxnLog.purge(data, data, SNAPSHOTS);
  }

  @Override
  public void close() {
    main.close();
    try {
      thread.join(STOP_MILLIS);
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    }
  }

  // --- files -------------------------------------------------------------------------------

  private static void write(Path file, Properties properties) throws IOException {
    StringBuilder text = new StringBuilder("# Written anew at each start.\n");
    for (String key : properties.stringPropertyNames()) {
      text.append(key).append('=').append(properties.getProperty(key)).append('\n');
    }
    Files.writeString(file, text);
  }

  /** The engine writes one for each change of the servers, and deletes the one before. */
  private static @Nullable Path newestDynamic(Path folder) throws IOException {
    if (!Files.isDirectory(folder)) {
      return null;
    }
    try (Stream<Path> files = Files.list(folder)) {
      return files
          .filter(file -> file.getFileName().toString().matches(DYNAMIC_FILE + "\\.[0-9a-f]+"))
          .max((a, b) -> Long.compare(version(a), version(b)))
          .orElse(null);
    }
  }

  private static long version(Path dynamic) {
    String name = dynamic.getFileName().toString();
    return HexFormat.fromHexDigitsToLong(name.substring(DYNAMIC_FILE.length() + 1));
  }

  // --- beginnings --------------------------------------------------------------------------

  /** A class of the engine takes what no thread caught for itself, for the whole process. */
  private static void keepHandler() {
    Thread.UncaughtExceptionHandler ours = Thread.getDefaultUncaughtExceptionHandler();
    try {
      Class<?> _ = Class.forName("org.apache.zookeeper.server.NIOServerCnxnFactory");
    } catch (ClassNotFoundException e) {
      throw new IllegalStateException("the engine is not complete", e);
    }
    Thread.setDefaultUncaughtExceptionHandler(ours);
  }

  private static void property(String name, String value) {
    System.setProperty("zookeeper." + name, value);
  }

  private static String secret() {
    byte[] bytes = new byte[24];
    new SecureRandom().nextBytes(bytes);
    return HexFormat.of().formatHex(bytes);
  }

  /** As the engine compares it. */
  private static String digest(String userAndPassword) {
    try {
      byte[] hash =
          MessageDigest.getInstance("SHA-1")
              .digest(userAndPassword.getBytes(StandardCharsets.UTF_8));
      return "super:" + Base64.getEncoder().encodeToString(hash);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK has SHA-1", e);
    }
  }

  static String innermost(Throwable thrown) {
    Throwable inner = thrown;
    while (inner.getCause() != null) {
      inner = inner.getCause();
    }
    String message = inner.getMessage();
    return message == null ? inner.getClass().getSimpleName() : message;
  }
}
