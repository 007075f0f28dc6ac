package io.fairlead.insight;

import io.fairlead.config.OutlierConfig;
import io.fairlead.service.Standing;
import io.fairlead.telemetry.NodeAnswers;
import io.fairlead.telemetry.OpenTry;
import io.fairlead.telemetry.ServiceAnswers;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;

/**
 * A service in simulated time: clients ask, nodes answer as they are told to, requests are dealt by
 * chance according to the nodes' shares, and the detector looks once a second. No queues: a node
 * does not become slower by what it gets.
 */
final class Town {
  static final long SECOND = 1_000_000_000L;
  static final long MILLI = 1_000_000L;

  /** How a node answers a request. */
  interface Conduct {
    /** How long it takes; negative if the answer is an error. */
    long answer(long now, int route, int client, SplittableRandom random);
  }

  /** One thing that was said. */
  record Said(double at, String what) {}

  final class Place {
    final Subject subject;
    final NodeAnswers answers;
    Conduct conduct = usual;
    long asked;
    boolean up = true;

    Place(String name, Map<String, String> labels) {
      answers = service.newNode();
      subject = Detector.subject(name, labels, answers);
    }
  }

  private record End(long at, OpenTry its, boolean error) {}

  final ServiceAnswers service = new ServiceAnswers(1);
  final Detector detector;
  final SplittableRandom random;
  final List<Place> places = new ArrayList<>();
  final List<Said> story = new ArrayList<>();
  final int[] routes = {service.classOf("page"), service.classOf("report")};
  final Conduct usual = (_, route, _, chance) -> usual(route, chance);
  double errors = 0.001;
  double sigma = 0.5;
  double perSecond;
  int clients = 1000;
  boolean sticky;
  long requests;
  long homeless;
  long now;
  private long nextTick = SECOND;
  private long nextArrival;
  private final PriorityQueue<End> ends =
      new PriorityQueue<>((a, b) -> Long.compare(a.at(), b.at()));
  private final List<OpenTry> spare = new ArrayList<>();

  Town(int nodes, double perNode, long seed) {
    this(nodes, perNode, seed, i -> Map.of());
  }

  Town(
      int nodes,
      double perNode,
      long seed,
      java.util.function.IntFunction<Map<String, String>> labels) {
    random = new SplittableRandom(seed);
    perSecond = nodes * perNode;
    detector = new Detector(service, OutlierConfig.DEFAULT);
    for (int i = 0; i < nodes; i++) {
      places.add(new Place("n" + (i + 1), labels.apply(i)));
    }
    joined();
  }

  void joined() {
    detector.replace(places.stream().map(place -> place.subject).toList(), now);
  }

  /** Log-normal around 20 ms, or 60 ms on one request in ten. */
  long usual(int route, SplittableRandom chance) {
    long took = (long) ((route == 0 ? 20 : 60) * MILLI * Math.exp(sigma * chance.nextGaussian()));
    return chance.nextDouble() < errors ? -took : took;
  }

  /** What another instance has counted. */
  void hear(String instance, String node, int routeClass, Answered answered) {
    places.stream()
        .filter(place -> place.subject.name().equals(node))
        .forEach(place -> detector.hear(instance, place.subject, routeClass, answered));
  }

  Place place(int index) {
    return places.get(index);
  }

  /** Goes on until that second. */
  void until(double second) {
    long end = (long) (second * SECOND);
    while (true) {
      long next = Math.min(nextArrival, nextTick);
      End first = ends.peek();
      if (first != null && first.at() <= next) {
        next = first.at();
      }
      if (next > end) {
        now = end;
        return;
      }
      now = next;
      if (first != null && first.at() == next) {
        ends.poll();
        first.its().answered(first.error(), now);
        first.its().end(now);
        spare.add(first.its());
      } else if (next == nextTick) {
        tick();
      } else {
        arrive();
      }
    }
  }

  private void arrive() {
    nextArrival = now + (long) Math.max(1, -Math.log(1 - random.nextDouble()) / perSecond * SECOND);
    requests++;
    int client = random.nextInt(clients);
    Place place = choose(client);
    if (place == null) {
      homeless++;
      return;
    }
    place.asked++;
    int route = random.nextDouble() < 0.9 ? 0 : 1;
    OpenTry its = spare.isEmpty() ? new OpenTry() : spare.removeLast();
    its.begin(service, place.answers, 0, routes[route], client * 0x5bd1e995 + 7, now);
    long took = place.conduct.answer(now, route, client, random);
    ends.add(new End(now + Math.abs(took), its, took < 0));
  }

  private @Nullable Place choose(int client) {
    if (sticky) {
      Place home = places.get(client % places.size());
      if (home.subject.standing().share() > 0) {
        return home;
      }
    }
    double all = 0;
    for (Place place : places) {
      all += place.up ? place.subject.standing().share() : 0;
    }
    double point = random.nextDouble() * all;
    for (Place place : places) {
      point -= place.up ? place.subject.standing().share() : 0;
      if (point < 0) {
        return place;
      }
    }
    return null;
  }

  private void tick() {
    nextTick += SECOND / 2;
    for (Place place : places) {
      place.subject.passedProbe(now);
    }
    service.sweep(0, now);
    Detector.News news = detector.tick(now);
    double at = (double) now / SECOND;
    for (Detector.Change change : news.changes()) {
      story.add(
          new Said(
              at,
              change.subject().name()
                  + " "
                  + change.after().state()
                  + " "
                  + change.after().share()
                  + ": "
                  + change.after().reason()));
    }
    news.raised().forEach(alarm -> story.add(new Said(at, "alarm " + alarm)));
    news.over().forEach(alarm -> story.add(new Said(at, "over " + alarm.label())));
  }

  boolean isOut(int index) {
    return place(index).subject.standing().state() == Standing.State.EJECTED;
  }

  long ejections() {
    return story.stream().filter(said -> said.what().contains(" EJECTED ")).count();
  }

  String tell() {
    StringBuilder text = new StringBuilder();
    story.forEach(said -> text.append("\n  ").append(said.at()).append(" ").append(said.what()));
    return text.toString();
  }

  static Duration seconds(double count) {
    return Duration.ofMillis((long) (count * 1000));
  }
}
