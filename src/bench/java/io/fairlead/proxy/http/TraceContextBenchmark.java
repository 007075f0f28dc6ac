package io.fairlead.proxy.http;

import io.fairlead.telemetry.RecordDraft;
import io.fairlead.telemetry.RecordLayout;
import io.fairlead.telemetry.TryEnd;
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
 * Time and, with {@code -prof gc}, allocation of what tracing adds to a request with one try: from
 * reading or making a trace until the record knows of it. Copying the head is measured alone, too,
 * since the other begins with it.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
public class TraceContextBenchmark {
  /** What a request says of its trace. */
  public enum Says {
    NOTHING,
    SAMPLED,
    NOT_SAMPLED
  }

  @Param Says says = Says.NOTHING;

  private final Head came = new Head();
  private final Head head = new Head();
  private final TraceContext trace = new TraceContext();
  private final Tracing policy = Tracing.of(0.01, false);
  private final SplittableRandom random = new SplittableRandom(1);
  private final RecordDraft draft = new RecordDraft();
  private int count;

  @Setup
  public void fill() {
    for (String name : new String[] {"host", "user-agent", "accept", "accept-encoding"}) {
      came.openField(Ascii.bytes(name));
      came.put(Ascii.bytes("something of that length"));
      came.closeField(FieldName.OTHER);
    }
    if (says != Says.NOTHING) {
      came.openField(Ascii.bytes("traceparent"));
      came.put(Ascii.bytes("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-0"));
      came.put((byte) (says == Says.SAMPLED ? '1' : '0'));
      came.closeField(FieldName.TRACEPARENT);
    }
  }

  @Benchmark
  public void copy() {
    head.copyFrom(came);
    draft.begin(RecordLayout.HTTP, RecordLayout.HTTP_1_1);
  }

  @Benchmark
  public void traced() {
    head.copyFrom(came);
    draft.begin(RecordLayout.HTTP, RecordLayout.HTTP_1_1);
    trace.begin(head, policy, random, 0x0198_F3A2_7C10_0042L, ++count);
    trace.addTo(head);
    int number = trace.nextTry();
    trace.sends(head, number);
    trace.tryEnded(number, 7, 1_000, 2_000_000, 200, TryEnd.ANSWERED);
    trace.tell(draft, false);
  }
}
