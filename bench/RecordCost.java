import java.io.IOException;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.function.ToDoubleFunction;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What recording every request costs at saturation: two processes on one core, one with records and
 * one without, are asked by turns as fast as they can answer; who is not asked is stopped. One
 * process that is switched from one to the other has its compilers at work again behind each
 * change, for longer than a sample lasts. The machine's pace changes within minutes; within a pair
 * of some seconds it hardly does. With more connections each waits longer for its turn, and what
 * the machine and the generator do to a few of them weighs less. Two processes with the same load
 * differ by some hundredths, by what their compilers happened to make; so both are started anew
 * several times. Started by {@code bench/records}.
 */
final class RecordCost {
  private static final int BASE = 21_000;
  private static final int SECONDS = 8;
  private static final List<Integer> CONNECTIONS = List.of(64, 256);

  /** What was due while a process was stopped is done, and caches have its data again. */
  private static final int SETTLE_SECONDS = 2;

  /** Of each start, either first in turn. */
  private static final int PAIRS = 3;

  /** Of each process: what runs once a second is compiled after minutes. */
  private static final int WARM_SECONDS = 150;

  /** Connections come and go meanwhile as they do later. */
  private static final int WARM_LOADS = 15;

  private static final int RESAMPLED = 2_000;
  private static final double MOST_REQUESTS = 0.03;
  private static final double MOST_P99 = 0.02;

  private final Path work = Path.of("bench/work").toAbsolutePath();
  private final Children children = new Children();
  private final Nodes nodes = new Nodes(BASE + 121, work);
  private final Side with = new Side("recording", BASE + 80, BASE + 70);
  private final Side without = new Side("unrecorded", BASE + 180, BASE + 170);

  /** One of the two. */
  private static final class Side {
    final FairleadProxy proxy;
    final Map<Integer, List<Sample>> samples = new TreeMap<>();
    final int adminPort;
    long pid;

    Side(String name, int port, int adminPort) {
      this.adminPort = adminPort;
      proxy = new FairleadProxy(name, Path.of("."), port, adminPort);
    }

    double[] all(int connections, ToDoubleFunction<Sample> which) {
      return samples.get(connections).stream().mapToDouble(which).toArray();
    }
  }

  /** Of one run of the generator: answers a second, and milliseconds and microseconds. */
  private record Sample(double rate, double p50, double p99, double cpuMicros) {}

  public static void main(String[] args) throws Exception {
    int starts = args.length > 0 ? Integer.parseInt(args[0]) : 6;
    System.exit(new RecordCost().run(starts) ? 0 : 1);
  }

  private boolean run(int starts) throws Exception {
    nodes.start(children);
    String dropped = "";
    for (int i = 0; i < starts; i++) {
      dropped += start(i * PAIRS);
    }
    children.stopAll();
    return report(dropped);
  }

  /** Starts both, compares them, and ends them; says whether records were dropped. */
  private String start(int first) throws Exception {
    List<Process> started = new ArrayList<>();
    for (Side side : List.of(with, without)) {
      Process process =
          children.start(
              Machine.PROXY_CORE,
              side.proxy.prepare(work, nodes),
              work.resolve(side.proxy.name() + ".out"));
      started.add(process);
      side.pid = process.pid();
      await(side.proxy.port());
      await(side.adminPort);
      if (side == with) {
        side.proxy.record(work, true);
      }
      for (int i = 0; i < WARM_LOADS; i++) {
        load(side, CONNECTIONS.getFirst(), WARM_SECONDS / WARM_LOADS);
      }
      signal(side, "STOP");
    }
    for (int pair = first; pair < first + PAIRS; pair++) {
      for (Side side : pair % 2 == 0 ? List.of(with, without) : List.of(without, with)) {
        signal(side, "CONT");
        for (int connections : CONNECTIONS) {
          load(side, connections, SETTLE_SECONDS);
          side.samples
              .computeIfAbsent(connections, _ -> new ArrayList<>())
              .add(load(side, connections, SECONDS));
        }
        signal(side, "STOP");
      }
    }
    signal(with, "CONT");
    signal(without, "CONT");
    String dropped = with.proxy.logProblem(work, 0, 0);
    started.forEach(children::stop);
    return dropped;
  }

  private static void signal(Side side, String which) throws Exception {
    if (new ProcessBuilder("kill", "-" + which, Long.toString(side.pid)).start().waitFor() != 0) {
      throw new IOException(side.proxy.name() + " has ended");
    }
  }

  private static void await(int port) throws Exception {
    for (int i = 0; i < 600; i++) {
      try (Socket _ = new Socket("127.0.0.1", port)) {
        return;
      } catch (IOException e) {
        Thread.sleep(100);
      }
    }
    throw new IOException("nobody listens at port " + port);
  }

  private Sample load(Side side, int connections, int seconds) throws Exception {
    Path output = work.resolve("record-cost.out");
    Usage before = Usage.of(side.pid);
    Process wrk =
        children.start(
            Machine.LOAD_CORE,
            List.of(
                "wrk",
                "-t1",
                "-c" + connections,
                "-d" + seconds + "s",
                "--latency",
                "http://127.0.0.1:" + side.proxy.port() + "/small"),
            output);
    children.await(wrk, seconds + 10);
    double cpu = Usage.of(side.pid).since(before).totalNanos() / 1000;
    String text = Files.readString(output);
    double requests = number(text, "([0-9]+) requests in");
    if (requests == 0 || text.contains("Non-2xx") || text.contains("Socket errors")) {
      throw new IOException("wrk: " + text);
    }
    return new Sample(
        number(text, "Requests/sec: +([0-9.]+)"),
        millis(text, "50%"),
        millis(text, "99%"),
        cpu / requests);
  }

  private static double number(String text, String pattern) {
    Matcher found = Pattern.compile(pattern).matcher(text);
    return found.find() ? Double.parseDouble(found.group(1)) : 0;
  }

  private static double millis(String text, String quantile) {
    Matcher found = Pattern.compile(quantile + " +([0-9.]+)(us|ms|s)\\b").matcher(text);
    if (!found.find()) {
      return 0;
    }
    double value = Double.parseDouble(found.group(1));
    return switch (found.group(2)) {
      case "us" -> value / 1000;
      case "ms" -> value;
      default -> value * 1000;
    };
  }

  /** Ratios of pairs, and within what their median is. */
  private record Ratio(double median, double low, double high) {
    static Ratio of(double[] with, double[] without) {
      double[] ratios = new double[with.length];
      for (int i = 0; i < ratios.length; i++) {
        ratios[i] = with[i] / without[i];
      }
      SplittableRandom random = new SplittableRandom(1);
      int starts = ratios.length / PAIRS;
      double[] medians = new double[RESAMPLED];
      for (int i = 0; i < medians.length; i++) {
        medians[i] =
            middle(
                random
                    .ints(starts, 0, starts)
                    .flatMap(start -> random.ints(PAIRS, start * PAIRS, (start + 1) * PAIRS))
                    .mapToDouble(at -> ratios[at])
                    .toArray());
      }
      Arrays.sort(medians);
      return new Ratio(
          middle(ratios), medians[RESAMPLED / 40], medians[RESAMPLED - RESAMPLED / 40]);
    }

    @Override
    public String toString() {
      return String.format(Locale.ROOT, "%.3f (%.3f–%.3f)", median, low, high);
    }
  }

  private static double middle(double[] values) {
    double[] sorted = values.clone();
    Arrays.sort(sorted);
    int half = sorted.length / 2;
    return sorted.length % 2 == 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
  }

  private boolean report(String dropped) throws IOException {
    StringBuilder text = new StringBuilder();
    text.append("# What recording every request costs\n\n");
    text.append(
        String.format(
            Locale.ROOT,
            "Written by `make bench-records` on %s; Fairlead as of commit %s.\n%s.\n\n",
            LocalDate.now(ZoneOffset.UTC),
            Machine.output("git", "rev-parse", "--short", "HEAD").firstLine(),
            String.join("; ", Machine.facts().subList(0, 2))));
    text.append(
        String.format(
            "Two processes on one core, one that records and one that does not, each with one event"
                + " loop, answer `wrk` by turns\nas fast as they can, %d s at a time; who is not"
                + " asked is stopped. Both are started %d times, for %d pairs of samples each. A"
                + " ratio is the median of\nthose of the pairs; beside it within what that median"
                + " is with 95 %%, by resampling of starts and of their pairs. %d s of load for each"
                + " process\nbefore, and %d s before each sample, are not in it.\n",
            SECONDS,
            with.samples.get(CONNECTIONS.getFirst()).size() / PAIRS,
            PAIRS,
            WARM_SECONDS,
            SETTLE_SECONDS));
    boolean good = dropped.isEmpty();
    for (int connections : CONNECTIONS) {
      text.append("\n| ")
          .append(connections)
          .append(
              " connections | with records | without | ratio | bound |\n|---|---|---|---|---|\n");
      Ratio rate =
          row(text, connections, "answers a second", Sample::rate, "%.0f", "at least 0.97");
      row(text, connections, "CPU µs a request", Sample::cpuMicros, "%.2f", "");
      row(text, connections, "p50, ms", Sample::p50, "%.3f", "");
      Ratio p99 = row(text, connections, "p99, ms", Sample::p99, "%.2f", "at most 1.02");
      good &= rate.median >= 1 - MOST_REQUESTS && p99.median <= 1 + MOST_P99;
    }
    text.append('\n')
        .append(dropped.isEmpty() ? "No record was dropped. " : "Records were dropped. ")
        .append(good ? "Within the bounds.\n" : "Not within the bounds.\n");
    Files.writeString(Path.of("bench/records-report.md"), text);
    System.out.print(text);
    return good;
  }

  private Ratio row(
      StringBuilder text,
      int connections,
      String what,
      ToDoubleFunction<Sample> which,
      String format,
      String bound) {
    double[] recorded = with.all(connections, which);
    double[] unrecorded = without.all(connections, which);
    Ratio ratio = Ratio.of(recorded, unrecorded);
    text.append(
        String.format(
            Locale.ROOT,
            "| %s | " + format + " | " + format + " | %s | %s |%n",
            what,
            middle(recorded),
            middle(unrecorded),
            ratio,
            bound));
    return ratio;
  }
}
