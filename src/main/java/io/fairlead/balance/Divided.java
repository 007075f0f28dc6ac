package io.fairlead.balance;

import io.fairlead.config.BalanceConfig;
import io.fairlead.service.Division;
import io.fairlead.service.Node;
import io.fairlead.service.NodeSet;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicLong;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * A new version of a service gets a share of the requests, and what there was gets the others;
 * within each the method of the service decides. Which request goes where is decided by chance and
 * by nothing else, so that the two can be compared: a version that answers with errors at once
 * would otherwise seem the least busy, and get more of them.
 *
 * <p>Chance is held on a short rein: the new version is never more than one request ahead of its
 * share, and catches up soon when it is behind. So a share of one in two hundred is that also of
 * the first few hundred. Methods that hash decide by the hash: a client stays on its side.
 */
final class Divided implements Balancer {
  private final Division division;
  private final Balancer before;
  private final Balancer now;
  private final double share;
  private final boolean hashing;
  private final AtomicLong requests = new AtomicLong();
  private final AtomicLong hits = new AtomicLong();

  private Divided(Division division, Balancer before, Balancer now, double share, boolean hashing) {
    this.division = division;
    this.before = before;
    this.now = now;
    this.share = share;
    this.hashing = hashing;
  }

  static Divided of(
      BalanceConfig config,
      NodeSet nodes,
      Division division,
      long epochMillis,
      @Nullable Balancer previous) {
    NodeSet olds = nodes.only(node -> !division.isNew(node) && !division.isOut(node));
    NodeSet news = nodes.only(division::isNew);
    if (olds.available().length == 0 && news.available().length == 0) {
      olds = nodes; // better an old version than none
    }
    Divided known = previous instanceof Divided other ? other : null;
    boolean same = known != null && Objects.equals(known.division.version(), division.version());
    // Where one side has no node, the other has to do.
    double share =
        news.available().length == 0 ? 0 : olds.available().length == 0 ? 1 : division.share();
    Divided made =
        new Divided(
            division,
            Balancer.of(
                config, olds, epochMillis, known == null ? previous : same ? known.before : null),
            Balancer.of(config, news, epochMillis, known != null && same ? known.now : null),
            share,
            config.method().isHashing());
    if (known != null && same && known.share == share) {
      made.requests.set(known.requests.get());
      made.hits.set(known.hits.get());
    }
    return made;
  }

  /** What goes on where there is nothing to divide any more. */
  Balancer larger() {
    return share >= 0.5 ? now : before;
  }

  Balancer side(Node node) {
    return division.isNew(node) ? now : before;
  }

  /** The share of requests that goes to the node's side. */
  double shareOfSide(Node node) {
    return division.isOut(node) ? 0 : division.isNew(node) ? share : 1 - share;
  }

  @Override
  public @Nullable Node pick(int hash, @Nullable Node avoid, RandomGenerator random) {
    boolean isNew = isNew(hash, random);
    if (avoid != null && share < 1 && division.isNew(avoid)) {
      isNew = false; // what the new version has spoilt, the old one makes good
    }
    Node node = (isNew ? now : before).pick(hash, avoid, random);
    return node != null
        ? node
        : share > 0 && share < 1 ? (isNew ? before : now).pick(hash, avoid, random) : null;
  }

  private boolean isNew(int hash, RandomGenerator random) {
    if (share <= 0 || share >= 1) {
      return share >= 1;
    }
    if (hashing) {
      return (Hashing.mix(~(long) hash) >>> 11) * 0x1p-53 < share;
    }
    long turn = requests.incrementAndGet();
    if (hits.get() > turn * share || random.nextDouble() >= share + share * (1 - share)) {
      return false;
    }
    hits.incrementAndGet();
    return true;
  }

  @Override
  public boolean uses(Node node) {
    return side(node).uses(node);
  }

  @Override
  public boolean tick(long time) {
    boolean busy = before.tick(time);
    return now.tick(time) || busy;
  }

  @Override
  public @Nullable NodeEstimate estimateOf(Node node) {
    return side(node).estimateOf(node);
  }
}
