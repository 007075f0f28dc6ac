package io.fairlead.insight.incident;

import io.fairlead.insight.incident.Causes.Candidate;
import io.fairlead.insight.incident.Causes.Found;
import io.fairlead.insight.incident.Incident.Cause;
import io.fairlead.insight.incident.RecentRequests.Which;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Turns slices that stand out into incidents, one for each cause. What an open incident explains is
 * left out before anything new is looked for: so a second problem is found beside the first, and
 * one is never told twice, though hundreds of slices see it.
 */
final class RequestIncidents {
  private static final long LONG = 60_000;
  private static final long SHORT = 10_000;
  private static final long NOW = 20_000;

  /** Beside what is explained, so much must stand out. */
  private static final double SURPRISING = 6;

  private static final double QUIET = 3;
  private static final long QUIET_MILLIS = 15_000;

  /** What ended so recently goes on if it comes again. */
  private static final long AGAIN_MILLIS = 60_000;

  /** Of what is bad, a cause has so much, and so many times more than the others have. */
  private static final double MOST = 0.5;

  private static final double LIFT = 1.5;
  private static final double OVERLAP = 0.6;
  private static final int FEW = 3;

  /**
   * What is slow and has nothing in common with what else is slow is told from such a share on:
   * with more traffic, all machines are a little slower.
   */
  private static final double SLOW_WITHOUT_CAUSE = 0.05;

  private static final double STILL_GOOD = 0.8;
  private static final long TOGETHER_MILLIS = 20_000;
  private static final double BETTER = 1.1;
  private static final int MOST_JOINED = 8;
  private static final int CAUSES = 3;

  private final Slices slices;
  private final RecentRequests recent;
  private final Values values;
  private final Incidents incidents;
  private final Causes causes;
  private final VolumeIncidents volumes;
  private final RequestWords words;

  RequestIncidents(
      Slices slices,
      RecentRequests recent,
      Values values,
      Incidents incidents,
      Handshakes handshakes) {
    this.slices = slices;
    this.recent = recent;
    this.values = values;
    this.incidents = incidents;
    causes = new Causes(slices);
    volumes = new VolumeIncidents(slices, recent, values, incidents, handshakes);
    words = new RequestWords(recent, values, incidents);
    incidents.setExplaining(this::explains);
  }

  /** Most of what is bad at the node is what the incident names, such as a version that it has. */
  private boolean explains(OpenIncident incident, String service, String node) {
    Which which = incident.which;
    if (which == null) {
      return false;
    }
    int bits = incident.measures.isEmpty() ? Measure.BITS & ~Measure.REFUSED.bit() : 0;
    for (Measure measure : incident.measures) {
      bits |= measure.bit();
    }
    int bad = 0;
    int both = 0;
    int last = Dictionary.NONE;
    boolean isIt = false;
    for (long row = recent.since(endMillis() - LONG); row < recent.written; row++) {
      int at = RecentRequests.at(row);
      if ((recent.bad[at] & bits) == 0) {
        continue;
      }
      int number = recent.value(Dimension.NODE, at);
      if (number != last) {
        last = number;
        isIt = values.of(Dimension.NODE).text(number).equals(node);
      }
      int its = recent.value(Dimension.SERVICE, at);
      if (isIt && values.of(Dimension.SERVICE).text(its).equals(service)) {
        bad++;
        both += which.takes(recent, at) ? 1 : 0;
      }
    }
    return bad >= FEW && both >= OVERLAP * bad;
  }

  /** A second has been closed. */
  void look() {
    for (OpenIncident incident : List.copyOf(incidents.open())) {
      if (incident.isOfRequests()) {
        follow(incident);
      }
    }
    for (Measure measure : Measure.ALL) {
      if (slices.worst[measure.index()] >= 0) {
        seek(measure);
      }
    }
    if (slices.isEnough()) {
      volumes.look();
    }
  }

  private long endMillis() {
    return slices.endMillis();
  }

  // --- new ones -------------------------------------------------------------------------------

  private void seek(Measure measure) {
    List<Which> explained = new ArrayList<>();
    for (OpenIncident incident : incidents.open()) {
      if (incident.isOfRequests()) {
        if (incident.which != null) {
          explained.add(incident.which);
        } else if (incident.measures.contains(measure)) {
          return; // everything is bad already
        }
      }
    }
    if (!explained.isEmpty() && slices.second() % 2 == 0) {
      return;
    }
    Found found = causes.look(recent, recent.since(endMillis() - SHORT), measure, explained);
    if (found.by() < SURPRISING) {
      found = causes.look(recent, recent.since(endMillis() - LONG), measure, explained);
    }
    if (found.bad() < 4 || found.by() < (explained.isEmpty() ? 3 : SURPRISING)) {
      return;
    }
    Candidate named = named(found);
    if (measure == Measure.REFUSED && !isLost(named)) {
      return; // somebody asks for what there never was
    }
    if (measure == Measure.SLOW
        && named == null
        && found.bad() < SLOW_WITHOUT_CAUSE * found.all()) {
      return;
    }
    long since = since(measure, named == null ? null : named.which());
    OpenIncident same = same(measure, named, since);
    if (same != null) {
      if (named == null && same.which != null) {
        return; // that it has a cause is worth more than what has none
      }
      same.lastBad = endMillis();
      join(same, measure, named);
      if (!same.measures.contains(measure)) {
        same.measures.add(measure);
        same.measures.sort(Comparator.naturalOrder());
        tell(same, found);
      }
      return;
    }
    if (isOver(measure, named)) {
      return;
    }
    OpenIncident again = again(measure, named);
    OpenIncident incident = again != null ? again : incidents.begin(kind(measure), since);
    if (again == null) {
      incident.measures.add(measure);
    }
    incident.counted = recent.since(since);
    incident.lastBad = endMillis();
    tell(incident, found);
    count(incident);
    incident.nextLook = endMillis() + 2_000;
    incidents.announce(incident);
  }

  /** One that ended just now and was the same. */
  private @Nullable OpenIncident again(Measure measure, @Nullable Candidate named) {
    for (OpenIncident incident : incidents.justOver(endMillis() - AGAIN_MILLIS)) {
      Which before = incident.which;
      if (incident.measures.contains(measure)
          && isSame(before, named == null ? null : named.which())) {
        incidents.reopen(incident);
        incident.quietSince = 0;
        return incident;
      }
    }
    return null;
  }

  /** Values of one dimension that became bad together are one cause. */
  private void join(OpenIncident incident, Measure measure, @Nullable Candidate named) {
    Which before = incident.which;
    if (named != null
        && before != null
        && isJoined(before, named.which())
        && incident.measures.contains(measure)) {
      int[] numbers =
          IntStream.concat(Arrays.stream(before.numbers), Arrays.stream(named.which().numbers))
              .distinct()
              .toArray();
      incident.which = new Which(before.dimension, numbers, null, 0);
      incident.nextLook = 0;
    }
  }

  private static boolean isJoined(Which before, Which now) {
    return before.dimension == now.dimension
        && before.second == null
        && now.second == null
        && before.numbers.length < MOST_JOINED;
  }

  /**
   * Whether requests are refused that were not before. Who asks for what there never was adds to
   * those that are refused; where the others come to an end as ever, nothing is lost.
   */
  private boolean isLost(@Nullable Candidate named) {
    if (named == null || !named.which().dimension.isOurs()) {
      return false;
    }
    Which which = named.which();
    double usual = 0;
    for (int number : which.numbers) {
      usual += slices.usualRate(slices.slice(which.dimension, number));
    }
    int good = 0;
    int goodIn = 0;
    for (long row = recent.since(endMillis() - SHORT); row < recent.written; row++) {
      int at = RecentRequests.at(row);
      if ((recent.bad[at] & Measure.REFUSED.bit()) == 0) {
        good++;
        int number = recent.value(which.dimension, at);
        goodIn += Arrays.stream(which.numbers).anyMatch(each -> each == number) ? 1 : 0;
      }
    }
    double expected = usual / Math.max(1e-9, slices.usualRate(Slices.TOTAL)) * good;
    return goodIn <= STILL_GOOD * expected && Chance.belowCount(goodIn, expected, 4) >= QUIET;
  }

  private static String kind(Measure measure) {
    return switch (measure) {
      case ERRORS -> "errors";
      case SLOW -> "slow";
      case RETRIED -> "retries";
      case TRANSFER -> "transfer";
      case REFUSED -> "refused";
    };
  }

  private static @Nullable Candidate named(Found found) {
    for (Candidate candidate : found.causes()) {
      if (isNamed(candidate, found)) {
        return candidate;
      }
    }
    return null;
  }

  private static boolean isNamed(Candidate candidate, Found found) {
    double share = candidate.both() / found.bad();
    return share >= MOST && share >= LIFT * candidate.rest();
  }

  /** An open incident that is the same problem. */
  private @Nullable OpenIncident same(Measure measure, @Nullable Candidate named, long since) {
    for (OpenIncident incident : incidents.open()) {
      if (incident.key != null
          && !incident.isOfRequests()
          && named != null
          && (isDown(incident, named)
              || Incidents.isOfService(incident, service(named.which()), since))) {
        incident.notes.add(incident.text);
        incident.which = named.which();
        incident.counted = recent.since(since);
        return incident;
      }
      Which ejected = ejected(incident);
      if (named != null && ejected != null && overlap(ejected, named.which(), measure)) {
        incident.notes.add(incident.text);
        incident.which = ejected;
        incident.counted = recent.since(since);
        return incident;
      }
      if (!incident.isOfRequests()) {
        continue;
      }
      boolean together = Math.abs(incident.since - since) <= TOGETHER_MILLIS;
      if (incident.which == null || named == null) {
        if (together || (incident.measures.contains(measure) && incident.which == null)) {
          return incident;
        }
      } else if (isSame(incident.which, named.which())
          || (together
              && incident.measures.contains(measure)
              && isJoined(incident.which, named.which()))
          || overlap(incident.which, named.which(), measure)) {
        return incident;
      }
    }
    return null;
  }

  /** The node of an incident that says it is ejected; null: it says something else. */
  private @Nullable Which ejected(OpenIncident incident) {
    String key = incident.key;
    if (key == null || !Incidents.isEjected(incident)) {
      return null;
    }
    int number = values.of(Dimension.NODE).numberOf(key.substring(key.indexOf('/') + 1));
    return number == Dictionary.NONE
        ? null
        : new Which(Dimension.NODE, new int[] {number}, null, 0);
  }

  /** The one that they go to if it is what they have in common, or what leads there. */
  private String service(Which which) {
    if (which.second != null
        || (which.dimension != Dimension.SERVICE && which.dimension != Dimension.ROUTE)) {
      return "";
    }
    for (long row = recent.written - 1; row >= recent.first(); row--) {
      int at = RecentRequests.at(row);
      if (which.takes(recent, at)) {
        return values.of(Dimension.SERVICE).text(recent.value(Dimension.SERVICE, at));
      }
    }
    return "";
  }

  private boolean isDown(OpenIncident incident, Candidate named) {
    String key = incident.key;
    return named.which().dimension == Dimension.NODE
        && named.which().numbers.length == 1
        && key != null
        && key.startsWith("node ")
        && key.endsWith("/" + values.of(Dimension.NODE).text(named.which().numbers[0]));
  }

  private static boolean isSame(@Nullable Which a, @Nullable Which b) {
    if (a == null || b == null) {
      return a == null && b == null;
    }
    if (a.dimension != b.dimension || a.second != b.second || a.secondNumber != b.secondNumber) {
      return false;
    }
    return Arrays.stream(a.numbers)
        .anyMatch(number -> Arrays.stream(b.numbers).anyMatch(other -> other == number));
  }

  /** Whether most of what is bad now is in what is bad already, and by no accident. */
  private boolean overlap(Which known, Which now, Measure measure) {
    int bad = 0;
    int badInBoth = 0;
    int in = 0;
    int inBoth = 0;
    for (long row = recent.since(endMillis() - SHORT); row < recent.written; row++) {
      int at = RecentRequests.at(row);
      if (now.takes(recent, at)) {
        boolean both = known.takes(recent, at);
        in++;
        inBoth += both ? 1 : 0;
        if ((recent.bad[at] & measure.bit()) != 0) {
          bad++;
          badInBoth += both ? 1 : 0;
        }
      }
    }
    return bad > 0
        && badInBoth >= OVERLAP * bad
        && (double) badInBoth / bad >= LIFT * inBoth / Math.max(1, in);
  }

  // --- those that go on -----------------------------------------------------------------------

  private void follow(OpenIncident incident) {
    count(incident);
    Measure measure = incident.measures.getFirst();
    double usual = usual(incident, measure);
    long second = slices.second();
    int bad10 = incident.bad(second, 10);
    int all10 = incident.all(second, 10);
    int bad30 = incident.bad(second, 30);
    int all30 = incident.all(second, 30);
    boolean quiet = isQuiet(measure, bad10, all10, usual) && isQuiet(measure, bad30, all30, usual);
    if (!quiet) {
      incident.quietSince = 0;
    } else if (incident.quietSince == 0) {
      incident.quietSince = endMillis();
    } else if (endMillis() - incident.quietSince >= QUIET_MILLIS) {
      incidents.end(incident, incident.lastBad);
      return;
    }
    if (!quiet && endMillis() >= incident.nextLook) {
      sharpen(incident, measure);
      long age = endMillis() - incident.since;
      incident.nextLook = endMillis() + (age < 60_000 ? 2_000 : 10_000);
    }
  }

  /** Whether what stands out over a minute has ended already. */
  private boolean isOver(Measure measure, @Nullable Candidate named) {
    int all = 0;
    int bad = 0;
    for (long row = recent.since(endMillis() - NOW); row < recent.written; row++) {
      int at = RecentRequests.at(row);
      if (named == null || named.which().takes(recent, at)) {
        all++;
        bad += (recent.bad[at] & measure.bit()) != 0 ? 1 : 0;
      }
    }
    int slice =
        named == null
            ? Slices.TOTAL
            : slices.slice(named.which().dimension, named.which().numbers[0]);
    return isQuiet(measure, bad, all, slices.usual(measure.index(), slice));
  }

  private static boolean isQuiet(Measure measure, int bad, int all, double usual) {
    return all == 0
        || !Slices.matters(measure, bad, all, usual)
        || Chance.above(bad, all, usual, measure.spread, 1000) < QUIET;
  }

  private double usual(OpenIncident incident, Measure measure) {
    Which which = incident.which;
    int slice = which == null ? Slices.TOTAL : slices.slice(which.dimension, which.numbers[0]);
    return slices.usual(measure.index(), slice);
  }

  /** What came since the last look. */
  private void count(OpenIncident incident) {
    int bits = 0;
    for (Measure measure : incident.measures) {
      bits |= measure.bit();
    }
    Which which = incident.which;
    int first = incident.measures.getFirst().bit();
    int all = 0;
    int bad = 0;
    long from = Math.max(incident.counted, recent.first());
    for (long row = from; row < recent.written; row++) {
      int at = RecentRequests.at(row);
      if (which == null || which.takes(recent, at)) {
        all++;
        bad += (recent.bad[at] & first) != 0 ? 1 : 0;
        incident.requests += (recent.bad[at] & bits) != 0 ? 1 : 0;
      }
    }
    incident.counted = recent.written;
    incident.count(slices.second(), all, bad);
    Measure measure = incident.measures.getFirst();
    if (bad > 0 && Slices.matters(measure, bad, all, usual(incident, measure))) {
      incident.lastBad = endMillis();
    }
    incidents.change();
  }

  private void sharpen(OpenIncident incident, Measure measure) {
    List<Which> others = new ArrayList<>();
    for (OpenIncident other : incidents.open()) {
      if (other != incident && other.which != null && other.isOfRequests()) {
        others.add(other.which);
      }
    }
    long from = recent.since(Math.max(incident.since - SHORT, endMillis() - LONG));
    Found found = causes.look(recent, from, measure, others);
    if (found.by() >= SURPRISING) {
      tell(incident, found);
    }
  }

  // --- what is told ---------------------------------------------------------------------------

  private void tell(OpenIncident incident, Found found) {
    Measure measure = incident.measures.getFirst();
    Candidate named = kept(incident, found);
    if (named != null && (incident.which == null || !isSame(incident.which, named.which()))) {
      // What is known better now may have begun before it was noticed.
      incident.since = Math.min(incident.since, since(measure, named.which()));
    }
    incident.which = named == null ? null : named.which();
    if (incident.kind.equals(Incidents.EJECTED)
        && named != null
        && named.which().dimension != Dimension.NODE) {
      incident.key = null; // it was part of something else
    }
    if (incident.key == null) {
      incident.kind = kind(measure);
    }
    List<Cause> told = new ArrayList<>();
    double entropy = Chance.entropy(found.all(), Math.min(found.bad(), found.all()));
    if (named != null) {
      told.add(words.cause(named, found, entropy, measure));
    }
    for (Candidate other : found.causes()) {
      if (!other.equals(named) && told.size() < CAUSES && isNamed(other, found)) {
        told.add(words.cause(other, found, entropy, measure));
      }
    }
    incident.causes = told;
    scope(incident, measure);
    long from = start(incident);
    Measured measured = new Measured(slices, recent, values, incident, measure, from);
    incident.baseline = measured.usual;
    double total = (double) measured.bad / Math.max(1, measured.everything);
    incident.share = (double) measured.bad / Math.max(1, measured.all);
    incident.level =
        (total >= (measure == Measure.ERRORS ? 0.005 : 0.05) && measure != Measure.RETRIED)
                || incident.share >= 0.25
            ? "bad"
            : "warn";
    incident.text = words.text(incident, measure, measured, named, from);
    incidents.absorbEjected(incident);
    incidents.change();
  }

  /** The cause that was named goes on being named unless another is clearly better. */
  private @Nullable Candidate kept(OpenIncident incident, Found found) {
    Candidate best = named(found);
    Which before = incident.which;
    if (before == null || best == null) {
      return best;
    }
    Candidate still = causes.still(before, best, incident.measures.getFirst(), found.bad());
    if (still != null) {
      return still;
    }
    for (Candidate each : found.causes()) {
      if (isSame(before, each.which())
          && isNamed(each, found)
          && (each.which().second == null) == (best.which().second == null)
          && each.which().numbers.length >= before.numbers.length
          && (isOfNode(incident) || Causes.worth(each) * BETTER >= Causes.worth(best))) {
        return each;
      }
    }
    return best;
  }

  /** Health or the detector, which compare nodes with each other, have said that it is this one. */
  private static boolean isOfNode(OpenIncident incident) {
    return incident.key != null && incident.key.startsWith("node ");
  }

  /** The service, route or listener that nearly all of it is in. */
  private void scope(OpenIncident incident, Measure measure) {
    Map<String, String> scope = new LinkedHashMap<>();
    for (Dimension dimension : List.of(Dimension.SERVICE, Dimension.ROUTE, Dimension.LISTENER)) {
      int number = common(incident, measure, dimension);
      if (number >= Dictionary.FIRST) {
        scope.put(dimension.field(), values.of(dimension).text(number));
      }
    }
    if (scope.containsKey("service") || scope.containsKey("route")) {
      scope.remove("listener");
    }
    incident.scope = scope;
  }

  private int common(OpenIncident incident, Measure measure, Dimension dimension) {
    int[] counts = new int[dimension.places];
    int sum = 0;
    for (long row = start(incident); row < recent.written; row++) {
      int at = RecentRequests.at(row);
      if ((recent.bad[at] & measure.bit()) != 0
          && (incident.which == null || incident.which.takes(recent, at))) {
        counts[recent.value(dimension, at)]++;
        sum++;
      }
    }
    for (int number = 0; number < counts.length; number++) {
      if (sum > 0 && counts[number] >= 0.95 * sum) {
        return number;
      }
    }
    return Dictionary.NONE;
  }

  private long start(OpenIncident incident) {
    return recent.since(Math.max(incident.since, endMillis() - LONG));
  }

  /**
   * When it began: from then on a higher share is likelier than the usual one, by the greatest sum
   * of the logarithms of how much likelier each second is.
   */
  private long since(Measure measure, @Nullable Which which) {
    int[] all = new int[61];
    int[] bad = new int[61];
    long end = endMillis();
    for (long row = recent.since(end - LONG); row < recent.written; row++) {
      int at = RecentRequests.at(row);
      if (which == null || which.takes(recent, at)) {
        int ago = (int) Math.clamp((end - recent.epoch - recent.millis[at]) / 1000, 0L, 60L);
        all[ago]++;
        bad[ago] += (recent.bad[at] & measure.bit()) != 0 ? 1 : 0;
      }
    }
    int slice = which == null ? Slices.TOTAL : slices.slice(which.dimension, which.numbers[0]);
    double usual = slices.usual(measure.index(), slice);
    double high = usual;
    int allSum = 0;
    int badSum = 0;
    for (int ago = 0; ago <= 60; ago++) {
      allSum += all[ago];
      badSum += bad[ago];
      if (badSum >= 4) {
        high = Math.max(high, (double) badSum / allSum);
      }
    }
    high = Math.min(0.99, Math.max(high * 0.7, usual * 1.5));
    double gained = 0;
    double best = 0;
    int since = 0;
    for (int ago = 0; ago <= 60; ago++) {
      gained +=
          bad[ago] * Math.log(high / usual)
              + (all[ago] - bad[ago]) * Math.log((1 - high) / (1 - usual));
      if (gained > best) {
        best = gained;
        since = ago;
      }
    }
    return end - 1000L * (since + 1);
  }
}
