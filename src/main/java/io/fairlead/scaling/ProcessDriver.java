package io.fairlead.scaling;

import io.fairlead.config.HostPort;
import io.fairlead.config.ScaleDriver;
import java.io.File;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * Nodes as programs on this machine.
 *
 * <p>Each is the leader of a session of its own: what it starts in turn is told to end with it, and
 * what the terminal of Fairlead is told does not reach it. It writes to a file and not to us, so
 * that it can go on when we do not.
 *
 * <p>Two things tell that a process is ours, and one is enough. Its environment has {@value #MARK}
 * with the mark of this data folder, the service, the name and the port, from its first moment on:
 * there is no gap in which we could be killed. Programs that write over their environment are in a
 * file, by their number and the moment at which they began, within this life of the machine. So a
 * number that is used again is never taken for ours.
 */
final class ProcessDriver implements Driver {
  static final String MARK = "FAIRLEAD_NODE";

  /** A file of output that has grown to so much is begun anew. */
  static final long MOST_OUTPUT = 8 * 1024 * 1024;

  private static final long NAP_NANOS = 20_000_000;
  private static final long FORCED_NANOS = Duration.ofSeconds(5).toNanos();
  private static final int LAST_WORDS = 512;

  /**
   * After so long a process that we have started leads its session, if it ever will: 10 s. Before,
   * it is in the session of Fairlead, whose leader may long be gone: the shell of somebody who has
   * logged out, or one outside of this container.
   */
  private static final long SETTLED_TICKS = 10 * Processes.TICKS_PER_SECOND;

  /** A node as it is written down. */
  private record Known(String name, long pid, long ticks, int port) {
    String line() {
      return name + " " + pid + " " + ticks + " " + port;
    }

    static @Nullable Known parse(String line) {
      String[] parts = line.split(" ", -1);
      try {
        return parts.length != 4
            ? null
            : new Known(
                parts[0],
                Long.parseLong(parts[1]),
                Long.parseLong(parts[2]),
                Integer.parseInt(parts[3]));
      } catch (NumberFormatException e) {
        return null;
      }
    }
  }

  /** Where programs are run, and how. */
  interface Place {
    /** This machine, on 127.0.0.1, without bounds. */
    Place HERE =
        new Place() {
          @Override
          public String host() {
            return "127.0.0.1";
          }

          @Override
          public int freePort() throws IOException {
            return ProcessDriver.freePort();
          }

          @Override
          public List<String> within(String name) {
            return List.of();
          }
        };

    /** At which nodes are reached. */
    String host();

    /** For the next node. */
    int freePort() throws IOException;

    /** A command that the program is put behind, and that keeps it in its bounds. */
    List<String> within(String name) throws IOException;
  }

  private final String mark;
  private final Place place;
  private volatile ScaleDriver.Program config;
  private final Path folder;
  private final Map<String, Known> known = new TreeMap<>();

  /**
   * When what is written down was last seen to run, in ticks. What is in the session of one that
   * has ended since, and is older than this, is a child of it; what is younger may be of somebody
   * who was given its number.
   */
  private long seen;

  private final Map<String, Process> children = new ConcurrentHashMap<>();

  /**
   * @param data the instance's folder for state
   * @param instance mark of this data folder
   */
  ProcessDriver(Path data, String instance, String service, ScaleDriver.Program config) {
    this(data, instance, service, config, Place.HERE);
  }

  ProcessDriver(
      Path data, String instance, String service, ScaleDriver.Program config, Place place) {
    this.place = place;
    this.mark = instance + "/" + service + "/";
    this.config = config;
    this.folder = folder(data, service);
  }

  @Override
  public void use(ScaleDriver other) {
    config = (ScaleDriver.Program) other;
  }

  static Path folder(Path data, String service) {
    return data.resolve("scaling").resolve(service);
  }

  /** What a node writes. */
  static Path output(Path data, String service, String name) {
    return folder(data, service).resolve(name + ".log");
  }

  @Override
  public synchronized List<Started> find() throws IOException {
    if (!Processes.areKnown()) {
      throw new IOException("processes cannot be seen: there is no /proc");
    }
    long now = Processes.now();
    Map<Long, Known> leaders = new LinkedHashMap<>();
    Map<Long, Known> gone = new HashMap<>();
    List<Known> written = read(); // first: whoever is written down was there before
    List<Processes.Entry> all = Processes.all();
    Map<Long, Processes.Entry> byPid = new HashMap<>();
    all.forEach(entry -> byPid.put(entry.pid(), entry));
    for (Known old : written) {
      Processes.Entry entry = byPid.get(old.pid());
      if (entry == null || entry.ticks() == old.ticks()) {
        (entry == null || entry.ended() ? gone : leaders).put(old.pid(), old);
      }
    }
    List<Processes.Entry> left = new ArrayList<>();
    List<Known> starting = new ArrayList<>();
    for (Processes.Entry entry : all) {
      Known marked = entry.ended() ? null : marked(entry);
      if (marked != null && entry.session() == entry.pid()) {
        leaders.putIfAbsent(entry.pid(), marked);
      } else if (!entry.ended()
          && (gone.containsKey(entry.session())
              ? marked != null || entry.ticks() < seen
              : marked != null
                  && !byPid.containsKey(entry.session())
                  && now - entry.ticks() > SETTLED_TICKS)) {
        left.add(entry);
      } else if (marked != null && now - entry.ticks() <= SETTLED_TICKS) {
        starting.add(marked);
      }
    }
    for (Known one : starting) {
      Processes.Entry entry = byPid.get(one.pid());
      if (entry != null && !leaders.containsKey(entry.session())) {
        leaders.putIfAbsent(one.pid(), one); // it leads a session in a moment
      }
    }
    known.clear();
    List<Started> found = new ArrayList<>();
    for (Known node : leaders.values()) {
      Known other = known.get(node.name());
      if (other == null || node.ticks() < other.ticks()) { // a child may lead a session as well
        known.put(node.name(), node);
      }
    }
    known.values().forEach(node -> found.add(started(node)));
    left.removeIf(entry -> leaders.containsKey(entry.pid()));
    if (!left.isEmpty()) {
      kill("KILL", left); // children of those that have ended
    }
    seen = now;
    write();
    return found;
  }

  private static boolean isEmpty(List<Processes.Entry> all, long session) {
    return all.stream().noneMatch(entry -> entry.session() == session && !entry.ended());
  }

  private @Nullable Known marked(Processes.Entry entry) {
    String value = Processes.variable(entry.pid(), MARK);
    if (value == null || !value.startsWith(mark)) {
      return null;
    }
    int slash = value.lastIndexOf('/');
    try {
      return new Known(
          value.substring(mark.length(), slash),
          entry.pid(),
          entry.ticks(),
          Integer.parseInt(value.substring(slash + 1)));
    } catch (RuntimeException e) {
      return null; // nothing that we wrote
    }
  }

  private Started started(Known node) {
    return new Started(
        node.name(), new HostPort(place.host(), node.port()), "process " + node.pid());
  }

  @Override
  public synchronized Started start(String name, Release release) throws IOException {
    ScaleDriver.Program config = (ScaleDriver.Program) release.on(this.config);
    Path setsid = onPath("setsid");
    if (setsid == null) {
      throw new IOException("the program setsid (util-linux) is missing");
    }
    Files.createDirectories(folder);
    int port = place.freePort();
    List<String> command = new ArrayList<>();
    command.add(setsid.toString());
    command.addAll(place.within(name));
    int first = command.size();
    for (String part : config.command()) {
      command.add(part.replace("{port}", Integer.toString(port)).replace("{name}", name));
    }
    String program = command.get(first);
    if (program.indexOf('/') < 0
        ? onPath(program) == null
        : !isProgram(config.directory().resolve(program))) {
      throw new IOException("there is no program " + program);
    }
    File output = folder.resolve(name + ".log").toFile();
    ProcessBuilder builder =
        new ProcessBuilder(command)
            .directory(config.directory().toAbsolutePath().toFile())
            .redirectInput(new File("/dev/null"))
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.appendTo(output));
    config.environment().forEach((key, value) -> builder.environment().put(key, value.value()));
    builder.environment().put("PORT", Integer.toString(port));
    builder.environment().put(MARK, mark + name + "/" + port);
    Process process = builder.start();
    children.put(name, process);
    Processes.Entry entry = Processes.find(process.pid());
    Known node = new Known(name, process.pid(), entry == null ? 0 : entry.ticks(), port);
    known.put(name, node);
    try {
      write();
    } catch (IOException e) {
      known.remove(name, node);
      process.destroyForcibly();
      kill("KILL", all(node));
      throw e; // nobody would know of it
    }
    return started(node);
  }

  /** When it was begun, milliseconds since 1970; 0: not known. */
  synchronized long startedMillis(String name, long nowMillis) {
    Known node = known.get(name);
    long ticks = node == null ? 0 : Processes.now() - node.ticks();
    return ticks <= 0 ? 0 : nowMillis - ticks * 1000 / Processes.TICKS_PER_SECOND;
  }

  private static boolean isProgram(Path path) {
    return Files.isExecutable(path) && !Files.isDirectory(path);
  }

  private static @Nullable Path onPath(String program) {
    for (String folder : String.valueOf(System.getenv("PATH")).split(File.pathSeparator, -1)) {
      Path path = Path.of(folder.isEmpty() ? "." : folder, program);
      if (isProgram(path)) {
        return path;
      }
    }
    return null;
  }

  static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket()) {
      socket.setReuseAddress(false);
      socket.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
      return socket.getLocalPort();
    }
  }

  @Override
  public void stop(Started node, Duration grace) throws IOException {
    Known wanted = known(node.name());
    if (wanted == null) {
      return;
    }
    if (awaitSession(wanted)) {
      kill("TERM", all(wanted));
      awaitEnd(wanted, grace.toNanos());
    }
    List<Processes.Entry> left = all(wanted);
    if (!left.isEmpty()) {
      kill("KILL", left);
      if (!awaitEnd(wanted, FORCED_NANOS)) {
        throw new IOException(node.id() + " does not end");
      }
    }
    forget(wanted);
  }

  /** Whether it runs; one that has just been started has a session of its own in a moment. */
  private static boolean awaitSession(Known node) {
    for (int looks = 0; looks < 50; looks++) {
      Processes.Entry entry = Processes.find(node.pid());
      if (entry == null || entry.ended() || entry.ticks() != node.ticks()) {
        return false;
      }
      if (entry.session() == node.pid()) {
        return true;
      }
      LockSupport.parkNanos(NAP_NANOS);
    }
    return true;
  }

  /** The node and what it has started, in its session or with its mark. */
  private List<Processes.Entry> all(Known node) throws IOException {
    boolean taken = isSomebodyElse(node); // nobody gets its number while its session lives
    String own = mark + node.name() + "/";
    return Processes.all().stream()
        .filter(entry -> !entry.ended())
        .filter(entry -> {
          if (entry.session() == node.pid() && !taken) {
            return true;
          }
          String value = Processes.variable(entry.pid(), MARK);
          return value != null && value.startsWith(own);
        })
        .toList();
  }

  private boolean awaitEnd(Known node, long nanos) throws IOException {
    long end = System.nanoTime() + nanos;
    long nap = NAP_NANOS;
    while (!isEmpty(Processes.all(), node.pid())) {
      if (System.nanoTime() >= end) {
        return false;
      }
      LockSupport.parkNanos(nap);
      nap = Math.min(2 * nap, 8 * NAP_NANOS);
    }
    return all(node).isEmpty();
  }

  private synchronized @Nullable Known known(String name) {
    return known.get(name);
  }

  private synchronized void forget(Known node) {
    if (known.remove(node.name(), node)) {
      children.remove(node.name());
      try {
        write();
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }

  private static boolean isOurs(Known node) {
    Processes.Entry entry = Processes.find(node.pid());
    return entry != null && !entry.ended() && entry.ticks() == node.ticks();
  }

  /** Another process has its number, which nobody gets while one of its session lives. */
  private static boolean isSomebodyElse(Known node) {
    Processes.Entry entry = Processes.find(node.pid());
    return entry != null && entry.ticks() != node.ticks();
  }

  private static void kill(String signal, List<Processes.Entry> processes) throws IOException {
    List<String> command =
        new ArrayList<>(List.of("/bin/sh", "-c", "kill -s \"$@\" 2>/dev/null; :", "sh", signal));
    processes.forEach(entry -> command.add(Long.toString(entry.pid())));
    Process kill = new ProcessBuilder(command).redirectInput(new File("/dev/null")).start();
    try {
      if (!kill.waitFor(5, TimeUnit.SECONDS)) {
        kill.destroyForcibly();
      }
    } catch (InterruptedException e) {
      kill.destroyForcibly();
      Thread.currentThread().interrupt();
    }
  }

  @Override
  public Map<Started, String> ended(Collection<Started> wanted) throws IOException {
    Map<Started, String> ended = new HashMap<>();
    for (Started node : wanted) {
      Known one = known(node.name());
      if (one == null || !isOurs(one)) {
        ended.put(node, lastWords(node));
      } else {
        bound(folder.resolve(node.name() + ".log"));
      }
    }
    return ended;
  }

  private String lastWords(Started node) {
    Process child = children.get(node.name());
    String how =
        child != null && !child.isAlive() ? "ended with " + child.exitValue() : "has ended";
    String line = "";
    try (RandomAccessFile file =
        new RandomAccessFile(folder.resolve(node.name() + ".log").toFile(), "r")) {
      long from = Math.max(0, file.length() - LAST_WORDS);
      byte[] bytes = new byte[(int) (file.length() - from)];
      file.seek(from);
      file.readFully(bytes);
      List<String> lines = new String(bytes, StandardCharsets.UTF_8).strip().lines().toList();
      line = lines.isEmpty() ? "" : ": " + lines.getLast().replaceAll("\\p{Cntrl}", " ");
    } catch (IOException e) {
      // It has said nothing.
    }
    return how + line;
  }

  /** It is appended to, so what comes next is at the beginning. */
  private static void bound(Path output) throws IOException {
    if (Files.exists(output) && Files.size(output) > MOST_OUTPUT) {
      try (RandomAccessFile file = new RandomAccessFile(output.toFile(), "rw")) {
        file.setLength(0);
      }
    }
  }

  private List<Known> read() throws IOException {
    List<Known> nodes = new ArrayList<>();
    try {
      List<String> lines = Files.readAllLines(folder.resolve("nodes"));
      String[] head = lines.isEmpty() ? new String[0] : lines.getFirst().split(" ", -1);
      if (head.length == 2 && head[0].equals(Processes.boot())) {
        seen = Long.parseLong(head[1]);
        for (String line : lines.subList(1, lines.size())) {
          Known node = Known.parse(line);
          if (node != null) {
            nodes.add(node);
          }
        }
      }
    } catch (NoSuchFileException e) {
      // None has been started.
    } catch (NumberFormatException e) {
      // Nothing that we wrote: what runs is found by its mark.
    }
    return nodes;
  }

  private void write() throws IOException {
    List<String> lines = new ArrayList<>(List.of(Processes.boot() + " " + seen));
    known.values().forEach(node -> lines.add(node.line()));
    WholeFile.write(folder.resolve("nodes"), lines);
  }
}
