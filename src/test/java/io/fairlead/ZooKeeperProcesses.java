package io.fairlead;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** An ensemble of ZooKeeper's own servers, each in a process, which can be killed and frozen. */
public final class ZooKeeperProcesses implements AutoCloseable {
  private static final Duration PATIENCE = Duration.ofSeconds(40);

  /** Ports of one server: for clients, for clients by TLS, for the others, for elections. */
  private static final int PORTS = 4;

  private final Path folder;
  private final int first;
  private final int count;
  private final Map<String, String> settings;
  private final List<@Nullable Process> processes = new ArrayList<>();

  /**
   * Starts nothing yet.
   *
   * @param settings of {@code zoo.cfg}, beside those that it needs anyway
   */
  public ZooKeeperProcesses(Path folder, int count, Map<String, String> settings)
      throws IOException {
    this.folder = folder;
    this.count = count;
    this.settings = settings;
    this.first = FreePort.row(count * PORTS);
    for (int i = 0; i < count; i++) {
      processes.add(null);
    }
  }

  public int count() {
    return count;
  }

  /** As clients are given it, without a path. */
  public String connect() {
    return IntStream.range(0, count)
        .mapToObj(i -> "127.0.0.1:" + port(i))
        .collect(Collectors.joining(","));
  }

  /** The same for TLS. */
  public String secureConnect() {
    return IntStream.range(0, count)
        .mapToObj(i -> "127.0.0.1:" + securePort(i))
        .collect(Collectors.joining(","));
  }

  public int port(int number) {
    return first + PORTS * number;
  }

  public int securePort(int number) {
    return port(number) + 1;
  }

  public void startAll() throws IOException {
    for (int i = 0; i < count; i++) {
      start(i);
    }
  }

  public void start(int number) throws IOException {
    Path own = Files.createDirectories(folder.resolve("zk" + number));
    Path data = Files.createDirectories(own.resolve("data"));
    Files.writeString(data.resolve("myid"), Integer.toString(number + 1));
    Map<String, String> all =
        new TreeMap<>(
            Map.of(
                "tickTime", "2000",
                "initLimit", "10",
                "syncLimit", "5",
                "dataDir", data.toString(),
                "clientPortAddress", "127.0.0.1",
                "clientPort", Integer.toString(port(number)),
                "4lw.commands.whitelist", "srvr",
                "admin.enableServer", "false"));
    if (count > 1) {
      for (int i = 0; i < count; i++) {
        all.put("server." + (i + 1), "127.0.0.1:" + (port(i) + 2) + ":" + (port(i) + 3));
      }
    }
    settings.forEach((key, value) ->
        all.put(key, value.replace("{secure}", Integer.toString(securePort(number)))));
    Path config = own.resolve("zoo.cfg");
    Files.writeString(
        config,
        all.entrySet().stream()
            .map(each -> each.getKey() + "=" + each.getValue() + "\n")
            .collect(Collectors.joining()));
    processes.set(
        number,
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:+UseSerialGC",
                "-Xmx128m",
                "-XX:TieredStopAtLevel=1",
                "-cp",
                System.getProperty("java.class.path"),
                "org.apache.zookeeper.server.quorum.QuorumPeerMain",
                config.toString())
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.appendTo(own.resolve("log").toFile()))
            .start());
  }

  /** Waits until each that was started serves. */
  public void await() throws IOException, InterruptedException {
    long deadline = System.nanoTime() + PATIENCE.toNanos();
    for (int i = 0; i < count; i++) {
      while (processes.get(i) != null && mode(i).isEmpty()) {
        if (System.nanoTime() > deadline) {
          throw new AssertionError(
              "server "
                  + i
                  + " does not serve: "
                  + Files.readString(folder.resolve("zk" + i + "/log")));
        }
        Thread.sleep(50);
      }
    }
  }

  /** {@code leader}, {@code follower}, or {@code standalone}; empty: it does not serve. */
  public String mode(int number) {
    try (Socket socket = new Socket()) {
      socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port(number)), 500);
      socket.setSoTimeout(500);
      socket.getOutputStream().write("srvr".getBytes(StandardCharsets.US_ASCII));
      socket.getOutputStream().flush();
      String said = new String(socket.getInputStream().readAllBytes(), StandardCharsets.US_ASCII);
      int mode = said.indexOf("Mode: ");
      return mode < 0 ? "" : said.substring(mode + 6).lines().findFirst().orElse("");
    } catch (IOException _) {
      return "";
    }
  }

  /** Its number, waited for. */
  public int leader() throws InterruptedException {
    long deadline = System.nanoTime() + PATIENCE.toNanos();
    while (System.nanoTime() < deadline) {
      for (int i = 0; i < count; i++) {
        if (mode(i).equals("leader") || mode(i).equals("standalone")) {
          return i;
        }
      }
      Thread.sleep(20);
    }
    throw new AssertionError("no server leads");
  }

  public void kill(int number) throws InterruptedException {
    Process process = processes.get(number);
    if (process != null) {
      process.destroyForcibly();
      process.waitFor();
      processes.set(number, null);
    }
  }

  /** Deletes what one knew that does not run. */
  public void empty(int number) throws IOException {
    try (Stream<Path> files = Files.walk(folder.resolve("zk" + number).resolve("data"))) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    }
  }

  public void killAll() throws InterruptedException {
    for (int i = 0; i < count; i++) {
      kill(i);
    }
  }

  /**
   * Has the kernel do that to a server.
   *
   * @param signal such as STOP
   */
  public void signal(int number, String signal) throws IOException, InterruptedException {
    Process process = processes.get(number);
    if (process != null) {
      Process sent = new ProcessBuilder("kill", "-" + signal, "" + process.pid()).start();
      if (!sent.waitFor(5, TimeUnit.SECONDS) || sent.exitValue() != 0) {
        throw new IOException("kill -" + signal + " did not work");
      }
    }
  }

  @Override
  public void close() {
    try {
      killAll();
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    }
  }
}
