import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/**
 * Injects faults into a running system, one after the other with calm between, and scores what is
 * told of them: whether, when, and with which cause. All processes are real, and so are the
 * requests. See incidents/README.md.
 */
final class LiveIncidents {
  private static final long POLL_MILLIS = 200;

  /** A fault that nothing was told of by then is missed. */
  private static final int MOST_SECONDS = 60;

  /** So long a fault goes on after it has been told, for what else there is to be told. */
  private static final int AFTER_SECONDS = 6;

  /** What is told so soon after a fault's end belongs to it. */
  private static final int ECHO_SECONDS = 12;

  /** At least, after what was told is over. */
  private static final int CALM_SECONDS = 5;

  private static double rate = 500;

  private final Shop shop;
  private final Shoppers shoppers;
  private final Set<String> known = new HashSet<>();
  private final List<String> falseOnes = new ArrayList<>();
  private double quietSeconds;

  private LiveIncidents(Shop shop, Shoppers shoppers) {
    this.shop = shop;
    this.shoppers = shoppers;
  }

  /** Requests a second, usually. */
  static double rate() {
    return rate;
  }

  public static void main(String[] args) throws Exception {
    long seed = 1;
    boolean quick = false;
    int quietMinutes = 0;
    List<String> only = List.of();
    for (String arg : args) {
      String value = arg.substring(arg.indexOf('=') + 1);
      switch (arg.replaceFirst("=.*", "")) {
        case "--quick" -> quick = true;
        case "--only" -> only = List.of(value.split(","));
        case "--rate" -> rate = Double.parseDouble(value);
        case "--seed" -> seed = Long.parseLong(value);
        case "--quiet-minutes" -> quietMinutes = Integer.parseInt(value);
        default -> {
          System.err.println(
              "incidents: what is "
                  + arg
                  + "? known: --quick --only=WORD,... --rate=N --seed=N --quiet-minutes=N");
          System.exit(2);
        }
      }
    }
    List<String> wanted = quick && only.isEmpty() ? Faults.QUICK : only;
    List<Fault> chosen =
        Faults.ALL.stream()
            .filter(fault -> wanted.isEmpty() || wanted.stream().anyMatch(fault::isMeantBy))
            .toList();
    String key = IncidentReport.commit() + ", " + rate + "/s, seed " + seed;
    Path rows = Path.of("incidents/work/rows");
    IncidentReport report;
    try (Shop shop = new Shop(Path.of("incidents/work").toAbsolutePath())) {
      shop.start();
      try (Shoppers shoppers =
          new Shoppers(Shop.WEB, Shop.SECURE, shop.authority(), rate, seed)) {
        LiveIncidents run = new LiveIncidents(shop, shoppers);
        run.warmUp(quick ? 45 : 80);
        run.quiet(60 * quietMinutes, "with nothing done");
        Quiet quiet = new Quiet(run.quietSeconds, List.copyOf(run.falseOnes));
        if (quietMinutes > 0) {
          quiet.keep(rows, key);
        }
        List<Played> played = new ArrayList<>();
        for (Fault fault : chosen) {
          played.add(run.playAndSettle(fault));
          played.getLast().keep(rows, key);
        }
        report = new IncidentReport(rate, seed, played, quiet);
        report.print();
        report.write(Path.of("incidents/work/report.md"));
        List<Played> kept = Played.kept(rows, key);
        if (kept.size() == Faults.ALL.size()) {
          Quiet all = quietMinutes > 0 ? quiet : quiet.and(Quiet.kept(rows, key));
          new IncidentReport(rate, seed, kept, all)
              .write(Path.of("incidents/report.md"));
        } else {
          System.out.println(
              "incidents/report.md stays: "
                  + (Faults.ALL.size() - kept.size())
                  + " were not played with this Fairlead");
        }
      }
    }
    System.exit(report.isGood() ? 0 : 1);
  }

  private void warmUp(int seconds) throws Exception {
    System.out.printf("warming up for %d s at %.0f requests/s%n", seconds, rate);
    Thread.sleep(Duration.ofSeconds(seconds));
    Shop.await("it knows enough", Duration.ofSeconds(60), () -> Told.isEnough(shop));
    for (Told each : Told.all(shop)) {
      known.add(each.id());
      falseOnes.add("while warming up: " + each.text());
    }
  }

  private Played playAndSettle(Fault fault) throws Exception {
    double quietBefore = quietSeconds;
    int falseBefore = falseOnes.size();
    Outcome outcome;
    try {
      outcome = play(fault);
    } catch (Exception e) {
      outcome = Outcome.notPlayed(fault, String.valueOf(e.getMessage()));
      fault.end().on(shop, shoppers);
    }
    System.out.println(outcome.row());
    settle();
    quiet(CALM_SECONDS, "after " + fault.name());
    return new Played(
        outcome,
        quietSeconds - quietBefore,
        List.copyOf(falseOnes.subList(falseBefore, falseOnes.size())));
  }

  private Outcome play(Fault fault) throws Exception {
    if (fault.number().equals("25") && !shop.hasDisk()) {
      return Outcome.notPlayed(fault, "a small file system cannot be mounted here");
    }
    List<Told> own = new ArrayList<>();
    long begin = System.nanoTime();
    Thread injecting =
        Thread.ofPlatform()
            .start(() -> {
              try {
                fault.begin().on(shop, shoppers);
              } catch (Exception e) {
                System.err.println("incidents: " + fault.name() + ": " + e);
              }
            });
    double found = -1;
    while (true) {
      double since = seconds(begin);
      own = news();
      if (found < 0 && !own.isEmpty()) {
        found = since;
      }
      double until = found < 0 ? MOST_SECONDS : found + AFTER_SECONDS;
      if (fault.isControl()) {
        until = fault.least();
      }
      if (!injecting.isAlive() && since >= Math.max(fault.least(), until)) {
        break;
      }
      Thread.sleep(POLL_MILLIS);
    }
    if (fault.isControl()) {
      quietSeconds += seconds(begin);
    }
    Told first = own.isEmpty() ? null : own.getLast(); // the youngest stands first
    fault.end().on(shop, shoppers);
    long ended = System.nanoTime();
    while (seconds(ended) < ECHO_SECONDS) {
      Thread.sleep(POLL_MILLIS);
    }
    List<Told> rest = new ArrayList<>(news());
    rest.forEach(each -> known.add(each.id()));
    if (first != null) {
      String id = first.id();
      rest.removeIf(each -> each.id().equals(id));
    }
    if (fault.isControl()) {
      own.forEach(each -> falseOnes.add(fault.name() + ": " + each.text()));
    }
    return new Outcome(
        fault,
        found,
        first != null && fault.isRight(first.named()),
        first != null && fault.says(first.text()),
        first == null ? "" : first.text(),
        rest.stream().map(Told::text).toList(),
        "");
  }

  /** What has been told that was not known before. */
  private List<Told> news() throws Exception {
    List<Told> news = new ArrayList<>(Told.all(shop));
    news.removeIf(each -> known.contains(each.id()));
    news.sort(java.util.Comparator.comparing(Told::id).reversed());
    return news;
  }

  /** Waits until all that was told is over. */
  private void settle() throws Exception {
    long begin = System.nanoTime();
    while (seconds(begin) < 40
        && Told.all(shop).stream().anyMatch(each -> each.open() && !each.isOfTheWayBack())) {
      Thread.sleep(POLL_MILLIS);
    }
    Told.all(shop).forEach(each -> known.add(each.id()));
  }

  private void quiet(int length, String when) throws Exception {
    long begin = System.nanoTime();
    while (seconds(begin) < length) {
      Thread.sleep(POLL_MILLIS);
    }
    quietSeconds += seconds(begin);
    for (Told each : news()) {
      known.add(each.id());
      falseOnes.add(when + ": " + each.text());
      System.out.println("false, " + when + ": " + each.text());
    }
  }

  private static double seconds(long since) {
    return (System.nanoTime() - since) / 1e9;
  }

  static String format(String format, Object... values) {
    return String.format(Locale.ROOT, format, values);
  }
}
