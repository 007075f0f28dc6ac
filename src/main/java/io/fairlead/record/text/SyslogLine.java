package io.fairlead.record.text;

import static java.nio.charset.StandardCharsets.US_ASCII;

import io.fairlead.record.Bytes;
import io.fairlead.record.Names;
import io.fairlead.telemetry.RecordView;

/**
 * A line in a message of syslog [1]: facility local0, severity informational. Over TCP its length
 * stands in front of it [2].
 *
 * <p>[1] RFC 5424, 6. [2] RFC 6587, 3.4.1.
 */
final class SyslogLine implements LineFormat {
  private static final int PRIORITY = 16 * 8 + 6;

  private final LineFormat line;
  private final boolean counted;
  private final byte[] who;
  private final LogTimes times = new LogTimes(LogTimes.ISO);
  private final Bytes message = new Bytes();

  /**
   * @param host what the machine calls itself
   * @param counted with its length
   */
  SyslogLine(LineFormat line, String host, boolean counted) {
    this.line = line;
    this.counted = counted;
    String name = host.replaceAll("[^!-~]", "");
    who =
        (" "
                + (name.isEmpty() ? "-" : name)
                + " fairlead "
                + ProcessHandle.current().pid()
                + " access - ")
            .getBytes(US_ASCII);
  }

  @Override
  public boolean write(RecordView record, Names names, Bytes to) {
    message.clear();
    LogTexts.ascii("<" + PRIORITY + ">1 ", message);
    times.micros(record.startMicros(), message);
    message.put(who);
    if (!line.write(record, names, message)) {
      return false;
    }
    if (counted) {
      LogTexts.number(message.size(), to);
      to.put(' ');
    }
    to.put(message.array(), 0, message.size());
    return true;
  }
}
