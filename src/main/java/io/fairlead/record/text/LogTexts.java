package io.fairlead.record.text;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.fairlead.record.Addresses;
import io.fairlead.record.Bytes;
import io.fairlead.telemetry.RecordLayout;
import io.fairlead.telemetry.RecordLayout.Text;
import io.fairlead.telemetry.RecordView;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/** What lines of all formats say in the same way. */
final class LogTexts {
  private static final VarHandle BIG =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.BIG_ENDIAN);

  private LogTexts() {}

  static void ascii(String text, Bytes to) {
    for (int i = 0; i < text.length(); i++) {
      to.put(text.charAt(i));
    }
  }

  static void number(long value, Bytes to) {
    ascii(Long.toString(value), to);
  }

  /**
   * The address alone, as people write it.
   *
   * @param scratch 16 bytes
   */
  static void client(RecordView record, byte[] scratch, Bytes to) {
    BIG.set(scratch, 0, record.clientHigh());
    BIG.set(scratch, 8, record.clientLow());
    Addresses.write(scratch, 0, to);
  }

  static String method(RecordView record) {
    String known = RecordLayout.method(record.method());
    return known.isEmpty() ? record.text(Text.METHOD) : known;
  }

  /** What {@code x-request-id} said, whoever made it. */
  static String id(RecordView record) {
    return record.textLength(Text.REQUEST_ID) > 0 ? record.text(Text.REQUEST_ID) : record.id();
  }

  /** A text between the quotation marks of JSON; what is not UTF-8 is replaced. */
  static void json(byte[] from, int offset, int length, Bytes to) {
    for (int i = offset; i < offset + length; i++) {
      if (from[i] < 0) {
        escape(new String(from, offset, length, UTF_8).getBytes(UTF_8), to);
        return;
      }
    }
    for (int i = offset; i < offset + length; i++) {
      escape(from[i], to);
    }
  }

  private static void escape(byte[] all, Bytes to) {
    for (byte one : all) {
      escape(one, to);
    }
  }

  private static void escape(byte one, Bytes to) {
    if (one == '"' || one == '\\') {
      to.put('\\');
      to.put(one);
    } else if ((one >= 0 && one < ' ') || one == 0x7F) {
      ascii("\\u00", to);
      hex(one, to);
    } else {
      to.put(one);
    }
  }

  /** A text between quotation marks as NGINX writes it: whatever could end it is in hex. */
  static void combined(byte[] from, int offset, int length, Bytes to) {
    for (int i = offset; i < offset + length; i++) {
      byte one = from[i];
      if (one == '"' || one == '\\' || one < ' ' || one == 0x7F) { // below 0: not ASCII
        to.put('\\');
        to.put('x');
        hex(one, to);
      } else {
        to.put(one);
      }
    }
  }

  private static void hex(byte one, Bytes to) {
    to.put(Character.toUpperCase(Character.forDigit((one >> 4) & 0xF, 16)));
    to.put(Character.toUpperCase(Character.forDigit(one & 0xF, 16)));
  }
}
