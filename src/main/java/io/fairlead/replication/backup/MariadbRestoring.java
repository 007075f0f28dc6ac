package io.fairlead.replication.backup;

import io.fairlead.replication.MariadbPrograms;
import io.fairlead.replication.ServerPrograms;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/** Restoring MariaDB by hand. */
final class MariadbRestoring {
  private static final Duration START = Duration.ofMinutes(5);
  private static final int LOOK_MILLIS = 100;

  private MariadbRestoring() {}

  static List<String> run(Restoring.Wanted wanted, BinlogFolder folder, Consumer<String> progress)
      throws IOException, InterruptedException {
    MariadbRestore.Restored restored =
        new MariadbRestore(folder, progress)
            .run(
                new Restore.Wanted(wanted.to(), wanted.time(), wanted.backup(), true),
                (server, _) -> MariadbDrilling.there(server));
    Path to = wanted.to().toAbsolutePath().normalize();
    MariadbPrograms programs = MariadbPrograms.find();
    List<String> said = new ArrayList<>();
    said.add(
        Restoring.holds(to, restored.pointMillis(), restored.found(), restored.backup().id())
            + BinlogFile.text(restored.backup().file(), restored.position())
            + (restored.gtid().isEmpty() ? "" : ", GTID " + restored.gtid())
            + ".");
    Instant last = restored.last();
    said.add(
        last == null
            ? "No transaction of the log was replayed."
            : "The last transaction that was replayed is of " + last + ".");
    Path config = to.resolve("restored.cnf");
    Files.writeString(config, config(to, restored.backup(), wanted.port()));
    programs.give(config);
    List<String> start = programs.command("mariadbd", List.of("--defaults-file=" + config));
    if (wanted.port() > 0) {
      startOn(start, to, wanted.port());
      said.add("It has come up and runs on port " + wanted.port() + " of this machine.");
    } else {
      said.add(
          "It has come up, which proves it, and is stopped. Start it alone: "
              + String.join(" ", start));
    }
    said.add(
        "As the first node of a new cluster: with the settings of its nodes, datadir="
            + to
            + " and --wsrep-new-cluster. The others join with empty folders.");
    said.add(Restoring.BEFORE_USE);
    return said;
  }

  private static String config(Path to, MariadbBackup backup, int port) throws IOException {
    return "# Written when this was restored: how to start it alone.\n"
        + MariadbServer.settings(to, backup)
        + "bind-address=127.0.0.1\n"
        + (port > 0 ? "port=" + port + "\n" : "")
        + "socket="
        + to.resolve("socket")
        + "\npid-file="
        + to.resolve("pid")
        + "\nlog-error="
        + to.resolve("log")
        + "\n";
  }

  private static void startOn(List<String> start, Path to, int port)
      throws IOException, InterruptedException {
    List<String> command = new ArrayList<>(List.of("setsid")); // it outlives us
    command.addAll(start);
    Process server =
        ServerPrograms.builder(command, Map.of())
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .redirectError(ProcessBuilder.Redirect.DISCARD)
            .start();
    long end = System.nanoTime() + START.toNanos();
    while (true) {
      try (Socket socket = new Socket()) {
        socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 1000);
        return;
      } catch (IOException e) {
        if (!server.isAlive() || System.nanoTime() > end) {
          throw new IOException(
              "the restored server does not come up on port " + port + "; see " + to.resolve("log"),
              e);
        }
      }
      Thread.sleep(LOOK_MILLIS);
    }
  }
}
