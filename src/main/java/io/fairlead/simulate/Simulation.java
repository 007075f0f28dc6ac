package io.fairlead.simulate;

import io.fairlead.config.BalanceMethod;
import io.fairlead.config.SimulatedPolicy;
import io.fairlead.config.SimulationConfig;
import io.fairlead.config.SimulationConfig.Expectation;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/** Runs every case of a description and gathers what comes out. */
public final class Simulation {
  private Simulation() {}

  /** What chooses for one instance. */
  static Picker picker(
      SimulationConfig config, SimulatedPolicy policy, int[] present, SplittableRandom random) {
    BalanceMethod method = policy.method();
    if (method != null) {
      return new OwnBalancer(method, config, random);
    }
    SimulatedPolicy.Rule rule = policy.rule();
    if (rule == null) {
      throw new IllegalArgumentException("neither method nor rule");
    }
    return Rules.of(rule, present, random);
  }

  /**
   * Runs it.
   *
   * @param threads how many cases at the same time; the figures do not depend on it
   */
  public static Outcome run(SimulationConfig config, int threads) {
    Set<Case> cases = new LinkedHashSet<>();
    boolean unhedgedToo = config.expectations().stream().anyMatch(Expectation::ofUnhedged);
    boolean healthyToo = config.expectations().stream().anyMatch(Expectation::ofHealthy);
    for (int instances : config.instances()) {
      for (double load : config.loads()) {
        for (SimulatedPolicy policy : config.policies()) {
          for (int seed = 1; seed <= config.seeds(); seed++) {
            cases.add(new Case(policy, instances, load, true, true, seed));
            if (healthyToo) {
              cases.add(new Case(policy, instances, load, false, true, seed));
            }
            if (unhedgedToo) {
              cases.add(new Case(policy, instances, load, true, false, seed));
            }
          }
        }
      }
    }
    long began = System.nanoTime();
    Map<Case, Tally> tallies = tallies(config, cases, threads);
    return new Outcome(config, tallies, System.nanoTime() - began);
  }

  private static Map<Case, Tally> tallies(SimulationConfig config, Set<Case> cases, int threads) {
    Map<Case, Tally> tallies = new LinkedHashMap<>();
    try (ExecutorService executor =
        Executors.newFixedThreadPool(
            threads, Thread.ofPlatform().daemon().name("simulate-", 0).factory())) {
      List<Future<Tally>> running = new ArrayList<>();
      for (Case one : cases) {
        running.add(executor.submit(() -> Engine.run(config, one)));
      }
      int index = 0;
      for (Case one : cases) {
        tallies.put(one, running.get(index++).get());
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted", e);
    } catch (ExecutionException e) {
      throw new IllegalStateException(e.getCause());
    }
    return tallies;
  }
}
