package io.fairlead.config;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * How a listener speaks TLS.
 *
 * @param certificates the first is the default for names that none has. Empty, and no acme: the
 *     listener does not speak TLS, and everything else is at its default
 * @param acme one that Fairlead orders itself, behind those
 * @param strictSni a client that asks for no name, or for one that no certificate has, is refused
 * @param minVersion the oldest version that is spoken
 * @param ciphers suites of TLS 1.2 by their standard names, in order of preference; empty: {@link
 *     #DEFAULT_CIPHERS}. Those of TLS 1.3 are not chosen
 * @param clientCa files with authorities that client certificates must come from
 * @param clientAuth whether clients are asked for a certificate
 * @param forwardClientCert what nodes are told about a client's certificate
 * @param tickets resuming of sessions
 * @param handshakeTimeout from the connection to the end of the handshake, 100 ms to 1 m; default
 *     10 s
 * @param handshakes how many
 */
public record ListenerTls(
    List<CertificateConfig> certificates,
    Optional<AcmeConfig> acme,
    boolean strictSni,
    TlsVersion minVersion,
    List<String> ciphers,
    List<Path> clientCa,
    ClientAuth clientAuth,
    ForwardClientCert forwardClientCert,
    Tickets tickets,
    Duration handshakeTimeout,
    Handshakes handshakes) {
  static final Range<Duration> HANDSHAKE_TIMEOUT =
      Range.durations(Duration.ofMillis(100), Duration.ofMinutes(1));
  static final Duration DEFAULT_HANDSHAKE_TIMEOUT = Duration.ofSeconds(10);

  /** Suites of TLS 1.2 that keep past sessions secret and detect changes, all that we speak. */
  public static final List<String> DEFAULT_CIPHERS =
      List.of(
          "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
          "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
          "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
          "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
          "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256",
          "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256");

  /** Certificates of one listener. */
  static final int MAX_CERTIFICATES = 10_000;

  /** A listener without TLS. */
  public static final ListenerTls NONE =
      new ListenerTls(
          List.of(),
          Optional.empty(),
          false,
          TlsVersion.TLS_1_2,
          List.of(),
          List.of(),
          ClientAuth.NONE,
          ForwardClientCert.NONE,
          Tickets.DEFAULT,
          DEFAULT_HANDSHAKE_TIMEOUT,
          Handshakes.DEFAULT);

  public ListenerTls {
    certificates = List.copyOf(certificates);
    ciphers = List.copyOf(ciphers);
    clientCa = List.copyOf(clientCa);
    new Require()
        .that(
            certificates.size() <= MAX_CERTIFICATES + 1, // one that was ordered
            "certificates",
            certificates.size(),
            "must be at most " + MAX_CERTIFICATES)
        .that(
            clientAuth == ClientAuth.NONE || !clientCa.isEmpty(),
            List.of("client-auth"),
            clientAuth,
            "needs client-ca",
            List.of(List.of("client-ca")))
        .that(
            clientAuth != ClientAuth.NONE || clientCa.isEmpty(),
            List.of("client-ca"),
            null,
            "must not be given while client-auth is none",
            List.of(List.of("client-auth")))
        .that(
            forwardClientCert == ForwardClientCert.NONE || clientAuth != ClientAuth.NONE,
            List.of("forward-client-cert"),
            forwardClientCert,
            "needs client-auth",
            List.of(List.of("client-auth")))
        .that(
            ciphers.isEmpty() || minVersion == TlsVersion.TLS_1_2,
            List.of("ciphers"),
            null,
            "must not be given when min-version is 1.3, which does not choose them",
            List.of(List.of("min-version")))
        .within(HANDSHAKE_TIMEOUT, "handshake-timeout", handshakeTimeout)
        .orRefuse();
  }

  /** Whether the listener speaks TLS. */
  public boolean isOn() {
    return !certificates.isEmpty() || acme.isPresent();
  }

  /** The same with one more certificate behind the others. */
  public ListenerTls with(CertificateConfig more) {
    List<CertificateConfig> all = new ArrayList<>(certificates);
    all.add(more);
    return new ListenerTls(
        all,
        acme,
        strictSni,
        minVersion,
        ciphers,
        clientCa,
        clientAuth,
        forwardClientCert,
        tickets,
        handshakeTimeout,
        handshakes);
  }

  /** Whether clients are asked for a certificate. */
  public enum ClientAuth {
    NONE,
    /** Asked; one that is shown must be good, but none need be. */
    REQUEST,
    /** No handshake ends well without one. */
    REQUIRE
  }

  /** What nodes are told about a client's certificate, in X-Forwarded-Client-Cert. */
  public enum ForwardClientCert {
    NONE,
    /** Hash, Subject, URI and DNS. */
    DETAILS,
    /** These, and Cert with the certificate itself. */
    CERTIFICATE
  }

  /**
   * Session tickets (RFC 5077; RFC 8446, 4.6.1).
   *
   * @param enabled whether sessions can be resumed
   * @param rotate how long a key is used for new tickets, 1 m to 24 h; default 8 h
   * @param keep how many keys before it are still accepted, 0 to 10; default 2
   */
  public record Tickets(boolean enabled, Duration rotate, int keep) {
    static final Range<Duration> ROTATE =
        Range.durations(Duration.ofMinutes(1), Duration.ofHours(24));
    static final Range<Integer> KEEP = Range.counts(0, 10);

    public static final Tickets DEFAULT = new Tickets(true, Duration.ofHours(8), 2);

    /** Every connection makes a whole handshake. */
    static final Tickets OFF = new Tickets(false, DEFAULT.rotate, DEFAULT.keep);

    public Tickets {
      new Require().within(ROTATE, "rotate", rotate).within(KEEP, "keep", keep).orRefuse();
    }
  }

  /**
   * Bounds on handshakes of one listener; a client beyond them is closed and counted.
   *
   * @param atOnce going on at once, 1 to 1,000,000; default 5000
   * @param rate begun per second, over all event loops, 1 to 1,000,000; default 1,000,000: no bound
   */
  public record Handshakes(int atOnce, int rate) {
    static final Range<Integer> AT_ONCE = Range.counts(1, 1_000_000);
    static final Range<Integer> RATE = Range.counts(1, 1_000_000);

    public static final Handshakes DEFAULT = new Handshakes(5_000, 1_000_000);

    public Handshakes {
      new Require().within(AT_ONCE, "at-once", atOnce).within(RATE, "rate", rate).orRefuse();
    }
  }
}
