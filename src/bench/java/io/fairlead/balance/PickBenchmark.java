package io.fairlead.balance;

import io.fairlead.config.BalanceMethod;
import io.fairlead.config.HostPort;
import io.fairlead.service.Node;
import io.fairlead.service.NodeSpec;
import io.fairlead.service.Service;
import io.fairlead.telemetry.EventLog;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/**
 * Time and, with {@code -prof gc}, allocation of one pick; and of making a balancer. With more
 * threads ({@code -t 4}) than processors, {@code -prof io.fairlead.ProcessorTime} tells what a pick
 * costs from how long its thread waited for a processor.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 2, time = 1)
@Measurement(iterations = 3, time = 1)
@Fork(1)
public class PickBenchmark {
  @Param({"3", "100", "10000"})
  int nodes;

  @Param BalanceMethod method = BalanceMethod.ROUND_ROBIN;

  /** Equal, or 1 to 1000. */
  @Param({"true", "false"})
  boolean equal;

  /**
   * Whether nodes have up to nineteen requests in flight, or a third of them one and the others
   * none.
   */
  @Param({"true", "false"})
  boolean busy;

  /** What a loop has for itself. */
  @State(Scope.Thread)
  public static class Loop {
    private final SplittableRandom random = new SplittableRandom();
    private int client = random.nextInt();
  }

  private final SplittableRandom random = new SplittableRandom(1);
  private final Service service = new Service("shop", 1, new EventLog(() -> 0), () -> 0);
  private Balancer balancer = new NoNode();

  @Setup
  public void fill() {
    List<NodeSpec> specs = new ArrayList<>();
    for (int i = 0; i < nodes; i++) {
      specs.add(
          new NodeSpec(
              new HostPort("10." + i / 62_500 + "." + i / 250 % 250 + "." + i % 250, 8080),
              "n" + i,
              equal ? 1 : 1 + i * 37 % 1000,
              "",
              "file"));
    }
    service.setMembers(specs);
    for (Node node : service.nodes().all()) {
      for (int i = busy ? random.nextInt(20) : random.nextInt(3) / 2; i > 0; i--) {
        node.requestStarted();
        node.connectionOpened();
      }
    }
    balancer = Balancer.of(method, service.nodes(), null);
    differ();
  }

  /** Nodes have answered, each in a time of its own, so that estimates differ. */
  private void differ() {
    balancer.pick(0, null, random);
    boolean _ = balancer.tick(0);
    for (int i = 1; i <= 100; i++) {
      long now = i * Balancer.TICK.toNanos();
      balancer.pick(0, null, random);
      for (Node node : service.nodes().all()) {
        long took = (long) (-Math.log(1 - random.nextDouble()) * 5_000_000);
        node.requestStarted(0, now - took);
        node.requestAnswered(0, now, took, false);
        node.requestFinished();
      }
      boolean _ = balancer.tick(now);
    }
  }

  @Benchmark
  public @Nullable Node pick(Loop loop) {
    return balancer.pick(loop.client++, null, loop.random);
  }

  /** The same, with the node taking the request and answering it, as event loops do. */
  @Benchmark
  public @Nullable Node send(Loop loop) {
    Node node = balancer.pick(loop.client++, null, loop.random);
    if (node != null) {
      node.requestStarted();
      node.requestFinished();
    }
    return node;
  }

  /** What a changed verdict costs the control thread. */
  @Benchmark
  public Balancer replace() {
    return Balancer.of(method, service.nodes(), balancer);
  }
}
