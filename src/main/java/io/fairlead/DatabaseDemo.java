package io.fairlead;

import io.fairlead.config.HostPort;
import io.fairlead.config.Secret;
import io.fairlead.health.PostgresqlLogin;
import io.fairlead.replication.PostgresPrograms;
import io.fairlead.replication.manage.DatabaseManager;
import io.fairlead.replication.manage.ManagedView;
import io.fairlead.telemetry.Event;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;

/**
 * A database of three members and a witness on one machine, a client that writes into it through
 * Fairlead and keeps account of what was acknowledged, and somebody who may kill the primary as
 * often as he likes. At the end the ledger is compared with the account.
 */
@SuppressWarnings("InlineFormatString") // the configuration reads best as one piece
final class DatabaseDemo {
  private static final String PASSWORD = "demo-of-fairlead";
  private static final String WITNESS = "w"; // of the configuration below
  private static final Duration ASK = Duration.ofSeconds(20);
  private static final Duration PACE = Duration.ofMillis(5);
  private static final Duration TO_BEGIN = Duration.ofMinutes(3);

  /** A pause in what is acknowledged that is told. */
  private static final long PAUSE_NANOS = Duration.ofMillis(200).toNanos();

  private static final String CONFIG =
      """
      admin: { bind: "127.0.0.1:%d" }
      data: "%s"
      listeners:
        db: { bind: "127.0.0.1:%d", protocol: tcp, routes: { database: orders } }
      databases:
        orders:
          engine: postgresql
          members: { a: "127.0.0.1:%d", b: "127.0.0.1:%d", c: "127.0.0.1:%d" }
          probe: { user: fairlead, password: %s, interval: 250ms }
          patience: 30s
          backup: { folder: "%s/backups", user: archivist, password: %s }
          manage:
            application: { user: shop, password: %s, database: shop }
            settings: { shared_buffers: 16MB }
            acknowledgements: 2
            witness: { name: w }
      """;

  private DatabaseDemo() {}

  /**
   * Runs it until the process is told to end.
   *
   * @param onceServing told of the instance
   */
  static int run(Consumer<Fairlead> onceServing) {
    try {
      PostgresPrograms _ = PostgresPrograms.find(); // or it is said what to install
      Path data = Files.createTempDirectory("fairlead-demo-");
      try {
        // Where we are root servers run as somebody else, who has to get through.
        Files.setPosixFilePermissions(data, PosixFilePermissions.fromString("rwx--x--x"));
        return serve(data, onceServing);
      } finally {
        Demo.remove(data);
      }
    } catch (IOException | IllegalStateException e) {
      System.err.println("fairlead demo: " + e.getMessage());
      return 1;
    }
  }

  private static int serve(Path data, Consumer<Fairlead> onceServing) throws IOException {
    List<Integer> ports = freePorts();
    String text =
        CONFIG.formatted(
            Integer.getInteger(Demo.ADMIN_PORT, 9900),
            data,
            Integer.getInteger(Demo.PORT, 8080),
            ports.get(0),
            ports.get(1),
            ports.get(2),
            PASSWORD,
            data,
            PASSWORD,
            PASSWORD);
    System.out.println("Three PostgreSQL servers and a witness are made; that takes some seconds.");
    try (Fairlead fairlead =
        Fairlead.start(Demo.accepted(Demo.read(text)), text, "demo", null, null, true)) {
      fairlead
          .events()
          .follow(entry -> {
            if (isWorthTelling(entry.event())) {
              System.out.println("  " + entry.event().text());
            }
          });
      int port =
          fairlead
              .state()
              .listeners()
              .values()
              .iterator()
              .next()
              .boundAddresses()
              .getFirst()
              .getPort();
      DatabaseManager database = Objects.requireNonNull(fairlead.databases().managed("orders"));
      Ledger ledger = new Ledger(port);
      ledger.make();
      awaitReplicas(fairlead);
      Thread writer = Thread.ofVirtual().name("ledger").start(ledger::write);
      describe(fairlead, database, port);
      Thread prompt = Thread.ofVirtual().name("prompt").start(() -> prompt(fairlead, database));
      Launch.awaitEnd(fairlead, onceServing);
      prompt.interrupt();
      ledger.ends = true;
      try {
        writer.join(ASK);
      } catch (InterruptedException _) {
        Thread.currentThread().interrupt();
      }
      boolean adds = ledger.compare();
      int _ = fairlead.drain(Duration.ofSeconds(5));
      return adds ? 0 : 1;
    }
  }

  private static boolean isWorthTelling(Event event) {
    return event.service().equals("orders")
        && !(event instanceof Event.NodeDown)
        && !(event instanceof Event.NodeUp)
        && !(event instanceof Event.NodeJoined)
        && !(event instanceof Event.IncidentOpened)
        && !(event instanceof Event.IncidentOver);
  }

  /** Below those that the machine gives to clients: a server that comes back needs its own. */
  private static List<Integer> freePorts() throws IOException {
    List<Integer> ports = new ArrayList<>();
    for (int port = Integer.getInteger("fairlead.demo.database-port", 25_501);
        ports.size() < 3 && port < 32_000;
        port++) {
      try (ServerSocket socket = new ServerSocket()) {
        socket.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
        ports.add(port);
      } catch (IOException _) {
        // somebody has it
      }
    }
    if (ports.size() < 3) {
      throw new IOException("no ports are free for three servers");
    }
    return ports;
  }

  private static void awaitReplicas(Fairlead fairlead) throws IOException {
    long end = System.nanoTime() + TO_BEGIN.toNanos();
    while (fairlead.databases().reports().getFirst().view().members().stream()
            .filter(one -> one.role().reads())
            .count()
        < 2) {
      if (System.nanoTime() > end) {
        throw new IOException("the servers do not come to follow each other");
      }
      LockSupport.parkNanos(PACE.toNanos());
    }
  }

  private static void describe(Fairlead fairlead, DatabaseManager database, int port) {
    int adminPort = fairlead.adminAddress().getPort();
    String door = "http://127.0.0.1:" + adminPort;
    String admin = adminPort == 9900 ? "" : " --admin " + door;
    System.out.println();
    System.out.println("Fairlead demo: a database that outlives its servers");
    System.out.println(
        "  clients     postgresql://shop:" + PASSWORD + "@127.0.0.1:" + port + "/shop");
    System.out.println("  dashboard   " + door + "/");
    for (ManagedView.Own one : database.view().members()) {
      System.out.println(
          one.name().equals(WITNESS)
              ? "  witness " + one.name() + "   " + one.doing()
              : "  member " + one.name() + "    process " + one.pid());
    }
    System.out.println("A client writes a ledger through Fairlead. Try, in another terminal:");
    System.out.println("  ./fairlead db status orders" + admin);
    System.out.println("  ./fairlead db switchover orders" + admin);
    System.out.println("  ./fairlead db backups orders" + admin);
    System.out.println(
        "Ctrl-C stops all of it, and compares the ledger with what was acknowledged.");
  }

  /** Each time somebody else takes the writes it is told what to kill next. */
  private static void prompt(Fairlead fairlead, DatabaseManager database) {
    long told = 0;
    while (!Thread.currentThread().isInterrupted()) {
      String primary = fairlead.databases().reports().getFirst().view().primary();
      for (ManagedView.Own one : database.view().members()) {
        if (one.name().equals(primary) && one.pid() != 0 && one.pid() != told) {
          told = one.pid();
          System.out.println(
              "\n  kill -9 " + one.pid() + "      # " + primary + ", which takes the writes\n");
        }
      }
      LockSupport.parkNanos(Duration.ofMillis(100).toNanos());
    }
  }

  /** What a client has written, and what it has heard of that. */
  private static final class Ledger {
    private final int port;
    private final AtomicLong acknowledged = new AtomicLong();
    private final List<Long> unknown = new ArrayList<>();
    private long longest;
    private volatile boolean ends;

    Ledger(int port) {
      this.port = port;
    }

    private PostgresqlLogin logIn() throws IOException {
      return PostgresqlLogin.open(
          new HostPort("127.0.0.1", port), "shop", new Secret(PASSWORD), "shop", "ledger", ASK);
    }

    void make() throws IOException {
      long end = System.nanoTime() + TO_BEGIN.toNanos();
      while (true) {
        try (PostgresqlLogin client = logIn()) {
          List<?> _ = client.row("create table if not exists ledger(id bigint primary key)", ASK);
          return;
        } catch (IOException e) {
          if (System.nanoTime() > end) {
            throw e;
          }
        }
        LockSupport.parkNanos(PACE.toNanos());
      }
    }

    /** One line after the other. */
    void write() {
      long id = 0;
      long last = System.nanoTime();
      while (!ends) {
        try (PostgresqlLogin client = logIn()) {
          while (!ends) {
            id++;
            List<?> _ = client.row("insert into ledger(id) values (" + id + ")", ASK);
            long now = System.nanoTime();
            acknowledged.incrementAndGet();
            if (now - last > PAUSE_NANOS) {
              longest = Math.max(longest, now - last);
              System.out.printf(
                  Locale.ROOT,
                  "  writes go on after %.2f s; %d acknowledged so far%n",
                  (now - last) / 1e9,
                  acknowledged.get());
            }
            last = now;
            LockSupport.parkNanos(PACE.toNanos());
          }
        } catch (IOException _) {
          unknown.add(id); // the line may be there, and it was not said so
          LockSupport.parkNanos(PACE.toNanos());
        }
      }
    }

    /** Whether all is there that was acknowledged. */
    boolean compare() {
      try (PostgresqlLogin client = logIn()) {
        String others = String.join(", ", unknown.stream().map(String::valueOf).toList());
        String question =
            "select count(*) from ledger"
                + (unknown.isEmpty() ? "" : " where id not in (" + others + ")");
        long there = Long.parseLong(String.valueOf(client.row(question, ASK).getFirst()));
        boolean adds = there == acknowledged.get();
        System.out.printf(
            Locale.ROOT,
            "ledger: %d acknowledged, %d of them there (%d more of unknown outcome): %s; longest"
                + " pause %.2f s%n",
            acknowledged.get(),
            there,
            unknown.size(),
            adds ? "it adds up" : "IT DOES NOT ADD UP",
            longest / 1e9);
        return adds;
      } catch (IOException e) {
        System.out.println("ledger: cannot be read: " + e.getMessage());
        return false;
      }
    }
  }
}
