package io.fairlead.proxy.http;

import io.fairlead.telemetry.ErrorReason;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.util.EnumMap;
import java.util.Map;

/** Answers that Fairlead makes itself: prepared once, one for each reason. */
final class LocalAnswer {
  private static final Map<ErrorReason, LocalAnswer> ALL = new EnumMap<>(ErrorReason.class);

  static {
    for (ErrorReason reason : ErrorReason.values()) {
      if (reason.status() != 0) { // the others are of connections without requests
        ALL.put(reason, new LocalAnswer(reason));
      }
    }
  }

  private final Head head = new Head();
  private final ByteBuf body;

  private LocalAnswer(ErrorReason reason) {
    byte[] text =
        Ascii.bytes(
            reason.status() + " " + phrase(reason.status()) + ": " + reason.meaning() + "\n");
    body = Unpooled.unreleasableBuffer(Unpooled.wrappedBuffer(text));
    head.put(
        Ascii.bytes(
            "HTTP/1.1 "
                + reason.status()
                + " "
                + phrase(reason.status())
                + "\r\nfairlead-error: "
                + reason.wireName()
                + "\r\ncontent-type: text/plain; charset=utf-8"
                + "\r\ncache-control: no-store"
                + "\r\ncontent-length: "
                + text.length
                + "\r\n\r\n"));
    HeadParser.Result parsed = HeadParser.parseResponse(head, Integer.MAX_VALUE, 10);
    if (parsed != HeadParser.Result.DONE) {
      throw new IllegalStateException("no valid answer for " + reason + ": " + parsed);
    }
    head.body = text.length;
    head.keepAlive = true;
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
      case 304 -> "Not Modified";
      case 400 -> "Bad Request";
      case 404 -> "Not Found";
      case 408 -> "Request Timeout";
      case 413 -> "Content Too Large";
      case 414 -> "URI Too Long";
      case 417 -> "Expectation Failed";
      case 431 -> "Request Header Fields Too Large";
      case 501 -> "Not Implemented";
      case 502 -> "Bad Gateway";
      case 499 -> "Client Closed Request";
      case 503 -> "Service Unavailable";
      case 504 -> "Gateway Timeout";
      case 505 -> "HTTP Version Not Supported";
      default -> "Internal Server Error";
    };
  }
}
