package io.fairlead.health;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * A real server of a database that lives in a folder of its own as long as a test. What refuses to
 * be root runs as {@code nobody}.
 */
public final class Server implements AutoCloseable {
  private static final boolean ROOT = "root".equals(System.getProperty("user.name"));

  public final int port;
  private final Path log;
  private final Process process;

  private Server(int port, Path log, Process process) {
    this.port = port;
    this.log = log;
    this.process = process;
  }

  /** As somebody who is not root. */
  public static List<String> unprivileged(String... command) {
    List<String> all = new ArrayList<>();
    if (ROOT) {
      all.addAll(List.of("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"));
    }
    all.addAll(Arrays.asList(command));
    return all;
  }

  /** A folder that such a server may write to. */
  public static Path folder(Path parent, String name) throws IOException, InterruptedException {
    Path folder = Files.createDirectories(parent.resolve(name));
    if (ROOT) {
      for (Path above = parent;
          above != null && above.getNameCount() > 1;
          above = above.getParent()) {
        boolean _ = above.toFile().setExecutable(true, false);
      }
      run("chown", "-R", "65534:65534", folder.toString());
    }
    return folder;
  }

  public static void run(String... command) throws IOException, InterruptedException {
    String _ = run(List.of(command));
  }

  public static String run(List<String> command) throws IOException, InterruptedException {
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    process.getOutputStream().close();
    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    if (process.waitFor() != 0) {
      throw new AssertionError(command + " failed: " + said);
    }
    return said;
  }

  /** Starts it; it writes what it has to say to a file beside the folder. */
  public static Server start(int port, Path log, List<String> command) throws IOException {
    return new Server(
        port,
        log,
        new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(log.toFile()).start());
  }

  /** Something that comes true in time while the server lives. */
  public interface Until {
    boolean holds() throws Exception;
  }

  /** Waits for that; a server of which it does not come true is ended. */
  public Server await(Until until) throws Exception {
    for (int i = 0; i < 1500; i++) {
      if (until.holds()) {
        return this;
      }
      if (!process.isAlive()) {
        throw new AssertionError("has ended: " + Files.readString(log));
      }
      TimeUnit.MILLISECONDS.sleep(20); // servers announce nothing
    }
    close();
    throw new AssertionError("not in time: " + Files.readString(log));
  }

  public void stop() throws InterruptedException {
    process.toHandle().destroy();
    if (!process.waitFor(5, TimeUnit.SECONDS)) {
      close();
    }
  }

  public long pid() {
    return process.pid();
  }

  /** Of it and of all that it has started, in this moment. */
  public List<Long> pids() {
    List<Long> all = new ArrayList<>();
    all.add(process.pid());
    process.descendants().forEach(one -> all.add(one.pid()));
    return all;
  }

  @Override
  public void close() {
    process.descendants().forEach(ProcessHandle::destroyForcibly);
    process.destroyForcibly();
    try {
      int _ = process.waitFor();
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    }
  }
}
