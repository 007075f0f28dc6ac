package io.fairlead.vip;

import io.fairlead.runtime.TaskThread;
import java.util.concurrent.TimeUnit;

/** The thread of this room: everything about virtual IPs happens on it, one thing after another. */
final class VipThread extends TaskThread {
  VipThread() {
    super("vip");
  }

  /** What has been asked for is still done. */
  @Override
  public void close() {
    executor.shutdown();
    try {
      if (!executor.awaitTermination(2, TimeUnit.SECONDS)) {
        executor.shutdownNow();
      }
    } catch (InterruptedException e) {
      executor.shutdownNow();
      Thread.currentThread().interrupt();
    }
  }
}
