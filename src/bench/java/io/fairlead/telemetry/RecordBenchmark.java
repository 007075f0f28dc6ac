package io.fairlead.telemetry;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import io.fairlead.config.LogsConfig;
import io.fairlead.telemetry.RecordLayout.Text;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.List;
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
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * Time and, with {@code -prof gc}, allocation of one record, from the fields of an exchange to the
 * published position: to be at most 60 ns, and nothing allocated. With names of parameters to hide
 * that is not reached: 40 ns without, 66 ns with, 79 ns where a value is hidden (26 November 2026).
 * What a reader does with it is another thread's time: here all is given back unread.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
public class RecordBenchmark {
  /** This and its places are no constants: the compiler shall not know how much is copied. */
  private byte[] head =
      ("GET /shop/items/4711?colour=blue&size=42&token=abcdefgh HTTP/1.1\r\nHost: shop.example.org"
              + "\r\nUser-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101\r\n\r\n")
          .getBytes(ISO_8859_1);

  private int path = 4;
  private int pathLength = 16;
  private int query = 21;
  private int queryLength = 34;
  private int host = 72;
  private int hostLength = 16;
  private int agent = 102;
  private int agentLength = 58;

  /** Who hides what. */
  public enum Hidden {
    NOTHING,
    /** Addresses, and parameters that the query does not have. */
    ABSENT,
    /** Addresses, and one that it has. */
    PRESENT
  }

  @Param Hidden hidden = Hidden.NOTHING;

  private final RecordRings rings;
  private final RecordRing ring;
  private final RecordReader reader;
  private long now = System.nanoTime();
  private int written;

  public RecordBenchmark() {
    try {
      rings =
          RecordRings.open(Files.createTempDirectory("records"), 1, 16L << 20, new RecordNames());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    ring = rings.ring(0);
    reader = rings.reader(0);
  }

  @Setup
  public void mask() {
    List<String> names = new ArrayList<>(LogsConfig.Mask.DEFAULT.query());
    if (hidden == Hidden.ABSENT) {
      names.remove("token");
    }
    rings.setMask(hidden == Hidden.NOTHING ? RecordMask.NONE : new RecordMask(24, names));
  }

  @TearDown
  public void close() {
    long dropped = ring.dropped(RecordDrop.ORDINARY);
    rings.close();
    if (dropped > 0) {
      throw new IllegalStateException("records were dropped, which is cheaper");
    }
  }

  @Benchmark
  public void write() {
    now += 1_000;
    RecordMask mask = ring.mask();
    RecordDraft draft = ring.draft();
    draft.begin(RecordLayout.HTTP, RecordLayout.HTTP_1_1);
    draft.times(ring.epochMicros(now), 3_000_000);
    draft.id(now, (int) now);
    draft.bytes(0, 1234);
    draft.phases(-1, -1, -1, 2_000_000);
    draft.names(1, 2, 3, 4);
    draft.result(200, null, 1);
    draft.client(0, 0xFFFF_C000_0200L | (now & 0xFF), 4711, mask);
    draft.flag(RecordLayout.REUSED);
    draft.method(1);
    draft.text(Text.HOST, head, host, hostLength);
    draft.path(head, path, pathLength, query, queryLength, mask);
    draft.text(Text.USER_AGENT, head, agent, agentLength);
    ring.write();
    if (++written % 10_000 == 0) {
      reader.saved(ring.place());
    }
  }
}
