import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** What is to be said about the machine and its tools, and how to pin a command to a core. */
final class Machine {
  static final int PROXY_CORE = 0;
  static final int LOAD_CORE = 1;

  /** Not pinned. */
  static final int ANY_CORE = -1;

  private static final boolean CAN_PIN = output("taskset", "-c", "1", "true").ok();

  /**
   * Priority of proxies, nodes and load alike, so that other work on the machine disturbs less. The
   * kernel may share processor time by sessions first (autogroup), hence a session and a group
   * priority for each.
   */
  private static final String NICE = System.getenv().getOrDefault("BENCH_NICE", "-10");

  private static final boolean CAN_RAISE = output("nice", "-n", NICE, "true").text().isEmpty();

  private static final List<String> RAISED =
      List.of(
          "setsid",
          "sh",
          "-c",
          "{ echo " + NICE + " >/proc/self/autogroup; } 2>/dev/null; exec \"$@\"",
          "sh",
          "nice",
          "-n",
          NICE);

  private Machine() {}

  /**
   * What a short command printed.
   *
   * @param ok whether it ended in time with status 0
   * @param text standard output and error together
   */
  record Output(boolean ok, String text) {
    String firstLine() {
      return text.lines().findFirst().orElse("").strip();
    }
  }

  static boolean canPin() {
    return CAN_PIN;
  }

  static List<String> pinned(int core, List<String> command) {
    List<String> all = new ArrayList<>();
    if (CAN_RAISE) {
      all.addAll(RAISED);
    }
    if (CAN_PIN && core != ANY_CORE) {
      all.addAll(List.of("taskset", "-c", Integer.toString(core)));
    }
    all.addAll(command);
    return all;
  }

  /** Runs a short command to its end, ten seconds at most. */
  static Output output(String... command) {
    try {
      Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
      process.getOutputStream().close();
      Thread reader =
          Thread.ofVirtual()
              .unstarted(() -> {
                if (!waitFor(process)) {
                  process.destroyForcibly();
                }
              });
      reader.start();
      String text = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      return new Output(process.waitFor() == 0, text);
    } catch (IOException e) {
      return new Output(false, String.valueOf(e.getMessage()));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return new Output(false, "interrupted");
    }
  }

  private static boolean waitFor(Process process) {
    try {
      return process.waitFor(10, TimeUnit.SECONDS);
    } catch (InterruptedException _) {
      return false;
    }
  }

  /** One line each on processor, kernel and versions. */
  static List<String> facts() {
    List<String> facts = new ArrayList<>();
    facts.add(
        "%s, %d cores visible, %.0f GiB memory, %s %s"
            .formatted(
                lineValue("/proc/cpuinfo", "model name"),
                Math.max(Runtime.getRuntime().availableProcessors(), onlineCpus()),
                kib(lineValue("/proc/meminfo", "MemTotal")) / 1024.0 / 1024.0,
                System.getProperty("os.name"),
                System.getProperty("os.version")));
    facts.add(
        "JDK %s (%s)"
            .formatted(
                System.getProperty("java.runtime.version"), System.getProperty("java.vendor")));
    facts.add(output("haproxy", "-v").firstLine());
    facts.add(
        output("nginx", "-v").firstLine().replace("nginx version: ", "") + " (also the nodes)");
    facts.add(output("nghttpd", "--version").firstLine() + " (nodes for gRPC; h2load)");
    facts.add("Caddy " + output("caddy", "version").firstLine());
    facts.add(output("wrk", "-v").firstLine().replaceAll("Copyright.*", "").strip());
    return facts;
  }

  /** The commit being measured, with a mark when the files differ from it. */
  static String commit() {
    Output head = output("git", "rev-parse", "--short=12", "HEAD");
    Output changes = output("git", "status", "--porcelain", "--untracked-files=no");
    return head.ok()
        ? head.firstLine() + (changes.text().isBlank() ? "" : " with local changes")
        : "unknown";
  }

  /** Most files one process may have open here. */
  static int openFileLimit() {
    String limits = read(Path.of("/proc/self/limits"));
    for (String line : limits.lines().toList()) {
      if (line.startsWith("Max open files")) {
        String soft = line.substring("Max open files".length()).strip().split("\\s+")[0];
        return soft.equals("unlimited") ? Integer.MAX_VALUE : Integer.parseInt(soft);
      }
    }
    return 1024;
  }

  static long kib(String value) {
    String digits = value.replaceAll("[^0-9]", "");
    return digits.isEmpty() ? 0 : Long.parseLong(digits);
  }

  static String lineValue(String file, String key) {
    return read(Path.of(file))
        .lines()
        .filter(line -> line.startsWith(key))
        .map(line -> line.substring(line.indexOf(':') + 1).strip())
        .findFirst()
        .orElse("");
  }

  private static int onlineCpus() {
    return (int) read(Path.of("/proc/stat")).lines().filter(l -> l.matches("cpu[0-9].*")).count();
  }

  /** A file of /proc as text; empty when it is gone. */
  static String read(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException _) {
      return "";
    }
  }
}
