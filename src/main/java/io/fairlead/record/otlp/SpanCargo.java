package io.fairlead.record.otlp;

import io.fairlead.record.Names;
import io.fairlead.record.RecordPipe;
import io.fairlead.telemetry.RecordView;
import io.opentelemetry.sdk.trace.data.SpanData;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Records of exchanges that spans are wanted of: copied by the recorder's thread, made spans of by
 * that of the lane.
 */
final class SpanCargo implements Cargo {
  /** Some 3,000 exchanges. */
  static final int ROOM = 1 << 20;

  /** So much put in wakes the lane before its time. */
  private static final int WAKE_AT = ROOM / 8;

  private static final int MOST = 512;
  private static final long PAUSE_NANOS = TimeUnit.SECONDS.toNanos(1);

  private final Tally tally;
  private final Exporters.Export<SpanData> export;
  private final ExchangeSpans maker;
  private final RecordPipe pipe = new RecordPipe(ROOM);
  private final RecordView record = new RecordView();
  private final List<SpanData> batch = new ArrayList<>();
  private volatile @Nullable Names names;
  private volatile @Nullable Lane lane;
  private int sinceWake;

  SpanCargo(Tally tally, Exporters exporters, Origin origin) {
    this.tally = tally;
    export = exporters.spans();
    maker = new ExchangeSpans(origin);
  }

  void wakes(Lane its) {
    lane = its;
  }

  /** The recorder's thread. */
  void accept(RecordView view, Names meaning) {
    if (names != meaning) {
      names = meaning;
    }
    if (!pipe.put(view)) {
      tally.full(1 + view.toldTries());
      return;
    }
    sinceWake += view.length();
    Lane its = lane;
    if (sinceWake > WAKE_AT && its != null) {
      sinceWake = 0;
      its.wake();
    }
  }

  @Override
  public int gather(boolean last) {
    batch.clear();
    Names meaning = names;
    while (meaning != null && batch.size() < MOST && pipe.take(record)) {
      maker.add(record, meaning, batch);
    }
    return batch.size();
  }

  @Override
  public Sending send() throws InterruptedException {
    return export.send(batch);
  }

  @Override
  public int abandon() {
    int spans = 0;
    while (pipe.take(record)) {
      spans += 1 + record.toldTries();
    }
    return spans;
  }

  @Override
  public boolean isWorthWaiting() {
    return true;
  }

  @Override
  public long pauseNanos() {
    return PAUSE_NANOS;
  }
}
