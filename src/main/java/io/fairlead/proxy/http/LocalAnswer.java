package io.fairlead.proxy.http;

import io.fairlead.telemetry.ErrorReason;
import io.netty.buffer.ByteBuf;
import java.util.EnumMap;
import java.util.Map;

/** Answers that Fairlead makes itself: prepared once, one for each reason. */
final class LocalAnswer {
  private static final byte[] CLOSE = Ascii.bytes("connection: close\r\n");
  private static final byte[] KEEP_ALIVE = Ascii.bytes("connection: keep-alive\r\n");
  private static final byte[] ID = Ascii.bytes("x-request-id: ");
  private static final byte[] CRLF = Ascii.bytes("\r\n");

  private static final Map<ErrorReason, LocalAnswer> ALL = new EnumMap<>(ErrorReason.class);

  static {
    for (ErrorReason reason : ErrorReason.values()) {
      ALL.put(reason, new LocalAnswer(reason));
    }
  }

  private final byte[] head;
  private final byte[] body;

  private LocalAnswer(ErrorReason reason) {
    body =
        Ascii.bytes(
            reason.status() + " " + phrase(reason.status()) + ": " + reason.meaning() + "\n");
    head =
        Ascii.bytes(
            "HTTP/1.1 "
                + reason.status()
                + " "
                + phrase(reason.status())
                + "\r\nfairlead-error: "
                + reason.wireName()
                + "\r\nvia: 1.1 fairlead"
                + "\r\ncontent-type: text/plain; charset=utf-8"
                + "\r\ncache-control: no-store"
                + "\r\ncontent-length: "
                + body.length
                + "\r\n");
  }

  /** Writes the answer; without its body to a HEAD request. */
  static void write(
      ErrorReason reason, Exchange exchange, boolean close, boolean withBody, ByteBuf out) {
    LocalAnswer answer = ALL.get(reason);
    if (answer == null) {
      throw new IllegalStateException("no answer prepared for " + reason);
    }
    out.writeBytes(answer.head);
    out.writeBytes(ID);
    HeadWriter.writeRequestId(exchange, out);
    if (close) {
      out.writeBytes(CLOSE);
    } else if (exchange.request.minorVersion == 0) {
      out.writeBytes(KEEP_ALIVE);
    }
    out.writeBytes(CRLF);
    if (withBody) {
      out.writeBytes(answer.body);
    }
  }

  private static String phrase(int status) {
    return switch (status) {
      case 400 -> "Bad Request";
      case 404 -> "Not Found";
      case 408 -> "Request Timeout";
      case 413 -> "Content Too Large";
      case 414 -> "URI Too Long";
      case 417 -> "Expectation Failed";
      case 431 -> "Request Header Fields Too Large";
      case 501 -> "Not Implemented";
      case 502 -> "Bad Gateway";
      case 503 -> "Service Unavailable";
      case 504 -> "Gateway Timeout";
      case 505 -> "HTTP Version Not Supported";
      default -> "Internal Server Error";
    };
  }
}
