package io.fairlead.config;

import java.time.Duration;

/**
 * Bounds on what a client may send and how long it may take.
 *
 * @param connections open at once; more are closed on arrival, counted; default 100000
 * @param headerBytes of one request head with its request line, 1 KiB to 1 MiB; default 64 KiB
 * @param targetBytes of the request target alone, at most headerBytes; default 8 KiB
 * @param headers fields in one head, 1 to 1000; default 100
 * @param bodyBytes of one request body; default: no bound
 * @param headerTimeout from the first byte of a head to its end, absolute; default 5 s
 * @param idleTimeout without any byte in either direction of a message body, or between two
 *     requests; default 60 s
 * @param minBodyRate bytes a second that a client has to send or take on average once a body has
 *     taken longer than 10 s, so that a slow body cannot hold a node; 0: no bound; default 100
 */
public record HttpLimits(
    int connections,
    int headerBytes,
    int targetBytes,
    int headers,
    long bodyBytes,
    Duration headerTimeout,
    Duration idleTimeout,
    int minBodyRate) {
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
}
