package io.fairlead.insight;

import io.fairlead.config.OutlierConfig;
import io.fairlead.telemetry.NodeAnswers;
import io.fairlead.telemetry.OpenTry;
import io.fairlead.telemetry.ServiceAnswers;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
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
 * What a look at all nodes costs the control thread, which takes two a second, when every node has
 * got five requests since the last one; and what counting one request costs an event loop.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 3, time = 2)
@Fork(1)
public class DetectorBenchmark {
  private static final int LOOPS = 2;

  @Param({"12", "1000", "10000"})
  int nodes;

  private final ServiceAnswers service = new ServiceAnswers(LOOPS);
  private final List<NodeAnswers> answers = new ArrayList<>();
  private final Detector detector = new Detector(service, OutlierConfig.DEFAULT);
  private final SplittableRandom random = new SplittableRandom(1);
  private final OpenTry open = new OpenTry();
  private int route;
  private long now;
  private int next;

  @Setup
  public void fill() {
    route = service.classOf("r");
    List<Subject> subjects = new ArrayList<>();
    for (int i = 0; i < nodes; i++) {
      NodeAnswers its = service.newNode();
      answers.add(its);
      subjects.add(Detector.subject("n" + i, Map.of("zone", "z" + i % 3), its));
    }
    detector.replace(subjects, 0);
    for (int i = 0; i < 130; i++) {
      look();
    }
  }

  /** The requests are part of the measured time: subtract five times {@link #count} per node. */
  @Benchmark
  @OutputTimeUnit(TimeUnit.MICROSECONDS)
  public Detector.News look() {
    for (NodeAnswers node : answers) {
      for (int i = 0; i < 5; i++) {
        count(node);
      }
    }
    now += 500_000_000;
    return detector.tick(now);
  }

  @Benchmark
  @OutputTimeUnit(TimeUnit.NANOSECONDS)
  public void count() {
    next = next + 1 == nodes ? 0 : next + 1;
    count(answers.get(next));
  }

  private void count(NodeAnswers node) {
    long took = 10_000_000 + random.nextLong(20_000_000);
    open.begin(service, node, random.nextInt(LOOPS), route, random.nextInt(), now);
    open.answered(random.nextInt(1000) == 0, now + took);
    open.end(now + took);
  }
}
