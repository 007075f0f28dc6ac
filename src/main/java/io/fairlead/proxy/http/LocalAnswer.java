package io.fairlead.proxy.http;

import io.fairlead.config.Content;
import io.fairlead.telemetry.ErrorReason;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.util.EnumMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Answers that Fairlead makes itself: prepared once. */
final class LocalAnswer {
  private static final Map<ErrorReason, LocalAnswer> ALL = new EnumMap<>(ErrorReason.class);
  private static final Map<ErrorReason, LocalAnswer> GRPC = new EnumMap<>(ErrorReason.class);
  private static final byte[] GRPC_TYPE = Ascii.bytes("application/grpc");

  static {
    for (ErrorReason reason : ErrorReason.values()) {
      if (reason.status() != 0) { // the others are of connections without requests
        String text = reason.status() + " " + phrase(reason.status()) + ": " + reason.meaning();
        ALL.put(reason, of(reason, "text/plain; charset=utf-8", Ascii.bytes(text + "\n")));
        GRPC.put(reason, grpc(reason));
      }
    }
  }

  private static final int MOST_FIELDS = 16;

  private final Head head = new Head();
  private final ByteBuf body;

  /**
   * @param fields each with its line's end
   * @param content its body; one of no bytes is said to be of length 0 where that is allowed
   */
  private LocalAnswer(int status, String fields, byte[] content) {
    this(status, fields, content, status != 204 && status != 304);
  }

  /**
   * @param counted whether the length of the body is said
   */
  private LocalAnswer(int status, String fields, byte[] content, boolean counted) {
    body = Unpooled.unreleasableBuffer(Unpooled.wrappedBuffer(content));
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
    HeadParser.Result parsed = HeadParser.parseResponse(head, Integer.MAX_VALUE, MOST_FIELDS);
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

  /**
   * An answer of a filter.
   *
   * @param type of the body; empty: nothing is said of it
   * @param refusal whether it is said to be an error
   */
  static LocalAnswer ofFilter(int status, String type, byte[] content, boolean refusal) {
    return new LocalAnswer(
        status,
        (refusal ? "fairlead-error: " + ErrorReason.FILTER_REFUSED.wireName() + "\r\n" : "")
            + (type.isEmpty() ? "" : "content-type: " + type + "\r\n"),
        content);
  }

  /**
   * An answer to somebody who signs in or out; nobody may keep it.
   *
   * @param reason that it is said to be an error; null: it is none
   * @param fields each with its line's end
   * @param text what people read
   */
  static LocalAnswer ofSignIn(
      int status, @Nullable ErrorReason reason, String fields, String text) {
    return new LocalAnswer(
        status,
        (reason == null ? "" : "fairlead-error: " + reason.wireName() + "\r\n")
            + fields
            + "content-type: text/plain; charset=utf-8\r\n"
            + "cache-control: no-store\r\nreferrer-policy: no-referrer\r\n",
        Ascii.bytes(text + "\n"));
  }

  /** An answer with that status that the operator wants some clients to get. */
  static LocalAnswer ofFault(int status) {
    String text = status + " " + phrase(status) + ": " + ErrorReason.FAULT_INJECTED.meaning();
    return new LocalAnswer(
        status,
        "fairlead-error: "
            + ErrorReason.FAULT_INJECTED.wireName()
            + "\r\ncontent-type: text/plain; charset=utf-8\r\ncache-control: no-store\r\n",
        Ascii.bytes(text + "\n"));
  }

  /** One without body. */
  static LocalAnswer plain(int status) {
    return of(status, Content.NONE);
  }

  /** What gRPC calls Trailers-Only: the status of the call is all there is. */
  private static LocalAnswer grpc(ErrorReason reason) {
    return new LocalAnswer(
        200,
        "fairlead-error: "
            + reason.wireName()
            + "\r\ncontent-type: application/grpc\r\ngrpc-status: "
            + grpcStatus(reason)
            + "\r\ngrpc-message: "
            + reason.meaning()
            + "\r\n",
        new byte[0],
        false);
  }

  /**
   * A node that does not answer in time may be doing what it was asked all the same. UNAVAILABLE,
   * which the mapping has for 504, says that it may be asked again.
   */
  private static int grpcStatus(ErrorReason reason) {
    return reason == ErrorReason.UPSTREAM_TIMEOUT
        ? 4 // DEADLINE_EXCEEDED
        : grpcStatus(reason.status());
  }

  /** The status of gRPC that stands for one of HTTP, by its http-grpc-status-mapping. */
  static int grpcStatus(int status) {
    return switch (status) {
      case 400 -> 13; // INTERNAL
      case 401 -> 16; // UNAUTHENTICATED
      case 403 -> 7; // PERMISSION_DENIED
      case 404 -> 12; // UNIMPLEMENTED
      case 429, 502, 503, 504 -> 14; // UNAVAILABLE
      default -> 2; // UNKNOWN
    };
  }

  /** Whether that content type is gRPC's with whatever coding, and not that of gRPC-Web. */
  static boolean isGrpc(byte[] bytes, int start, int end) {
    int after = start + GRPC_TYPE.length;
    return end >= after
        && Ascii.equalsIgnoreCase(bytes, start, GRPC_TYPE)
        && (end == after || bytes[after] == '+' || bytes[after] == ';');
  }

  /** In the words of gRPC. */
  static LocalAnswer ofGrpc(ErrorReason reason) {
    LocalAnswer answer = GRPC.get(reason);
    if (answer == null) {
      throw new IllegalStateException("no answer prepared for " + reason);
    }
    return answer;
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
