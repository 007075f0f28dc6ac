package io.fairlead.record.export;

import io.fairlead.config.ExportConfig;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** Brokers of Kafka. What speaks to them is loaded when there is something to send. */
final class KafkaTarget implements ExportTarget {
  private static final int MOST = 900_000;

  private final ExportConfig.Kafka config;
  private @Nullable RowSender sender;

  KafkaTarget(ExportConfig.Kafka config) {
    this.config = config;
  }

  @Override
  public void send(String table, byte[] rows, int count) throws IOException, InterruptedException {
    RowSender present = sender;
    if (present == null) {
      present = KafkaLibrary.sender(config);
      sender = present;
    }
    present.send(table, rows, count);
  }

  @Override
  public int most() {
    return MOST;
  }

  @Override
  public void close() {
    if (sender != null) {
      sender.close();
    }
  }
}
