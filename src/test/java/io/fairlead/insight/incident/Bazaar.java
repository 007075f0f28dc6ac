package io.fairlead.insight.incident;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;

/**
 * A simulated cluster before an {@link IncidentWatch}, in virtual time: two services with twelve
 * nodes in three zones, two of the nodes with another version, forty routes, five thousand clients,
 * two listeners. One request in a thousand fails, times are spread, and load comes and goes a
 * little. Faults are fields that a test sets.
 */
final class Bazaar {
  static final long START = 1_800_000_000_000L;
  static final int NODES = 12;
  static final int ROUTES = 40;
  private static final int CLIENTS = 5_000;
  private static final int AGENTS = 50;

  final IncidentWatch watch;
  final SplittableRandom random;
  private final SplittableRandom asked;
  final double rate;
  final String[] version = new String[NODES];
  final boolean[] out = new boolean[NODES];
  long second;

  // What goes wrong, and what only changes.
  double more = 1;
  double busy = 1;
  int slowNode = -1;
  int badVersionRoute = -1;
  double flood;
  int pausingNode = -1;
  int slowRoutes;
  int faintNode = -1;
  int avoidedNode = -1;
  double avoidedShare;
  boolean badListener;
  boolean retryStorm;
  boolean slowClients;
  int lostRoute = -1;
  double scanner;
  double mobile = 0.1;
  int newcomers;

  private final double[] routeMillis = new double[ROUTES];
  private final int[] manyRoutes = skewed(ROUTES, 0.8);
  private final int[] manyClients = skewed(CLIENTS, 0.6);
  private final int[] manyAgents = skewed(AGENTS, 0.8);
  private double load = 1;

  Bazaar(long seed, double rate) {
    random = new SplittableRandom(seed);
    asked = new SplittableRandom(seed);
    this.rate = rate;
    watch = new IncidentWatch(this::labels, _ -> {});
    for (int i = 0; i < NODES; i++) {
      version[i] = i < NODES - 2 ? "1" : "2";
    }
    for (int i = 0; i < ROUTES; i++) {
      routeMillis[i] = 2 * Math.pow(20, random.nextDouble());
    }
  }

  private NodeLabels.Labels labels(String service, String node) {
    int number = Integer.parseInt(node.substring(1));
    return new NodeLabels.Labels(version[number], "z" + number % 3);
  }

  private static int[] skewed(int count, double exponent) {
    double[] sums = new double[count];
    double sum = 0;
    for (int i = 0; i < count; i++) {
      sum += 1 / Math.pow(i + 1, exponent);
      sums[i] = sum;
    }
    int[] which = new int[1 << 16];
    for (int i = 0; i < which.length; i++) {
      int at = Arrays.binarySearch(sums, sum * (i + .5) / which.length);
      which[i] = Math.min(count - 1, at < 0 ? -at - 1 : at);
    }
    return which;
  }

  private int any(int[] skewed) {
    return skewed[random.nextInt(skewed.length)];
  }

  /** One second of traffic, and the look at it. */
  void second() {
    load += 0.1 * (1 - load) + 0.03 * gauss();
    int count = poisson(rate * (more + flood));
    for (int i = 0; i < count; i++) {
      request(flood > 0 && random.nextDouble() < flood / (more + flood));
    }
    second++;
    watch.caughtUp(now() + 200);
  }

  long now() {
    return START + second * 1000;
  }

  private double gauss() {
    return Math.sqrt(-2 * Math.log(1 - random.nextDouble()))
        * Math.cos(2 * Math.PI * random.nextDouble());
  }

  private int poisson(double mean) {
    if (mean <= 0) {
      return 0;
    }
    if (mean > 30) {
      return (int) Math.max(0, Math.round(mean + Math.sqrt(mean) * gauss()));
    }
    double limit = Math.exp(-mean);
    int count = -1;
    for (double product = 1; product > limit; count++) {
      product *= random.nextDouble();
    }
    return count;
  }

  private void request(boolean flooding) {
    boolean scans = scanner > 0 && random.nextDouble() < scanner;
    int route = scans ? 0 : any(manyRoutes);
    boolean pay = route % 4 == 3;
    int node = random.nextInt(NODES);
    while (out[node] || (node == avoidedNode && random.nextDouble() >= avoidedShare)) {
      node = random.nextInt(NODES);
    }
    boolean tls = random.nextInt(5) == 0;
    int agent = random.nextDouble() < mobile ? AGENTS : any(manyAgents);
    int client = flooding ? -1 : scans ? -2 : (any(manyClients) + newcomers) % (2 * CLIENTS);
    double millis = routeMillis[route] * load * busy * Math.exp(0.4 * gauss());
    double at = random.nextDouble() * 1000;
    if (node == slowNode) {
      millis *= 4;
    }
    if (slowRoutes > 0 && route >= 4 && route < 4 + slowRoutes) {
      millis += 300;
    }
    if (node == pausingNode) {
      double since = (now() + at) % 3000;
      if (since < 400) {
        millis += 400 - since;
      }
    }
    boolean failed = random.nextInt(1000) == 0;
    boolean refused = scans || route == lostRoute || asked.nextInt(100) == 0;
    int tries = 1;
    if (node == faintNode) {
      failed |= random.nextDouble() < 0.02;
    }
    if (route == badVersionRoute && version[node].equals("2")) {
      failed |= random.nextDouble() < 0.4;
    }
    if (badListener && tls) {
      failed |= random.nextDouble() < 0.05;
    }
    if (retryStorm && pay) {
      while (tries < 4 && random.nextDouble() < 0.3) {
        tries++;
      }
      if (tries == 4 && random.nextDouble() < 0.3) {
        failed = true;
      }
      millis *= tries;
    }
    double transfer = -0.5 * Math.log(1 - random.nextDouble());
    if (slowClients && agent == AGENTS) {
      transfer += 300 + 2000 * random.nextDouble();
    }
    RecordSorter sorter = watch.sorter();
    set(Dimension.LISTENER, tls ? 2 : 1, tls ? "secure" : "web");
    set(Dimension.ROUTE, route + 1, route, "web/");
    set(Dimension.SERVICE, pay ? 2 : 1, pay ? "pay" : "shop");
    set(Dimension.NODE, node + 1, node, "n");
    sorter.set(Dimension.VERSION, sorter.word(Dimension.VERSION, version[node]));
    set(Dimension.ZONE, 1 + node % 3, node % 3, "z");
    set(Dimension.CLIENT, client + 3, client + 1, "10.0.0.");
    int path = scans ? ROUTES + random.nextInt(500) : route;
    set(Dimension.PATH, path + 1, path, "/path/");
    set(Dimension.HOST, route % 3 + 1, route % 3, "host");
    set(Dimension.AGENT, agent + 1, agent, "agent");
    boolean post = random.nextInt(5) == 0;
    set(Dimension.METHOD, post ? 2 : 1, post ? "POST" : "GET");
    set(Dimension.PROTOCOL, tls ? 2 : 1, tls ? "h2" : "http/1.1");
    set(Dimension.STATUS, failed ? 2 : refused ? 3 : 1, failed ? "500" : refused ? "404" : "200");
    sorter.set(Dimension.ERROR, 0);
    set(Dimension.TRIES, Math.min(2, tries), tries == 1 ? "1" : "more than 1");
    int answer = (int) (millis * 1000);
    int total = answer + (int) (transfer * 1000);
    watch.add(
        now() + (long) at,
        total,
        answer,
        tries > 1 ? total : answer,
        tries > 1 ? -1 : total - answer,
        (failed ? Measure.ERRORS.bit() : refused ? Measure.REFUSED.bit() : 0)
            | (tries > 1 ? Measure.RETRIED.bit() : 0));
  }

  private void set(Dimension dimension, int key, int number, String prefix) {
    Dictionary dictionary = watch.dictionary(dimension);
    int known = dictionary.find(key);
    watch.sorter().set(dimension, known != 0 ? known : dictionary.add(key, prefix + number));
  }

  private void set(Dimension dimension, int key, String text) {
    Dictionary dictionary = watch.dictionary(dimension);
    int known = dictionary.find(key);
    watch.sorter().set(dimension, known != 0 ? known : dictionary.add(key, text));
  }

  List<Incident> incidents() {
    return new ArrayList<>(watch.incidents()).reversed();
  }
}
