package io.fairlead.config;

/**
 * Bounds on datagrams and the sessions they make.
 *
 * @param sessionsPerClient open at once for one client address, whatever its ports, 1 to 1,000,000;
 *     default 1000
 * @param responses datagrams that a node sends for each of a client's, after which the session
 *     ends; 0: none is waited for; {@link #ANY}: any number, until the session is idle; default
 * @param datagramBytes of one datagram; larger are dropped; 1 to 65507; default 9000, what jumbo
 *     frames carry
 */
public record UdpConfig(int sessionsPerClient, int responses, int datagramBytes) {
  /** Nobody knows how many responses there will be. */
  public static final int ANY = -1;

  static final Range<Integer> SESSIONS_PER_CLIENT = Range.counts(1, 1_000_000);
  static final Range<Integer> RESPONSES = Range.counts(0, 1_000_000);
  static final Range<Integer> DATAGRAM_BYTES = Range.sizes(1, 65_507);

  public static final UdpConfig DEFAULT = new UdpConfig(1000, ANY, 9000);

  public UdpConfig {
    new Require()
        .within(SESSIONS_PER_CLIENT, "sessions-per-client", sessionsPerClient)
        .within(RESPONSES, "responses", Math.max(responses, 0))
        .within(DATAGRAM_BYTES, "datagram-bytes", datagramBytes)
        .orRefuse();
  }
}
