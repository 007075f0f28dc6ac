package io.fairlead.health;

import io.fairlead.config.Probe.Expect;
import io.fairlead.health.HttpExpectation.Field;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * The body of an answer of HTTP/1.1 (RFC 9112, 6 and 7), of which at most {@link Expect#BODY_BYTES}
 * are read.
 */
final class HttpBody {
  private static final int MAX_LINE = 1024;
  private static final int LOOKS = 64;

  private final InputStream in;
  private final HttpExpectation expectation;
  private final ByteArrayOutputStream body = new ByteArrayOutputStream();
  private int looks;
  private int lookedAt;

  /**
   * @param in what follows the head
   */
  HttpBody(InputStream in, HttpExpectation expectation) {
    this.in = in;
    this.expectation = expectation;
  }

  /**
   * Reads it and judges it.
   *
   * @return what is wrong, or null
   * @throws EOFException if it ends before its end
   */
  @Nullable String judge(int status, List<Field> fields) throws IOException {
    String wrong = null;
    if (status != 204 && status != 304) {
      String coding = last("transfer-encoding", fields);
      String length = last("content-length", fields);
      if (coding != null) {
        wrong =
            coding.toLowerCase(Locale.ROOT).endsWith("chunked")
                ? chunks()
                : "body comes in transfer-encoding " + expectation.quote().of(coding);
      } else if (length == null) {
        boolean _ = take(Long.MAX_VALUE, false);
      } else if (length.matches("[0-9]{1,18}")) {
        boolean _ = take(Long.parseLong(length), true);
      } else {
        wrong = "content-length is '" + expectation.quote().of(length) + "'";
      }
    }
    return wrong != null
        ? wrong
        : expectation.body(body.toByteArray(), body.size() >= Expect.BODY_BYTES);
  }

  private static @Nullable String last(String name, List<Field> fields) {
    String value = null;
    for (Field field : fields) {
      value = field.name().equals(name) ? field.value() : value;
    }
    return value;
  }

  /**
   * Reads that much, or until enough has been read.
   *
   * @return whether enough has been read
   */
  private boolean take(long length, boolean whole) throws IOException {
    byte[] part = new byte[8192];
    long left = length;
    while (left > 0) {
      int most = (int) Math.min(Math.min(left, part.length), Expect.BODY_BYTES - body.size());
      int count = most == 0 ? 0 : in.read(part, 0, most);
      if (count < 0) {
        if (whole) {
          throw new EOFException();
        }
        return true;
      }
      body.write(part, 0, count);
      left -= count;
      if (body.size() >= Expect.BODY_BYTES || isEnough()) {
        return true;
      }
    }
    return false;
  }

  /** Looked at again and again, but not for each byte of a node that sends one at a time. */
  private boolean isEnough() {
    if (looks >= LOOKS && body.size() < 2 * lookedAt) {
      return false;
    }
    looks++;
    lookedAt = body.size();
    return expectation.isMet(body.toByteArray());
  }

  private @Nullable String chunks() throws IOException {
    while (true) {
      String size = Conversation.line(in, MAX_LINE).split("[;\\s]", 2)[0];
      if (!size.matches("[0-9A-Fa-f]{1,15}")) {
        return "body breaks the rules of chunks: '" + expectation.quote().of(size) + "' is no size";
      }
      long length = Long.parseLong(size, 16);
      if (length == 0 || take(length, true)) {
        return null;
      }
      if (!Conversation.line(in, MAX_LINE).isEmpty()) {
        return "body breaks the rules of chunks: one is longer than it said";
      }
    }
  }
}
