package io.fairlead.demo;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Collectors;

/**
 * Answers that break RFC 9112 in one way each; a proxy must turn every one into a 502 and never use
 * the connection again.
 *
 * <p>The node keeps the connection open afterwards, so that a second request on it is seen and
 * counted.
 */
public enum BadFraming {
  /** Content-Length beside Transfer-Encoding. */
  LENGTH_AND_CHUNKED(
      "content-length: 5\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"),
  /** Two Content-Length fields that differ. */
  TWO_LENGTHS("content-length: 5\r\ncontent-length: 6\r\n\r\nhello!"),
  /** More bytes than announced; the surplus looks like an answer to the next request. */
  SHORT_LENGTH(
      "content-length: 5\r\n\r\nhelloHTTP/1.1 200 OK\r\nx-node: surplus\r\ncontent-length: 7\r\n\r\nsurplus"),
  /** Fewer bytes than announced; the rest never comes. */
  LONG_LENGTH("content-length: 50\r\n\r\nhello"),
  /** A Content-Length below zero. */
  NEGATIVE_LENGTH("content-length: -5\r\n\r\nhello"),
  /** A Content-Length with a sign. */
  PLUS_LENGTH("content-length: +5\r\n\r\nhello"),
  /** A Content-Length beyond 2^64. */
  HUGE_LENGTH("content-length: 18446744073709551621\r\n\r\nhello"),
  /** {@code chunked} twice. */
  CHUNKED_TWICE("transfer-encoding: chunked, chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"),
  /** {@code chunked} is not the last coding. */
  CHUNKED_NOT_LAST("transfer-encoding: chunked, identity\r\n\r\n5\r\nhello\r\n0\r\n\r\n"),
  /** A chunk size that is not hexadecimal. */
  BAD_CHUNK_SIZE("transfer-encoding: chunked\r\n\r\n0x5\r\nhello\r\n0\r\n\r\n"),
  /** A chunk size beyond 2^64. */
  HUGE_CHUNK_SIZE("transfer-encoding: chunked\r\n\r\n10000000000000005\r\nhello\r\n0\r\n\r\n"),
  /** A field value continued on the next line. */
  OBS_FOLD("x-folded: one\r\n two\r\ncontent-length: 5\r\n\r\nhello"),
  /** Lines that end in LF alone. */
  BARE_LF("HTTP/1.1 200 OK\nx-node: {node}\ncontent-length: 5\n\nhello"),
  /** CR inside a field value. */
  BARE_CR("x-odd: one\rtwo\r\ncontent-length: 5\r\n\r\nhello"),
  /** NUL inside a field value. */
  NUL_IN_VALUE("x-odd: one\0two\r\ncontent-length: 5\r\n\r\nhello"),
  /** A space between field name and colon. */
  SPACE_BEFORE_COLON("content-length : 5\r\n\r\nhello"),
  /** A line that is no field. */
  NO_COLON("no colon here\r\ncontent-length: 5\r\n\r\nhello"),
  /** A status code of two digits. */
  STATUS_99("HTTP/1.1 99 Low\r\nx-node: {node}\r\ncontent-length: 5\r\n\r\nhello"),
  /** A status code of four digits. */
  STATUS_1000("HTTP/1.1 1000 High\r\nx-node: {node}\r\ncontent-length: 5\r\n\r\nhello"),
  /** A version that HTTP/1.1 cannot be answered with. */
  BAD_VERSION("HTTP/3.0 200 OK\r\nx-node: {node}\r\ncontent-length: 5\r\n\r\nhello"),
  /** 10,000 interim answers before the final one. */
  EARLY_FLOOD(
      "HTTP/1.1 103 Early Hints\r\nlink: </style.css>; rel=preload\r\n\r\n".repeat(10_000)
          + "HTTP/1.1 200 OK\r\nx-node: {node}\r\ncontent-length: 5\r\n\r\nhello");

  private final String text;

  BadFraming(String text) {
    this.text = text.startsWith("HTTP/") ? text : "HTTP/1.1 200 OK\r\nx-node: {node}\r\n" + text;
  }

  /** The name in queries and in the control document, e.g. {@code two-lengths}. */
  public String key() {
    return name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  /** The variant of this {@link #key}; the refusal lists all of them. */
  public static BadFraming of(String key) {
    return Arrays.stream(values())
        .filter(variant -> variant.key().equals(key))
        .findFirst()
        .orElseThrow(() ->
            new IllegalArgumentException(
                Arrays.stream(values())
                    .map(BadFraming::key)
                    .collect(
                        Collectors.joining(
                            ", ", "bad-framing: must be one of ", " (was " + key + ")"))));
  }

  /** All bytes of the answer. */
  byte[] answer(String node) {
    return text.replace("{node}", node).getBytes(StandardCharsets.ISO_8859_1);
  }
}
