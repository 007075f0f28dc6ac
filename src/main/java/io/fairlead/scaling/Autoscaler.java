package io.fairlead.scaling;

import java.util.Arrays;

/**
 * Decides how many nodes a service should have, once a second. Knows nothing but figures, so that
 * simulations run the same code.
 *
 * <p>The demand is the number of requests that nodes have in flight: by Little's law [1] arrivals
 * times the time that each takes. The load balancer sees both, and what waits or was turned away
 * counts as well: what nodes report of themselves cannot show a demand that they do not get. While
 * nodes have more to do than they can, that number says how long the queues in them are and not how
 * many nodes are missing; so where arrivals have grown, requests are taken to need the time that
 * they needed before.
 *
 * <p>Up at once: what counts is the mean of half a minute, or that of the last seconds if it is
 * higher beyond chance, or where the slope leads by the time that a node needs to start. Down
 * slowly: to the most that was needed within {@code downAfter}, by a tenth of the nodes every
 * {@value #DOWN_PAUSE} s, and not at all while nodes are ejected or start, something is wrong with
 * the service, or requests are turned away. Nodes that are starting count as there: whoever counts
 * them as missing orders them twice.
 *
 * <p>[1] J. D. C. Little, A Proof for the Queuing Formula L = λW, Operations Research 9(3), 1961.
 */
final class Autoscaler {
  static final int MEAN = 30;
  static final int FAST = 4;
  static final int LONG = 120;
  static final int DOWN_PAUSE = 15;

  /** After a request was turned away no node stops for so long. */
  private static final int SHED_LASTS = 30;

  /** Arrivals have grown if there are so many times as many as on average of {@link #LONG}. */
  private static final double GROWN = 1.2;

  /** The time that requests need is taken from pieces of so many seconds. */
  private static final int PIECE = 5;

  /** So much more than there is for is needed before a node is started. */
  private static final double TOLERANCE = 1.05;

  /** What is foreseen counts up to so many times of what is there. */
  private static final double FORESEEN = 1.35;

  /** A start is waited for so long in advance, and as long as it takes. */
  private static final int AHEAD = 15;

  /** The part of what a node can do that is used, where that was learnt. */
  private static final double USED = 0.75;

  /** Seconds within which what waits is to be answered. */
  private static final double WAITS = 5;

  /** So many standard errors are taken for chance. */
  private static final double BEYOND = 2.5;

  /**
   * What is asked for.
   *
   * @param min nodes at least
   * @param max nodes at most
   * @param target requests in flight at a node; 0: learnt
   * @param spare nodes more than needed
   * @param downAfter seconds
   * @param idle seconds
   * @param because of what there are so many at least, after a blank; empty: nothing special
   */
  record Terms(int min, int max, int target, int spare, int downAfter, int idle, String because) {
    Terms(int min, int max, int target, int spare, int downAfter, int idle) {
      this(min, max, target, spare, downAfter, idle, "");
    }
  }

  /**
   * What else is known.
   *
   * @param others available nodes that are not ours to start and stop
   * @param starting nodes on their way
   * @param startSeconds what a start takes
   * @param trouble why no node should stop now, in words; empty: there is no reason
   */
  record Around(int others, int starting, double startSeconds, String trouble) {}

  /**
   * What should be.
   *
   * @param size nodes that we run
   * @param demand requests in flight that are expected
   * @param perNode requests in flight that a node is to have; 0: not known
   * @param reason in words
   */
  record Decision(int size, double demand, double perNode, Why reason) {
    String why() {
      return reason.toString();
    }
  }

  private final Window demand = new Window(LONG);
  private final Window arrivals = new Window(LONG);
  private final Window answered = new Window(LONG);
  private final Window inFlight = new Window(LONG);
  private final Window needed = new Window(3600);
  private final Capacity capacity = new Capacity();
  private int size;
  private int quiet;
  private int sinceDown = DOWN_PAUSE;
  private int sinceShed = SHED_LASTS;

  /** Begins with as many nodes. */
  Autoscaler(int size) {
    this.size = size;
  }

  /** As many as that from now on, whoever says so; what was seen still counts. */
  void setSize(int now) {
    size = now;
  }

  int size() {
    return size;
  }

  /** Takes in what was seen in the last second, and says what should be. */
  Decision tick(Seen seen, Terms terms, Around around) {
    take(seen, around);
    double per = terms.target() > 0 ? terms.target() : USED * capacity.knee();
    double mean = demand.mean(MEAN);
    double fast = demand.mean(FAST) - BEYOND * demand.deviation(FAST, MEAN) / Math.sqrt(FAST);
    double base = Math.max(mean, fast);
    double ahead = around.startSeconds() + AHEAD;
    double foreseen =
        Math.min(mean + Math.max(0, demand.rise(MEAN, BEYOND)) * ahead, FORESEEN * base);
    double need = Math.max(base, foreseen);
    if (seen.isQuiet() && quiet >= terms.idle() && terms.min() == 0) {
      needed.add(0);
      sinceDown++;
      size = 0;
      return new Decision(0, 0, per, new Why().add("no request for %d s", terms.idle()));
    }
    Why why = new Why();
    int wanted = wanted(need, per, terms, around, why);
    if (foreseen > base) {
      why.add(
          "; on average of %d s they were %.1f, and they rise: %.1f in %.0f s",
          MEAN, mean, foreseen, ahead);
    } else if (fast > mean) {
      why.add(
          "; on average of %d s they were %.1f, in the last %d s beyond chance more",
          MEAN, mean, FAST);
    }
    wanted = bounded(wanted, terms, seen, why);
    needed.add(wanted);
    sinceDown++;
    if (wanted > size) {
      size = wanted;
    } else if (wanted < size) {
      down(terms, around, why);
    }
    return new Decision(size, need, per, why);
  }

  private void take(Seen seen, Around around) {
    quiet = seen.isQuiet() ? quiet + 1 : 0;
    sinceShed = seen.shed() > 0 ? 0 : sinceShed + 1;
    arrivals.add(seen.arrivals() + seen.shed());
    answered.add(seen.answered());
    inFlight.add(seen.inFlight());
    if (around.starting() == 0) {
      capacity.see(seen);
    }
    double time = seconds(seen);
    double offered = seen.arrivals() + seen.shed() + seen.waiting() / WAITS;
    double now = seen.inFlight() + (seen.shed() + seen.waiting() / WAITS) * time;
    demand.add(hasGrown() ? Math.min(now, offered * usual(time)) : now);
  }

  /** What a request takes, by the last seconds. */
  private double seconds(Seen seen) {
    double ended = answered.sum(0, FAST);
    return ended > 0
        ? inFlight.sum(0, FAST) / ended
        : seen.waiting() > 0 || seen.shed() > 0 ? 1 : 0;
  }

  private boolean hasGrown() {
    return arrivals.size() > 2 * FAST
        && arrivals.sum(0, FAST) > 20
        && arrivals.mean(FAST) > GROWN * arrivals.mean(LONG);
  }

  /**
   * What a request takes when nodes are not at their limits: the lower quartile of the last two
   * minutes, so that half a minute of too much does not show.
   */
  private double usual(double now) {
    double[] pieces = new double[LONG / PIECE];
    int count = 0;
    for (int i = 0; i + PIECE <= answered.size(); i += PIECE) {
      double ended = answered.sum(i, PIECE);
      if (ended > 0) {
        pieces[count++] = inFlight.sum(i, PIECE) / ended;
      }
    }
    if (count < 2) {
      return now;
    }
    Arrays.sort(pieces, 0, count);
    return Math.min(now, pieces[count / 4]);
  }

  private int wanted(double need, double per, Terms terms, Around around, Why why) {
    if (per <= 0) {
      why.add("what a node can do is not known yet");
      return size;
    }
    double raw = need / per;
    int all = (int) Math.ceil(raw - 1e-9);
    int present = size + around.others() - terms.spare();
    if (all > present && raw <= present * TOLERANCE) {
      all = present;
    }
    why.add(
        "%.1f requests in flight are expected and a node is to have %.1f%s: %d",
        need, per, terms.target() > 0 ? "" : " (learnt)", all);
    if (terms.spare() > 0) {
      why.add(", and %d to spare", terms.spare());
    }
    if (around.others() > 0) {
      why.add(", of which others are %d", around.others());
    }
    return Math.max(0, all + terms.spare() - around.others());
  }

  private int bounded(int wanted, Terms terms, Seen seen, Why why) {
    int least = terms.min() > 0 ? terms.min() : seen.isQuiet() && size == 0 ? 0 : 1;
    if (wanted < least) {
      why.add("; at least %d%s", least, terms.because());
      return least;
    }
    if (wanted > terms.max()) {
      why.add("; at most %d", terms.max());
      return terms.max();
    }
    return wanted;
  }

  private void down(Terms terms, Around around, Why why) {
    int most = (int) needed.max(terms.downAfter());
    if (size > terms.max()) {
      size = terms.max();
    } else if (most >= size) {
      why.add("; %d were needed within %d s, so none stops yet", size, terms.downAfter());
    } else if (needed.size() < terms.downAfter()) {
      why.add("; what was needed is known for %d s only, so none stops yet", needed.size());
    } else if (!around.trouble().isEmpty()) {
      why.add("; none stops: %s", around.trouble());
    } else if (around.starting() > 0) {
      why.add("; none stops while others start");
    } else if (sinceShed < SHED_LASTS) {
      why.add("; none stops: requests were turned away %d s ago", sinceShed);
    } else if (sinceDown >= DOWN_PAUSE) {
      sinceDown = 0;
      size -= Math.min(size - most, Math.max(1, size / 10));
    } else {
      why.add("; the next stops in %d s", DOWN_PAUSE - sinceDown);
    }
  }
}
