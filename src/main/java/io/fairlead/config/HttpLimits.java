package io.fairlead.config;

import java.time.Duration;
import java.util.List;

/**
 * Bounds on what a client may send and how long it may take.
 *
 * @param connections open at once; more are closed on arrival, counted; 1 to 10,000,000; default
 *     100000
 * @param headerBytes of one request head with its request line, 1 KiB to 1 MiB; default 64 KiB
 * @param targetBytes of the request target alone, 1 to headerBytes; default 8 KiB, or headerBytes
 *     if that is less
 * @param headers fields in one head, 1 to 1000; default 100
 * @param bodyBytes of one request body, from 0; default: no bound
 * @param headerTimeout from the first byte of a head to its end, absolute, 1 ms to 1 h; default 5 s
 * @param idleTimeout without any byte in either direction of a message body, or between two
 *     requests, 1 ms to 24 h; default 60 s; for the relay of TCP without any byte in either
 *     direction, default 10 min as with NGINX
 * @param minBodyRate bytes a second that a client has to send or take on average once a body has
 *     taken longer than 10 s, so that a slow body cannot hold a node; 0: no bound; default 100
 * @param streams requests at once on one connection of HTTP/2, 1 to 10,000; default 100
 * @param streamWindow bytes of one request body that a client of HTTP/2 may have on the way while
 *     its node is slow, 65,535 to 16 MiB; default 256 KiB
 * @param connectionWindow the same for all requests of one connection together, and so the most
 *     that a connection can make us keep, streamWindow to 256 MiB; default 1 MiB
 */
public record HttpLimits(
    int connections,
    int headerBytes,
    int targetBytes,
    int headers,
    long bodyBytes,
    Duration headerTimeout,
    Duration idleTimeout,
    int minBodyRate,
    int streams,
    int streamWindow,
    int connectionWindow) {
  static final Range<Integer> CONNECTIONS = Range.counts(1, 10_000_000);
  static final Range<Integer> HEADER_BYTES = Range.sizes(1024, 1024 * 1024);
  static final Range<Integer> TARGET_BYTES = Range.sizes(1, 1024 * 1024);
  static final Range<Integer> HEADERS = Range.counts(1, 1000);
  static final Range<Long> BODY_BYTES = Range.sizes(0, Long.MAX_VALUE);
  static final Range<Duration> HEADER_TIMEOUT =
      Range.durations(Duration.ofMillis(1), Duration.ofHours(1));
  static final Range<Duration> IDLE_TIMEOUT =
      Range.durations(Duration.ofMillis(1), Duration.ofHours(24));
  static final Range<Integer> MIN_BODY_RATE = Range.sizes(0, Integer.MAX_VALUE);
  static final Range<Integer> STREAMS = Range.counts(1, 10_000);
  static final Range<Integer> STREAM_WINDOW = Range.sizes(65_535, 16 * 1024 * 1024);
  static final Range<Integer> CONNECTION_WINDOW = Range.sizes(65_535, 256 * 1024 * 1024);

  public static final HttpLimits DEFAULT =
      new HttpLimits(
          100_000,
          64 * 1024,
          8 * 1024,
          100,
          Long.MAX_VALUE,
          Duration.ofSeconds(5),
          Duration.ofSeconds(60),
          100);

  /** With the defaults for HTTP/2. */
  public HttpLimits(
      int connections,
      int headerBytes,
      int targetBytes,
      int headers,
      long bodyBytes,
      Duration headerTimeout,
      Duration idleTimeout,
      int minBodyRate) {
    this(
        connections,
        headerBytes,
        targetBytes,
        headers,
        bodyBytes,
        headerTimeout,
        idleTimeout,
        minBodyRate,
        100,
        256 * 1024,
        1024 * 1024);
  }

  /** The same with another time for idleness. */
  public HttpLimits withIdleTimeout(Duration other) {
    return new HttpLimits(
        connections,
        headerBytes,
        targetBytes,
        headers,
        bodyBytes,
        headerTimeout,
        other,
        minBodyRate,
        streams,
        streamWindow,
        connectionWindow);
  }

  public HttpLimits {
    new Require()
        .within(CONNECTIONS, "connections", connections)
        .within(HEADER_BYTES, "header-bytes", headerBytes)
        .within(TARGET_BYTES, "target-bytes", targetBytes)
        .that(
            targetBytes <= headerBytes,
            List.of("target-bytes"),
            Units.size(targetBytes),
            "must not exceed header-bytes " + Units.size(headerBytes),
            List.of(List.of("header-bytes")))
        .within(HEADERS, "headers", headers)
        .within(BODY_BYTES, "body-bytes", bodyBytes)
        .within(HEADER_TIMEOUT, "header-timeout", headerTimeout)
        .within(IDLE_TIMEOUT, "idle-timeout", idleTimeout)
        .within(MIN_BODY_RATE, "min-body-rate", minBodyRate)
        .within(STREAMS, "streams", streams)
        .within(STREAM_WINDOW, "stream-window", streamWindow)
        .within(CONNECTION_WINDOW, "connection-window", connectionWindow)
        .that(
            streamWindow <= connectionWindow,
            List.of("stream-window"),
            Units.size(streamWindow),
            "must not exceed connection-window " + Units.size(connectionWindow),
            List.of(List.of("connection-window")))
        .orRefuse();
  }
}
