package io.fairlead.record.text;

import io.fairlead.config.TextLogConfig;
import java.io.IOException;

/** Where lines go. One thread writes, and may wait; another one may close it meanwhile. */
interface LineTarget extends AutoCloseable {
  /**
   * Writes what is not sent yet, and says in the batch how far it came.
   *
   * @throws IOException if it could not; the rest may be tried again
   */
  void write(Batch batch) throws IOException;

  /** Somebody may have moved what is written to. Any thread. */
  void reopen();

  @Override
  void close();

  static LineTarget of(TextLogConfig.Target target) {
    return switch (target) {
      case TextLogConfig.Target.Stdout _ -> new StdoutTarget();
      case TextLogConfig.Target.File(var path) -> new FileTarget(path);
      case TextLogConfig.Target.Syslog(var address, boolean tcp) ->
          tcp ? new TcpTarget(address) : new UdpTarget(address);
    };
  }
}
