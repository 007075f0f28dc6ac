package io.fairlead.balance;

import io.fairlead.config.BalanceConfig;
import io.fairlead.service.Node;
import io.fairlead.service.NodeFacts;
import io.fairlead.service.NodeLoad;
import io.fairlead.service.NodeSet;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * Nodes in layers: the lowest tier first, and in each tier the nodes of our own zone first. Within
 * a layer the method of the service decides.
 *
 * <p>A layer is taken for large enough until {@value #SPARE} times what is left of its weight is
 * less than all of it: from then on, what is missing goes to the next layer, and comes back when
 * the nodes do. Nodes that drain do not count as missing.
 *
 * <p>A zone is also left, a tenth at a time, when its requests take a fifth longer than those in
 * other zones, as measured from here, with the way there in it. As long as nothing has been sent to
 * other zones, what our own zone usually takes stands for them. It is returned to when it is as
 * fast as the others; in between nothing changes, lest traffic swing to and fro.
 */
final class Layered implements Balancer {
  /** Half of the nodes may be lost before 30 % of the requests go elsewhere. */
  static final double SPARE = 1.4;

  private static final double SLOWER = 1.2;

  /** Differences below this are no reason to leave a zone. */
  private static final double NOTICED_SECONDS = 0.0005;

  private static final double STEP = 0.1;
  private static final double MOST = 0.9;
  private static final long REVIEW_NANOS = 1_000_000_000L;

  /** What a zone takes is forgotten by this part each review, and its usual by the other. */
  private static final double FORGOTTEN = 0.2;

  private static final double USUAL_FORGOTTEN = 0.017;
  private static final double ENOUGH_ANSWERS = 20;

  private final boolean hashing;
  private final List<Layer> layers;
  private long reviewedNanos;
  private boolean busy;

  /** By layer: where its share of all requests ends; never changed once published. */
  private volatile double[] ends;

  /** Nodes of one tier, and of our zone or not. */
  private static final class Layer {
    final int tier;
    final boolean local;
    final Balancer balancer;
    final Node[] nodes;

    /** Of all requests, by what is left of its weight. */
    double share;

    boolean known;
    long answered;
    long latency;
    double seconds;
    double count;
    double usual;

    /** Of the share of our zone: what goes to others since they are faster. */
    double spill;

    Layer(int tier, boolean local, Balancer balancer, Node[] nodes) {
      this.tier = tier;
      this.local = local;
      this.balancer = balancer;
      this.nodes = nodes;
    }
  }

  private Layered(boolean hashing, List<Layer> layers) {
    this.hashing = hashing;
    this.layers = layers;
    this.ends = ends();
  }

  /** Whether there is more than one layer to speak of. */
  static boolean isNeeded(NodeSet nodes, String zone) {
    Node[] all = nodes.all();
    int local = 0;
    boolean tiers = false;
    for (Node node : all) {
      local += isLocal(node, zone) ? 1 : 0;
      tiers |= node.facts().tier() != all[0].facts().tier();
    }
    return tiers || (local > 0 && local < all.length);
  }

  private static boolean isLocal(Node node, String zone) {
    return !zone.isEmpty() && zone.equals(node.facts().zone());
  }

  static Layered of(
      BalanceConfig config, NodeSet nodes, long epochMillis, @Nullable Balancer previous) {
    TreeSet<Integer> tiers = new TreeSet<>();
    for (Node node : nodes.all()) {
      tiers.add(node.facts().tier());
    }
    List<Layer> layers = new ArrayList<>();
    double left = 1;
    for (int tier : tiers) {
      NodeSet near = nodes.only(n -> n.facts().tier() == tier && isLocal(n, config.zone()));
      NodeSet far = nodes.only(n -> n.facts().tier() == tier && !isLocal(n, config.zone()));
      double ofTier = left * Math.min(1, SPARE * intact(nodes.only(n -> n.facts().tier() == tier)));
      double ofNear =
          near.all().length == 0
              ? 0
              : far.available().length == 0 ? 1 : Math.min(1, SPARE * intact(near));
      add(layers, tier, true, near, ofTier * ofNear, config, epochMillis, previous);
      add(layers, tier, false, far, ofTier * (1 - ofNear), config, epochMillis, previous);
      left -= ofTier;
    }
    for (Layer layer : layers) { // what nobody has room for, all share
      layer.share /= 1 - left;
    }
    Layered next = new Layered(config.method().isHashing(), layers);
    if (previous instanceof Layered before) {
      next.reviewedNanos = before.reviewedNanos;
      next.busy = before.busy;
    }
    return next;
  }

  private static void add(
      List<Layer> layers,
      int tier,
      boolean local,
      NodeSet nodes,
      double share,
      BalanceConfig config,
      long epochMillis,
      @Nullable Balancer previous) {
    if (nodes.available().length == 0) {
      return;
    }
    Layer before = previous instanceof Layered other ? other.find(tier, local) : null;
    Balancer known =
        previous instanceof Layered ? (before == null ? null : before.balancer) : previous;
    Layer layer =
        new Layer(tier, local, Kinds.flat(config, nodes, epochMillis, known), nodes.available());
    layer.share = share;
    if (before != null) {
      layer.seconds = before.seconds;
      layer.count = before.count;
      layer.usual = before.usual;
      layer.spill = before.spill;
    }
    layers.add(layer);
  }

  private @Nullable Layer find(int tier, boolean local) {
    for (Layer layer : layers) {
      if (layer.tier == tier && layer.local == local) {
        return layer;
      }
    }
    return null;
  }

  /** How much of the weight is left, 0 to 1. */
  private static double intact(NodeSet nodes) {
    double available = 0;
    double all = 0;
    for (Node node : nodes.all()) {
      NodeFacts facts = node.facts();
      if (!facts.draining()) {
        all += facts.weight();
        available += facts.isAvailable() ? facts.weight() * facts.standing().share() : 0;
      }
    }
    return all == 0 ? 0 : available / all;
  }

  private double[] ends() {
    double[] next = new double[layers.size()];
    double end = 0;
    for (int i = 0; i < next.length; i++) {
      Layer layer = layers.get(i);
      double share = layer.share;
      Layer near = layer.local ? layer : find(layer.tier, true);
      Layer far = layer.local ? find(layer.tier, false) : layer;
      if (near != null && far != null) {
        double moved = near.share * near.spill;
        share += layer.local ? -moved : moved;
      }
      end += share;
      next[i] = end;
    }
    return next;
  }

  @Override
  public Node pick(int hash, @Nullable Node avoid, RandomGenerator random) {
    long chance = hashing ? Hashing.mix(~hash) : random.nextLong();
    double point = (chance >>> 11) * 0x1p-53;
    double[] bounds = ends;
    int chosen = 0;
    while (chosen < bounds.length - 1 && point >= bounds[chosen]) {
      chosen++;
    }
    Node node = layers.get(chosen).balancer.pick(hash, avoid, random);
    for (int i = 0; i < bounds.length && (node == null || node == avoid); i++) {
      Node other = layers.get(i).balancer.pick(hash, avoid, random);
      node = other == null ? node : other;
    }
    if (node == null) {
      throw new IllegalStateException("a layer without nodes");
    }
    return node;
  }

  @Override
  public boolean tick(long now) {
    boolean any = false;
    for (Layer layer : layers) {
      any |= layer.balancer.tick(now);
    }
    if (now - reviewedNanos >= REVIEW_NANOS) {
      reviewedNanos = now;
      busy = review(now);
    }
    return any || busy;
  }

  /** Whether our zone is still the best place. */
  private boolean review(long now) {
    NodeLoad.Reading reading = new NodeLoad.Reading();
    boolean any = false;
    for (Layer layer : layers) {
      any |= observe(layer, now, reading);
    }
    for (Layer near : layers) {
      Layer far = near.local ? find(near.tier, false) : null;
      if (far != null && near.count >= ENOUGH_ANSWERS) {
        double here = near.seconds / near.count;
        near.usual =
            near.usual == 0 ? here : near.usual * (1 - USUAL_FORGOTTEN) + here * USUAL_FORGOTTEN;
        double there = far.count >= ENOUGH_ANSWERS ? far.seconds / far.count : near.usual;
        if (here > SLOWER * there + NOTICED_SECONDS) {
          near.spill = Math.min(MOST, near.spill + STEP);
        } else if (here <= there) {
          near.spill = Math.max(0, near.spill - STEP);
        }
      }
    }
    ends = ends();
    return any;
  }

  private static boolean observe(Layer layer, long now, NodeLoad.Reading reading) {
    long answered = 0;
    long latency = 0;
    for (Node node : layer.nodes) {
      node.load().read(now, reading);
      answered += reading.answered();
      latency += reading.latency();
    }
    boolean any = layer.known && answered != layer.answered;
    layer.seconds *= 1 - FORGOTTEN;
    layer.count *= 1 - FORGOTTEN;
    if (layer.known) {
      layer.seconds += (latency - layer.latency) / 1e9;
      layer.count += answered - layer.answered;
    }
    layer.known = true;
    layer.answered = answered;
    layer.latency = latency;
    return any;
  }

  @Override
  public @Nullable NodeEstimate estimateOf(Node node) {
    Layer layer = layerOf(node);
    return layer == null ? null : layer.balancer.estimateOf(node);
  }

  private @Nullable Layer layerOf(Node node) {
    for (Layer layer : layers) {
      for (Node member : layer.nodes) {
        if (member == node) {
          return layer;
        }
      }
    }
    return null;
  }

  /** The share of requests that goes to the node's layer, 0 to 1. */
  double shareOfLayer(Node node) {
    double[] bounds = ends;
    Layer layer = layerOf(node);
    int index = layer == null ? -1 : layers.indexOf(layer);
    return index < 0 ? 0 : bounds[index] - (index == 0 ? 0 : bounds[index - 1]);
  }
}
