package io.fairlead.record.text;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.fairlead.record.Bytes;
import io.fairlead.record.Names;
import io.fairlead.telemetry.RecordLayout;
import io.fairlead.telemetry.RecordLayout.Text;
import io.fairlead.telemetry.RecordView;

/**
 * Combined Log Format. Fairlead records neither users nor where a link stood: both are {@code -};
 * bytes are those of the answer's content, as the format wants it.
 */
final class CombinedLine implements LineFormat {
  private final LogTimes times = new LogTimes(LogTimes.COMMON);
  private final byte[] address = new byte[16];

  @Override
  public boolean write(RecordView record, Names names, Bytes to) {
    if (record.type() != RecordLayout.HTTP) {
      return false;
    }
    LogTexts.client(record, address, to);
    LogTexts.ascii(" - - [", to);
    times.seconds(record.startMicros(), to);
    LogTexts.ascii("] \"", to);
    byte[] method = LogTexts.method(record).getBytes(UTF_8);
    if (method.length == 0) {
      to.put('-'); // it could not be read
    } else {
      LogTexts.combined(method, 0, method.length, to);
      to.put(' ');
      text(record, Text.PATH, to);
      to.put(' ');
      LogTexts.ascii(version(record.protocol()), to);
    }
    LogTexts.ascii("\" ", to);
    if (record.status() == 0) {
      LogTexts.ascii("000", to);
    } else {
      LogTexts.number(record.status(), to);
    }
    to.put(' ');
    LogTexts.number(record.bytesOut(), to);
    LogTexts.ascii(" \"-\" \"", to);
    text(record, Text.USER_AGENT, to);
    to.put('"');
    return true;
  }

  private static void text(RecordView record, Text which, Bytes to) {
    if (record.textLength(which) == 0) {
      to.put('-');
    } else {
      LogTexts.combined(record.bytes(), record.textStart(which), record.textLength(which), to);
    }
  }

  private static String version(int protocol) {
    return switch (protocol) {
      case RecordLayout.HTTP_1_0 -> "HTTP/1.0";
      case RecordLayout.HTTP_2, RecordLayout.GRPC -> "HTTP/2.0";
      case RecordLayout.HTTP_3 -> "HTTP/3.0";
      default -> "HTTP/1.1";
    };
  }
}
