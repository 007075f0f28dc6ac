package io.fairlead.proxy.http;

import io.fairlead.config.Content;
import io.fairlead.telemetry.ErrorReason;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.util.EnumMap;
import java.util.Map;

/** Answers that Fairlead makes itself: prepared once. */
final class LocalAnswer {
  private static final Map<ErrorReason, LocalAnswer> ALL = new EnumMap<>(ErrorReason.class);

  static {
    for (ErrorReason reason : ErrorReason.values()) {
      if (reason.status() != 0) { // the others are of connections without requests
        String text = reason.status() + " " + phrase(reason.status()) + ": " + reason.meaning();
        ALL.put(reason, of(reason, "text/plain; charset=utf-8", Ascii.bytes(text + "\n")));
      }
    }
  }

  private final Head head = new Head();
  private final ByteBuf body;

  /**
   * @param fields each with its line's end
   * @param content its body; one of no bytes is said to be of length 0 where that is allowed
   */
  private LocalAnswer(int status, String fields, byte[] content) {
    body = Unpooled.unreleasableBuffer(Unpooled.wrappedBuffer(content));
    boolean counted = status != 204 && status != 304;
    head.put(
        Ascii.bytes(
            "HTTP/1.1 "
                + status
                + " "
                + phrase(status)
                + "\r\n"
                + fields
                + (counted ? "content-length: " + content.length + "\r\n" : "")
                + "\r\n"));
    HeadParser.Result parsed = HeadParser.parseResponse(head, Integer.MAX_VALUE, 10);
    if (parsed != HeadParser.Result.DONE) {
      throw new IllegalStateException("no valid answer with status " + status + ": " + parsed);
    }
    head.body = content.length;
    head.keepAlive = true;
  }

  private static LocalAnswer of(ErrorReason reason, String type, byte[] content) {
    return new LocalAnswer(
        reason.status(),
        "fairlead-error: "
            + reason.wireName()
            + "\r\ncontent-type: "
            + type
            + "\r\ncache-control: no-store\r\n",
        content);
  }

  /** An answer to that reason with a body of the operator's. */
  static LocalAnswer of(ErrorReason reason, Content page) {
    return of(reason, page.type(), page.bytes().toArray());
  }

  /** An answer that is no error. */
  static LocalAnswer of(int status, Content content) {
    String type = content.type();
    return new LocalAnswer(
        status, type.isEmpty() ? "" : "content-type: " + type + "\r\n", content.bytes().toArray());
  }

  /** One without body. */
  static LocalAnswer plain(int status) {
    return of(status, Content.NONE);
  }

  static LocalAnswer of(ErrorReason reason) {
    LocalAnswer answer = ALL.get(reason);
    if (answer == null) {
      throw new IllegalStateException("no answer prepared for " + reason);
    }
    return answer;
  }

  /** Complete and checked, as if it had come from a node. */
  Head head() {
    return head;
  }

  /** Not to be released. */
  ByteBuf body() {
    return body.duplicate();
  }

  /** What the status line of HTTP/1.1 says behind the number. */
  static String phrase(int status) {
    return switch (status) {
      case 200 -> "OK";
      case 201 -> "Created";
      case 204 -> "No Content";
      case 206 -> "Partial Content";
      case 301 -> "Moved Permanently";
      case 302 -> "Found";
      case 303 -> "See Other";
      case 304 -> "Not Modified";
      case 307 -> "Temporary Redirect";
      case 308 -> "Permanent Redirect";
      case 400 -> "Bad Request";
      case 401 -> "Unauthorized";
      case 403 -> "Forbidden";
      case 404 -> "Not Found";
      case 405 -> "Method Not Allowed";
      case 408 -> "Request Timeout";
      case 410 -> "Gone";
      case 413 -> "Content Too Large";
      case 414 -> "URI Too Long";
      case 417 -> "Expectation Failed";
      case 429 -> "Too Many Requests";
      case 431 -> "Request Header Fields Too Large";
      case 451 -> "Unavailable For Legal Reasons";
      case 499 -> "Client Closed Request";
      case 500 -> "Internal Server Error";
      case 501 -> "Not Implemented";
      case 502 -> "Bad Gateway";
      case 503 -> "Service Unavailable";
      case 504 -> "Gateway Timeout";
      case 505 -> "HTTP Version Not Supported";
      default -> ""; // RFC 9112, 4: it may be absent
    };
  }
}
