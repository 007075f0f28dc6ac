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
import java.util.SplittableRandom;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What recording every request costs at saturation: one process on one core, asked as fast as it
 * can answer, with records and without in turn, pair by pair. The machine's pace changes within
 * minutes; within a pair of some seconds it hardly does. Started by {@code bench/records}.
 */
final class RecordCost {
  private static final int BASE = 21_000;
  private static final int SECONDS = 25;

  /**
   * Behind a change: the recorder is a new one, its columns have to grow, and compilers are at work
   * again, for 4 ms at a time, until all of it is compiled for one way and the other.
   */
  private static final int SETTLE_SECONDS = 12;

  private static final int WARM_SECONDS = 40;
  private static final int RESAMPLED = 2_000;
  private static final double MOST_REQUESTS = 0.03;
  private static final double MOST_P99 = 0.02;

  private final Path work = Path.of("bench/work").toAbsolutePath();
  private final Children children = new Children();
  private final Nodes nodes = new Nodes(BASE + 121, work);
  private final FairleadProxy proxy =
      new FairleadProxy(FairleadProxy.NAME, Path.of("."), BASE + 80, BASE + 70);
  private long pid;

  /** Of one run of the generator: answers a second, and milliseconds and microseconds. */
  private record Sample(double rate, double p50, double p99, double cpuMicros) {}

  public static void main(String[] args) throws Exception {
    int pairs = args.length > 0 ? Integer.parseInt(args[0]) : 12;
    System.exit(new RecordCost().run(pairs) ? 0 : 1);
  }

  private boolean run(int pairs) throws Exception {
    nodes.start(children);
    Process process =
        children.start(
            Machine.PROXY_CORE, proxy.prepare(work, nodes), work.resolve("fairlead.out"));
    pid = process.pid();
    await(proxy.port());
    for (int i = 0; i < 2; i++) { // either way is compiled
      proxy.record(work, i > 0);
      load(WARM_SECONDS / 2);
    }
    List<Sample> with = new ArrayList<>();
    List<Sample> without = new ArrayList<>();
    for (int pair = 0; pair < pairs; pair++) {
      boolean first = pair % 2 == 0; // neither is always the first
      for (boolean on : new boolean[] {first, !first}) {
        proxy.record(work, on);
        load(SETTLE_SECONDS);
        (on ? with : without).add(load(SECONDS));
      }
      if (pair % 10 == 9) {
        System.err.printf("%d of %d pairs%n", pair + 1, pairs);
      }
    }
    String dropped = proxy.logProblem(work, 0, 0);
    children.stopAll();
    return report(with, without, dropped);
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

  private Sample load(int seconds) throws Exception {
    Path output = work.resolve("record-cost.out");
    Usage before = Usage.of(pid);
    Process wrk =
        children.start(
            Machine.LOAD_CORE,
            List.of(
                "wrk",
                "-t1",
                "-c64",
                "-d" + seconds + "s",
                "--latency",
                "http://127.0.0.1:" + proxy.port() + "/small"),
            output);
    children.await(wrk, seconds + 10);
    double cpu = Usage.of(pid).since(before).totalNanos() / 1000;
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
      double[] medians = new double[RESAMPLED];
      for (int i = 0; i < medians.length; i++) {
        medians[i] =
            middle(
                random
                    .ints(ratios.length, 0, ratios.length)
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

  private static double[] all(
      List<Sample> samples, java.util.function.ToDoubleFunction<Sample> which) {
    return samples.stream().mapToDouble(which).toArray();
  }

  private static boolean report(List<Sample> with, List<Sample> without, String dropped)
      throws IOException {
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
            "One process on one core, with one event loop and its recorder, answers `wrk` with 64"
                + " connections as fast as it can,\n%d s with records and %d s without, %d pairs of"
                + " them, either way first in turn. A ratio is the median of the pairs' ratios;"
                + " beside it\nwithin what that median is with 95 %%, by resampling. The"
                + " %d s behind each change are not in it.\n\n",
            SECONDS, SECONDS, with.size(), SETTLE_SECONDS));
    text.append("| | with records | without | ratio | bound |\n|---|---|---|---|---|\n");
    Ratio rate =
        row(text, "answers a second", with, without, Sample::rate, "%.0f", "at least 0.97");
    row(text, "CPU µs a request", with, without, Sample::cpuMicros, "%.2f", "");
    row(text, "p50, ms", with, without, Sample::p50, "%.3f", "");
    Ratio p99 = row(text, "p99, ms", with, without, Sample::p99, "%.2f", "at most 1.02");
    boolean good =
        rate.median >= 1 - MOST_REQUESTS && p99.median <= 1 + MOST_P99 && dropped.isEmpty();
    text.append('\n')
        .append(dropped.isEmpty() ? "No record was dropped. " : "Records were dropped. ")
        .append(good ? "Within the bounds.\n" : "Not within the bounds.\n");
    Files.writeString(Path.of("bench/records-report.md"), text);
    System.out.print(text);
    return good;
  }

  private static Ratio row(
      StringBuilder text,
      String what,
      List<Sample> with,
      List<Sample> without,
      java.util.function.ToDoubleFunction<Sample> which,
      String format,
      String bound) {
    Ratio ratio = Ratio.of(all(with, which), all(without, which));
    text.append(
        String.format(
            Locale.ROOT,
            "| %s | " + format + " | " + format + " | %s | %s |%n",
            what,
            middle(all(with, which)),
            middle(all(without, which)),
            ratio,
            bound));
    return ratio;
  }
}
