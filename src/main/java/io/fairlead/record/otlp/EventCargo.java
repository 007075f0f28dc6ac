package io.fairlead.record.otlp;

import io.fairlead.telemetry.EventLog;
import io.opentelemetry.sdk.logs.data.LogRecordData;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** Events that have not been gathered yet, as far as their log still has them. */
final class EventCargo implements Cargo {
  private static final int MOST = 256;
  private static final long PAUSE_NANOS = TimeUnit.SECONDS.toNanos(1);

  private final Tally tally;
  private final OtlpExport of;
  private final Exporters.Export<LogRecordData> export;
  private final Origin origin;
  private final List<LogRecordData> batch = new ArrayList<>();

  EventCargo(Tally tally, OtlpExport of, Exporters exporters, Origin origin) {
    this.tally = tally;
    this.of = of;
    this.export = exporters.logs();
    this.origin = origin;
  }

  @Override
  public int gather(boolean last) {
    batch.clear();
    for (EventLog.Entry entry : of.takeEvents(MOST, tally)) {
      batch.add(new EventRecord(origin, entry));
    }
    return batch.size();
  }

  @Override
  public Sending send() throws InterruptedException {
    return export.send(batch);
  }

  @Override
  public int abandon() {
    return 0;
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
