package io.fairlead.config;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What chooses the nodes in a simulation: a balancer of Fairlead itself, or a rule that exists only
 * there, to compare with.
 *
 * @param method of Fairlead's own balancer; null: it is a rule
 * @param rule null: it is Fairlead's own
 */
public record SimulatedPolicy(@Nullable BalanceMethod method, @Nullable Rule rule) {
  /** Models of rules, not of the products that are known for them. */
  public enum Rule {
    /** Fewest requests in the node, known exactly by every instance: nobody can have that. */
    ORACLE("oracle"),
    /** Fewest requests of this instance in flight, all nodes compared; HAProxy's leastconn. */
    LEAST_CONN("rule:least-conn"),
    /** The one with fewer in flight of two drawn by chance; Envoy's least request. */
    TWO_CHOICES("rule:two-choices"),
    /** Decayed peak latency times requests in flight, of two drawn by chance; Finagle's. */
    PEAK_EWMA("rule:peak-ewma"),
    /** Average latency in steps of 20 ms times connections; NGINX's least_time. */
    NGINX_LEAST_TIME("rule:nginx-least-time"),
    /** Mean of the last 100 latencies times requests in flight; Traefik's leasttime. */
    TRAEFIK_LEAST_TIME("rule:traefik-least-time");

    private final String spelling;

    Rule(String spelling) {
      this.spelling = spelling;
    }
  }

  static SimulatedPolicy own(BalanceMethod method) {
    return new SimulatedPolicy(method, null);
  }

  static List<SimulatedPolicy> all() {
    List<SimulatedPolicy> all = new ArrayList<>();
    for (BalanceMethod method : BalanceMethod.values()) {
      all.add(own(method));
    }
    for (Rule rule : Rule.values()) {
      all.add(new SimulatedPolicy(null, rule));
    }
    return all;
  }

  @Override
  public String toString() {
    return rule != null ? rule.spelling : method != null ? Units.word(method) : "";
  }
}
