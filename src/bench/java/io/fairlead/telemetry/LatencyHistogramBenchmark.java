package io.fairlead.telemetry;

import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/** What it costs to count one duration; durations as they come, so that no branch is foreseen. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(2)
public class LatencyHistogramBenchmark {
  private static final int VALUES = 1 << 14;

  private final LatencyHistogram histogram = new LatencyHistogram(1);
  private final long[] micros = new long[VALUES];
  private int next;

  public LatencyHistogramBenchmark() {
    SplittableRandom random = new SplittableRandom(7);
    for (int i = 0; i < VALUES; i++) {
      micros[i] = (long) Math.exp(7 + 1.2 * random.nextGaussian());
    }
  }

  @Benchmark
  public void record() {
    histogram.record(0, micros[next]);
    next = (next + 1) & (VALUES - 1);
  }
}
