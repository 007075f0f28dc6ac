package io.fairlead.balance;

import io.fairlead.config.BalanceConfig;
import io.fairlead.config.BalanceMethod;
import io.fairlead.service.Node;
import io.fairlead.service.NodeFacts;
import io.fairlead.service.NodeSet;
import io.fairlead.service.Standing;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** Says in words why a node is chosen as often as it is. */
public final class Choice {
  private final Balancer balancer;
  private final BalanceConfig config;
  private final NodeSet nodes;
  private final SlowStart start;

  /**
   * @param balancer in force
   * @param config it was made by
   * @param nodes it was made for
   */
  public Choice(Balancer balancer, BalanceConfig config, NodeSet nodes, long epochMillis) {
    this.balancer = balancer;
    this.config = config;
    this.nodes = nodes;
    this.start = new SlowStart(config.slowStart().toMillis(), epochMillis);
  }

  /** Such as {@code expected in 4.1 ms: 2.1 ms each, 1 in flight; weight 2}. */
  public String of(Node node) {
    NodeFacts facts = node.facts();
    if (!facts.isAvailable()) {
      return "gets nothing: " + whyNot(facts);
    }
    List<String> parts = new ArrayList<>();
    Balancer inner = balancer;
    if (inner instanceof Divided divided) {
      double share = divided.shareOfSide(node);
      if (share <= 0) {
        return "gets nothing: other versions get all requests (deploy)";
      }
      parts.add("its version gets " + percent(share) + " of the requests (deploy)");
      inner = divided.side(node);
    }
    if (inner instanceof InSubset subset) {
      if (!subset.isChosen(node)) {
        return "gets nothing: other instances use it (subset)";
      }
      inner = subset.balancer();
    }
    load(node, parts);
    if (facts.weight() != 1) {
      parts.add("weight " + facts.weight());
    }
    if (facts.standing().share() < 1) {
      parts.add(
          "on probation with "
              + percent(facts.standing().share())
              + " of its share: "
              + facts.standing().reason());
    }
    if (start.isStarting(facts)) {
      parts.add("starting, with " + percent(start.share(facts)) + " of its share");
    }
    if (inner instanceof Layered layered) {
      parts.add(layer(layered, node));
    }
    return String.join("; ", parts);
  }

  /** Why such a node gets nothing, whatever the balancer. */
  private static String whyNot(NodeFacts facts) {
    if (facts.draining()) {
      return "draining";
    }
    if (!facts.up()) {
      return "down, " + facts.reason();
    }
    return facts.standing().state() == Standing.State.EJECTED
        ? "ejected, " + facts.standing().reason()
        : "weight 0";
  }

  private void load(Node node, List<String> parts) {
    NodeEstimate estimate = balancer.estimateOf(node);
    int load = node.inFlight();
    if (estimate != null) {
      double each = estimate.latencySeconds();
      parts.add(
          "expected in "
              + time((each + estimate.errorSeconds()) * (1 + load))
              + ": "
              + time(each)
              + " each"
              + (estimate.errorSeconds() > 0
                  ? " and " + time(estimate.errorSeconds()) + " for its errors"
                  : "")
              + ", "
              + load
              + " in flight"
              + (estimate.others() < 0
                  ? ""
                  : String.format(
                      Locale.ROOT, " from here and %.1f from others", estimate.others())));
      if (Math.abs(estimate.turn()) >= 0.005) {
        parts.add(
            "about as fast as others and has had "
                + (estimate.turn() > 0 ? "fewer requests: comes before them" : "more: comes after")
                + " by "
                + percent(Math.abs(estimate.turn())));
      }
    } else if (config.method() == BalanceMethod.LEAST_CONNECTIONS) {
      parts.add(node.connections() + " connections");
    } else {
      parts.add(load + " in flight");
    }
  }

  private String layer(Layered layered, Node node) {
    String where =
        (node.facts().tier() == 0 ? "" : "tier " + node.facts().tier() + ", ")
            + (config.zone().isEmpty()
                ? ""
                : config.zone().equals(node.facts().zone()) ? "our zone, " : "another zone, ");
    return (where.isEmpty() ? "tier 0, " : where)
        + "which get "
        + percent(layered.shareOfLayer(node))
        + " of the requests";
  }

  /** What the method does with all that. */
  public String method(@Nullable Node chosen) {
    int available = nodes.available().length;
    if (chosen == null) {
      return "no node is available";
    }
    String name = chosen.name();
    if (available == 1) {
      return "the request would go to " + name + ", the only node available";
    }
    return switch (config.method()) {
      case IP_HASH -> "ip-hash sends this client to " + name;
      case HASH, MAGLEV -> "hash on " + config.hash() + " sends this request to " + name;
      case ROUND_ROBIN -> "round-robin sends each in turn: " + name + " is one of " + available;
      case RANDOM -> "random sends it to any: " + name + " is one of " + available;
      case LEAST_REQUESTS -> "least-requests finds the fewest requests in flight at " + name;
      case LEAST_CONNECTIONS -> "least-connections finds the fewest connections at " + name;
      case POWER_OF_TWO -> "power-of-two finds fewer requests in flight at " + name + " of two";
      case PEAK_EWMA -> "peak-ewma finds " + name + " faster or less busy than another";
      case ADAPTIVE ->
          "adaptive expects the soonest answer from "
              + name
              + (available > LeastLoaded.MAX_TIMED_SCAN
                  ? ", the best found among " + available
                  : " of " + available);
    };
  }

  private static String percent(double share) {
    return String.format(Locale.ROOT, share < 0.1 ? "%.1f %%" : "%.0f %%", 100 * share);
  }

  private static String time(double seconds) {
    return seconds < 1
        ? String.format(Locale.ROOT, "%.2f ms", 1000 * seconds)
        : String.format(Locale.ROOT, "%.1f s", seconds);
  }
}
