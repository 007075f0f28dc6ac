package io.fairlead.record;

import static java.nio.charset.StandardCharsets.US_ASCII;

import io.fairlead.insight.incident.IncidentWatch;
import io.fairlead.insight.incident.RecordTexts;
import io.fairlead.telemetry.RecordView;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/** Gives records to the watch for incidents. */
public final class IncidentRecords implements RecordConsumer {
  private final IncidentWatch watch;
  private @Nullable Names names;
  private RecordTexts texts = new Texts(null);

  public IncidentRecords(IncidentWatch watch) {
    this.watch = watch;
  }

  @Override
  public void accept(RecordView record, Names known) {
    if (known != names) {
      names = known;
      texts = new Texts(known);
    }
    watch.accept(record, texts);
  }

  @Override
  public void caughtUp(long epochMillis, Runnable rest) {
    watch.caughtUp(epochMillis, rest);
  }

  /** In the words of the process that has written the records. */
  private record Texts(@Nullable Names names) implements RecordTexts {
    @Override
    public @Nullable String name(int number) {
      return names == null ? null : names.name(number);
    }

    @Override
    public @Nullable String error(int number) {
      return names == null ? null : names.error(number);
    }

    @Override
    public String client(long high, long low) {
      byte[] address = ByteBuffer.allocate(16).putLong(high).putLong(low).array();
      Bytes text = new Bytes(48);
      Addresses.write(address, 0, text);
      return new String(text.array(), 0, text.size(), US_ASCII);
    }
  }
}
