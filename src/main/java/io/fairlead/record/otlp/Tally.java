package io.fairlead.record.otlp;

import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/** What becomes of things of one kind. */
final class Tally {
  private final String kind;
  private final @Nullable Tally all;
  private final AtomicLong sent = new AtomicLong();
  private final AtomicLong full = new AtomicLong();
  private final AtomicLong failed = new AtomicLong();
  private final AtomicLong refused = new AtomicLong();

  private Tally(String kind, @Nullable Tally all) {
    this.kind = kind;
    this.all = all;
  }

  /** Goes on through changes of the configuration. */
  Tally(String kind) {
    this(kind, null);
  }

  /** Of one lane; what is counted there is counted here, too. */
  Tally ofLane() {
    return new Tally(kind, this);
  }

  String kind() {
    return kind;
  }

  void sent(long count) {
    sent.addAndGet(count);
    if (all != null) {
      all.sent(count);
    }
  }

  void full(long count) {
    full.addAndGet(count);
    if (all != null) {
      all.full(count);
    }
  }

  void failed(long count) {
    failed.addAndGet(count);
    if (all != null) {
      all.failed(count);
    }
  }

  void refused(long count) {
    refused.addAndGet(count);
    if (all != null) {
      all.refused(count);
    }
  }

  long lost() {
    return full.get() + failed.get() + refused.get();
  }

  ExportStats read() {
    return new ExportStats(kind, sent.get(), full.get(), failed.get(), refused.get());
  }
}
