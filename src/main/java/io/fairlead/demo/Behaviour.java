package io.fairlead.demo;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;

/**
 * What a test node does with the requests it gets.
 *
 * <p>Latency, error rate and faults concern ordinary requests only: {@code /_control} is always
 * answered at once, and a health check heeds the three components about health and connecting.
 *
 * @param latency wait before each answer
 * @param errorRate share of requests answered with 500, from 0 to 1
 * @param healthy whether {@code /healthz} says 200 or 503
 * @param healthHangs whether {@code /healthz} is never answered
 * @param hangConnect whether new connections are left unaccepted: the kernel still completes their
 *     handshake until its queue of {@value TestNode#BACKLOG} is full
 * @param loadMetrics whether answers say in {@code endpoint-load-metrics} how many requests are in
 *     flight here
 * @param faults at most one of each kind, in the order in which they act
 */
public record Behaviour(
    LatencyDistribution latency,
    double errorRate,
    boolean healthy,
    boolean healthHangs,
    boolean hangConnect,
    boolean loadMetrics,
    List<Fault> faults) {

  /** Answers at once, without errors, healthy. */
  public static final Behaviour PLAIN = of(LatencyDistribution.NONE, 0, true);

  public Behaviour {
    if (!(errorRate >= 0 && errorRate <= 1)) {
      throw new IllegalArgumentException("error-rate: must be from 0 to 1 (was " + errorRate + ")");
    }
    faults =
        faults.stream()
            .sorted(Comparator.comparingInt(fault -> Fault.KEYS.indexOf(fault.key())))
            .toList();
    for (int i = 1; i < faults.size(); i++) {
      if (faults.get(i).key().equals(faults.get(i - 1).key())) {
        throw new IllegalArgumentException(faults.get(i).key() + ": must not be given twice");
      }
    }
  }

  /** What the command line can say; everything else is off. */
  public static Behaviour of(LatencyDistribution latency, double errorRate, boolean healthy) {
    return new Behaviour(latency, errorRate, healthy, false, false, false, List.of());
  }

  /** This behaviour with one more fault; one of the same kind is replaced. */
  public Behaviour with(Fault fault) {
    return withFault(fault.key(), Optional.of(fault));
  }

  /**
   * This behaviour with one key changed, in the words of the control document.
   *
   * @throws IllegalArgumentException naming the key and what is wrong with it
   */
  public Behaviour with(String key, String value) {
    return switch (key) {
      case "latency" -> withLatency(LatencyDistribution.parse(value));
      case "error-rate" -> withErrorRate(rate(value));
      case "health" -> withHealth(health(value));
      case "health-hangs" ->
          new Behaviour(
              latency, errorRate, healthy, flag(key, value), hangConnect, loadMetrics, faults);
      case "hang-connect" ->
          new Behaviour(
              latency, errorRate, healthy, healthHangs, flag(key, value), loadMetrics, faults);
      case "load-metrics" ->
          new Behaviour(
              latency, errorRate, healthy, healthHangs, hangConnect, flag(key, value), faults);
      default -> {
        Function<String, Optional<Fault>> reader = Fault.READERS.get(key);
        if (reader == null) {
          throw new IllegalArgumentException(
              "unknown key " + key + "; known are " + String.join(", ", values().keySet()));
        }
        yield withFault(key, reader.apply(value));
      }
    };
  }

  public Behaviour withLatency(LatencyDistribution value) {
    return new Behaviour(value, errorRate, healthy, healthHangs, hangConnect, loadMetrics, faults);
  }

  public Behaviour withErrorRate(double value) {
    return new Behaviour(latency, value, healthy, healthHangs, hangConnect, loadMetrics, faults);
  }

  public Behaviour withHealth(boolean value) {
    return new Behaviour(latency, errorRate, value, healthHangs, hangConnect, loadMetrics, faults);
  }

  /** This behaviour without its faults. */
  Behaviour withoutFaults() {
    return faults.isEmpty()
        ? this
        : new Behaviour(
            latency, errorRate, healthy, healthHangs, hangConnect, loadMetrics, List.of());
  }

  /** What {@code /healthz} is subject to. */
  Behaviour forHealth() {
    return new Behaviour(
        LatencyDistribution.NONE, 0, healthy, healthHangs, hangConnect, loadMetrics, List.of());
  }

  /** Every key with its value, as {@link #with(String, String)} reads them. */
  Map<String, String> values() {
    Map<String, String> values = new LinkedHashMap<>();
    values.put("latency", latency.text());
    values.put("error-rate", Double.toString(errorRate));
    values.put("health", healthy ? "ok" : "fail");
    values.put("health-hangs", Boolean.toString(healthHangs));
    values.put("hang-connect", Boolean.toString(hangConnect));
    values.put("load-metrics", Boolean.toString(loadMetrics));
    Fault.KEYS.forEach(key -> values.put(key, "false"));
    faults.forEach(fault -> values.put(fault.key(), fault.value()));
    return values;
  }

  private Behaviour withFault(String key, Optional<Fault> fault) {
    List<Fault> next = new ArrayList<>(faults);
    next.removeIf(old -> old.key().equals(key));
    fault.ifPresent(next::add);
    return new Behaviour(latency, errorRate, healthy, healthHangs, hangConnect, loadMetrics, next);
  }

  private static double rate(String value) {
    try {
      return Double.parseDouble(value);
    } catch (NumberFormatException e) {
      throw new IllegalArgumentException("error-rate: must be a number (was " + value + ")", e);
    }
  }

  private static boolean health(String value) {
    return switch (value) {
      case "ok" -> true;
      case "fail" -> false;
      default ->
          throw new IllegalArgumentException("health: must be ok or fail (was " + value + ")");
    };
  }

  /** A switch; the empty value counts as on, so that {@code ?hang} does what it seems to say. */
  static boolean flag(String key, String value) {
    return switch (value) {
      case "", "true", "1" -> true;
      case "false", "0" -> false;
      default ->
          throw new IllegalArgumentException(key + ": must be true or false (was " + value + ")");
    };
  }
}
