package io.fairlead.record.tail;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.fairlead.record.Utf8;
import io.fairlead.record.sql.Condition.Operator;
import java.util.Arrays;
import java.util.Locale;

/** A comparison with a text, byte by byte where both are ASCII; order is that of the bytes. */
final class TextTest {
  private final Operator operator;
  private final byte[] wanted;
  private final String lower;
  private final byte[] lowerBytes;
  private final boolean plain;

  TextTest(Operator operator, String wanted) {
    this.operator = operator;
    this.wanted = wanted.getBytes(UTF_8);
    lower = wanted.toLowerCase(Locale.ROOT);
    lowerBytes = lower.getBytes(UTF_8);
    plain = Utf8.isPlain(this.wanted, 0, this.wanted.length);
  }

  boolean test(String text) {
    byte[] bytes = text.getBytes(UTF_8);
    return test(bytes, 0, bytes.length);
  }

  boolean test(byte[] text, int from, int length) {
    return switch (operator) {
      case EQUAL -> isEqual(text, from, length);
      case DIFFERENT -> !isEqual(text, from, length);
      case LESS -> order(text, from, length) < 0;
      case AT_MOST -> order(text, from, length) <= 0;
      case MORE -> order(text, from, length) > 0;
      case AT_LEAST -> order(text, from, length) >= 0;
      case CONTAINS -> contains(text, from, length);
      case LACKS -> !contains(text, from, length);
    };
  }

  private boolean isEqual(byte[] text, int from, int length) {
    return length == wanted.length
        && Arrays.equals(text, from, from + length, wanted, 0, wanted.length);
  }

  private int order(byte[] text, int from, int length) {
    return Arrays.compareUnsigned(text, from, from + length, wanted, 0, wanted.length);
  }

  private boolean contains(byte[] text, int from, int length) {
    if (!plain || !Utf8.isPlain(text, from, length)) {
      return new String(text, from, length, UTF_8).toLowerCase(Locale.ROOT).contains(lower);
    }
    for (int at = from; at + lowerBytes.length <= from + length; at++) {
      if (isAt(text, at)) {
        return true;
      }
    }
    return false;
  }

  private boolean isAt(byte[] text, int at) {
    for (int i = 0; i < lowerBytes.length; i++) {
      byte each = text[at + i];
      if ((each >= 'A' && each <= 'Z' ? each + 32 : each) != lowerBytes[i]) {
        return false;
      }
    }
    return true;
  }
}
