package io.fairlead.admin;

import com.sun.net.httpserver.HttpServer;
import io.fairlead.config.AdminConfig;
import io.fairlead.trust.DoorIdentity;
import io.fairlead.trust.DoorTls;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.jspecify.annotations.Nullable;

/**
 * The operator's door, open from {@link #start} to {@link #close}.
 *
 * <p>Bounds: 512 connections, {@value Door#MAX_REQUESTS} requests and {@value Door#MAX_STREAMS}
 * streams at once, 16 MiB for a body, 64 KiB and 100 fields for a head, 30 s until a request is
 * complete, 60 s until its answer is taken, 30 s for an idle connection.
 */
public final class AdminServer implements AutoCloseable {
  private static final System.Logger LOG = System.getLogger(AdminServer.class.getName());

  /** The JDK's server reads its bounds from properties, once; an operator's own values stay. */
  private static final Map<String, String> BOUNDS =
      Map.of(
          "jdk.httpserver.maxConnections", "512",
          "sun.net.httpserver.maxReqHeaders", "100",
          "sun.net.httpserver.maxReqHeaderSize", "65536",
          "sun.net.httpserver.maxReqTime", "30",
          "sun.net.httpserver.idleInterval", "30",
          "sun.net.httpserver.maxIdleConnections", "128",
          "sun.net.httpserver.drainAmount", "65536",
          "sun.net.httpserver.nodelay", "true");

  private static final int BACKLOG = 128;

  /** Between two looks at answers that nobody takes, and at the files of the certificate. */
  private static final Duration LOOK = Duration.ofSeconds(1);

  private final HttpServer server;
  private final ExecutorService executor;
  private final Live live;
  private final Thread watch;
  private volatile boolean closed;

  private AdminServer(HttpServer server, ExecutorService executor, Live live, Thread watch) {
    this.server = server;
    this.executor = executor;
    this.live = live;
    this.watch = watch;
  }

  /**
   * Opens the door.
   *
   * @throws IOException naming the key and why: the address cannot be bound, or TLS not be spoken
   */
  public static AdminServer start(AdminConfig config, Instance instance) throws IOException {
    return start(config, instance, (AdminSignIn) null);
  }

  /**
   * Opens the door.
   *
   * @param signIn where the configuration says that people sign in
   * @throws IOException naming the key and why: the address cannot be bound, or TLS not be spoken
   */
  public static AdminServer start(
      AdminConfig config, Instance instance, @Nullable AdminSignIn signIn) throws IOException {
    return start(config, instance, new Live(instance, System::currentTimeMillis), signIn);
  }

  static AdminServer start(AdminConfig config, Instance instance, Live live) throws IOException {
    return start(config, instance, live, null);
  }

  private static AdminServer start(
      AdminConfig config, Instance instance, Live live, @Nullable AdminSignIn signIn)
      throws IOException {
    if (config.oidc().isPresent() != (signIn != null)) {
      throw new IllegalArgumentException("people sign in as the configuration says, or not");
    }
    BOUNDS.forEach((name, value) -> {
      if (System.getProperty(name) == null) {
        System.setProperty(name, value);
      }
    });
    DoorIdentity identity = identity(config);
    HttpServer server = bind(config, identity);
    ExecutorService executor =
        Executors.newThreadPerTaskExecutor(Thread.ofVirtual().name("admin ", 0).factory());
    boolean tokens = !config.tokens().isEmpty();
    Api api = new Api(instance, live, config.secrets(), new SessionApi(instance, signIn, tokens));
    Door door =
        new Door(
            new Recognition(config, signIn),
            new Gate(config),
            signIn,
            signIn == null ? null : new SignInPages(signIn, instance, tokens),
            api.endpoints(),
            new DashboardFiles());
    server.createContext("/", door);
    server.setExecutor(executor);
    live.start();
    server.start();
    DoorCertificate certificate =
        identity == null
            ? null
            : new DoorCertificate(identity, System::currentTimeMillis, instance.events()::add);
    Thread watch = Thread.ofVirtual().name("admin watch").start(() -> watch(door, certificate));
    return new AdminServer(server, executor, live, watch);
  }

  private static @Nullable DoorIdentity identity(AdminConfig config) throws IOException {
    if (config.tls().isEmpty()) {
      return null;
    }
    AdminConfig.Tls tls = config.tls().get();
    try {
      return DoorIdentity.read(tls.cert(), tls.key());
    } catch (IOException e) {
      throw new IOException("admin.tls: " + e.getMessage(), e);
    }
  }

  private static HttpServer bind(AdminConfig config, @Nullable DoorIdentity identity)
      throws IOException {
    InetSocketAddress at = new InetSocketAddress(config.bind().host(), config.bind().port());
    try {
      return identity == null
          ? HttpServer.create(at, BACKLOG)
          : DoorTls.open(
              at, BACKLOG, DoorTls.context(identity, List.of()), /* asksForCertificates= */ false);
    } catch (IOException e) {
      throw new IOException(
          "admin.bind: cannot listen on " + config.bind() + ": " + e.getMessage(), e);
    }
  }

  /** What is bound, with the real port. */
  public InetSocketAddress address() {
    return server.getAddress();
  }

  public boolean isClosed() {
    return closed;
  }

  /** Shuts the door at once: streams end, requests that are being answered are cut. */
  @Override
  public void close() {
    closed = true;
    watch.interrupt();
    live.close();
    server.stop(0);
    executor.shutdownNow();
  }

  private static void look(DoorCertificate certificate) {
    try {
      certificate.look();
    } catch (RuntimeException e) { // the other looks go on
      LOG.log(Level.ERROR, "the certificate of the admin door was not looked at", e);
    }
  }

  private static void watch(Door door, @Nullable DoorCertificate certificate) {
    try {
      while (true) {
        Thread.sleep(LOOK);
        door.endStuckAnswers(System.nanoTime());
        if (certificate != null) {
          look(certificate);
        }
      }
    } catch (InterruptedException _) {
      LOG.log(Level.DEBUG, "the admin door is shut");
    }
  }
}
