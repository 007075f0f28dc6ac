package io.fairlead.replication.backup;

import io.fairlead.replication.MariadbPrograms;
import io.fairlead.replication.ServerPrograms;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.lang.ProcessBuilder.Redirect;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/**
 * A MariaDB server of restored data that nobody reaches but us: no network, its socket in a folder
 * of its own, where everybody who gets in is let in. It goes by settings of ours only, belongs to
 * no cluster, replicates from nobody and logs nothing.
 */
final class MariadbServer implements AutoCloseable {
  private static final Duration START = Duration.ofHours(24); // InnoDB may have much to do
  private static final Duration END = Duration.ofMinutes(30);

  private final MariadbPrograms programs;
  private final Path socket;
  private final MariadbAccess access;
  private final Child child;

  /**
   * @param data what it serves
   * @param own a folder for what it needs beside, with a short name
   * @param careful whether it waits for its disk; where what it writes is thrown away it need not
   */
  MariadbServer(
      MariadbPrograms programs, Path data, Path own, MariadbBackup backup, boolean careful)
      throws IOException {
    this.programs = programs;
    this.socket = own.resolve("socket");
    Files.deleteIfExists(socket);
    Path config = own.resolve("my.cnf");
    Files.writeString(
        config,
        settings(data, backup)
            + "socket="
            + socket
            + "\npid-file="
            + own.resolve("pid")
            + "\ntmpdir="
            + own
            + "\nskip-networking\nskip-grant-tables\nskip-slave-start\nskip-log-bin\n"
            + "innodb-flush-log-at-trx-commit="
            + (careful ? 1 : 0)
            + "\nperformance-schema=OFF\nmax-allowed-packet=1G\nloose-wsrep-on=OFF\n"
            + "loose-wsrep-provider=none\nloose-feedback=OFF\n");
    programs.give(config);
    access = new MariadbAccess(programs, socket);
    try {
      child =
          Child.start(
              programs,
              "mariadbd",
              List.of("--defaults-file=" + config),
              Map.of(),
              _ -> {},
              _ -> {});
    } catch (IOException | RuntimeException e) {
      access.close();
      throw e;
    }
  }

  /** Those that the files were written by; without them no server reads them. */
  static String settings(Path data, MariadbBackup backup) throws IOException {
    StringBuilder text = new StringBuilder("[mariadbd]\n");
    Path written = data.resolve("backup-my.cnf");
    if (Files.exists(written)) {
      for (String line : Files.readAllLines(written)) {
        if (line.matches(
            "innodb_(data_file_path|page_size|log_file_size|undo_tablespaces|checksum_algorithm)=\\S+")) {
          text.append(line).append('\n');
        }
      }
    }
    return text.append("datadir=")
        .append(data)
        .append("\nlower-case-table-names=")
        .append(backup.lowerCase())
        .append('\n')
        .toString();
  }

  /**
   * Waits until it takes queries.
   *
   * @throws IOException if it ends, with what it complained of
   */
  void await() throws IOException, InterruptedException {
    long end = System.nanoTime() + START.toNanos();
    while (true) {
      if (child.await(50)) {
        int _ = child.result();
        throw new IOException("the restored server ended: " + words());
      }
      if (Files.exists(socket)) {
        try {
          if (access.ask("select 1").equals("1")) {
            return;
          }
        } catch (IOException e) {
          if (System.nanoTime() > end) {
            throw e;
          }
        }
      }
      if (System.nanoTime() > end) {
        throw new IOException(
            "the restored server did not come up within " + START.toHours() + " hours");
      }
    }
  }

  private String words() {
    for (String line : child.words()) {
      if (line.contains("[ERROR]")) {
        return line.replaceFirst(".*\\[ERROR\\] ", "");
      }
    }
    return child.lastWords();
  }

  String ask(String sql) throws IOException {
    return access.ask(sql);
  }

  /** What a program that logs in to it is told first. */
  String argument() {
    return access.argument();
  }

  /** A piece of the log that is replayed. */
  record Piece(BinlogFile file, long from, long to) {}

  /**
   * Replays the log, and ends the server: it lets nobody in any more, since users are known to it
   * from then on, as the statements about them need.
   */
  void replay(List<Piece> pieces, Consumer<String> progress)
      throws IOException, InterruptedException {
    Process client =
        ServerPrograms.builder(
                programs.mortalCommand(
                    "mariadb",
                    List.of(
                        access.argument(),
                        "--batch",
                        "--binary-mode",
                        "--max-allowed-packet=1G",
                        "--skip-reconnect")),
                Map.of())
            .redirectInput(Redirect.PIPE)
            .redirectOutput(Redirect.DISCARD)
            .start();
    Words said = new Words(client.getErrorStream());
    try (OutputStream out = client.getOutputStream()) {
      out.write("flush privileges;\n".getBytes(StandardCharsets.UTF_8));
      for (int i = 0; i < pieces.size(); i++) {
        Piece piece = pieces.get(i);
        progress.accept(
            "replaying " + piece.file().name() + ", " + (i + 1) + " of " + pieces.size());
        pour(piece, out);
      }
      out.write("shutdown;\n".getBytes(StandardCharsets.UTF_8));
    } catch (IOException e) {
      if (client.waitFor(10, TimeUnit.SECONDS) && client.exitValue() != 0) {
        throw new IOException("replaying the log failed: " + said.last(), e);
      }
      throw e;
    } finally {
      if (!client.waitFor(10, TimeUnit.MINUTES)) {
        client.destroyForcibly();
      }
    }
    if (client.exitValue() != 0) {
      throw new IOException("replaying the log failed: " + said.last());
    }
    awaitEnd();
  }

  /** What it was is gone with it if it does not end in order. */
  private void awaitEnd() throws IOException, InterruptedException {
    if (!child.await(END.toMillis()) || child.result() != 0) {
      throw new IOException("the restored server did not end in order: " + words());
    }
  }

  private void pour(Piece piece, OutputStream to) throws IOException, InterruptedException {
    Process reader =
        ServerPrograms.builder(
                programs.mortalCommand(
                    "mariadb-binlog",
                    List.of(
                        "--no-defaults",
                        "--start-position=" + piece.from(),
                        "--stop-position=" + piece.to(),
                        piece.file().file().toString())),
                Map.of())
            .redirectOutput(Redirect.PIPE)
            .start();
    Words said = new Words(reader.getErrorStream());
    try (InputStream in = reader.getInputStream()) {
      in.transferTo(to);
      if (reader.waitFor() != 0) {
        throw new IOException("reading " + piece.file().name() + " failed: " + said.last());
      }
    } finally {
      reader.destroyForcibly();
    }
  }

  /** What a program complains of, read while it runs. */
  private static final class Words {
    private final List<String> lines = new ArrayList<>();
    private final Thread reading;

    Words(InputStream from) {
      reading =
          Thread.ofVirtual()
              .start(() -> {
                try (BufferedReader in =
                    new BufferedReader(new InputStreamReader(from, StandardCharsets.UTF_8))) {
                  in.lines().forEach(this::add);
                } catch (IOException | UncheckedIOException _) {
                  // It has ended.
                }
              });
    }

    private synchronized void add(String line) {
      if (lines.size() < 10 && !line.isBlank()) {
        lines.add(line.strip());
      }
    }

    String last() throws InterruptedException {
      reading.join(5_000);
      synchronized (this) {
        return lines.isEmpty() ? "it said nothing" : lines.getLast();
      }
    }
  }

  /** Ends it so that its data is whole. */
  void stop() throws IOException, InterruptedException {
    String _ = access.ask("shutdown");
    awaitEnd();
  }

  @Override
  public void close() {
    child.stop();
    access.close();
  }
}
