package io.fairlead.config;

import io.fairlead.config.ListenerTls.ClientAuth;
import io.fairlead.config.ListenerTls.ForwardClientCert;
import io.fairlead.config.ListenerTls.Handshakes;
import io.fairlead.config.ListenerTls.Tickets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/** What an operator can write about TLS; a part of {@link Language}. */
final class TlsLanguage {
  private static final Scalar<TlsVersion> VERSION =
      Scalar.words("version", List.of(TlsVersion.values()), TlsVersion::toString);

  private static final Key<Path> CERT =
      Key.required(
          "cert",
          Scalar.path("path"),
          "The certificate and behind it its issuers in order, in PEM.",
          "shop.pem");
  private static final Key<Path> KEY =
      Key.required(
          "key", Scalar.path("path"), "Its private key in PEM, without a password.", "shop.key");
  private static final Key<Path> OCSP =
      Key.computed(
          "ocsp",
          Scalar.path("path"),
          "none",
          "An OCSP response in DER to staple to it. Whoever renews the file fetches it.",
          "shop.ocsp");

  static final Obj<CertificateConfig> CERTIFICATE =
      new Obj<>(
          "certificate",
          "A certificate that a listener shows, for the names in it (DNS names of its subject"
              + " alternative names, or its common name if it has none). Files are read again when"
              + " they change.",
          List.of(CERT, KEY, OCSP),
          List.of(),
          null,
          (values, _) -> {
            CertificateConfig config =
                new CertificateConfig(
                    values.get(CERT), values.get(KEY), Optional.ofNullable(values.find(OCSP)));
            TlsFiles.Identity _ = TlsFiles.read(config.cert(), config.key(), config.ocsp());
            return config;
          });

  private static final Key<Duration> ROTATE =
      Key.of(
          "rotate",
          Scalar.duration(Tickets.ROTATE),
          Tickets.DEFAULT.rotate(),
          "How long a key is used for new tickets. Keys are never written anywhere.",
          "4h");
  private static final Key<Integer> KEEP =
      Key.of(
          "keep",
          Scalar.count(Tickets.KEEP),
          Tickets.DEFAULT.keep(),
          "How many keys before it are still accepted.",
          "2");

  static final Obj<Tickets> TICKETS =
      new Obj<>(
          "tickets",
          "Session tickets, by which clients come back without a whole handshake. `off`: none.",
          List.of(ROTATE, KEEP),
          List.of(),
          new Obj.ShortForm<>(Scalar.words("word", List.of("off"), s -> s), (_, _) -> Tickets.OFF),
          (values, _) -> new Tickets(true, values.get(ROTATE), values.get(KEEP)));

  private static final Key<Integer> AT_ONCE =
      Key.of(
          "at-once",
          Scalar.count(Handshakes.AT_ONCE),
          Handshakes.DEFAULT.atOnce(),
          "Going on at once, from a complete ClientHello on.",
          "1000");
  private static final Key<Integer> RATE =
      Key.of(
          "rate",
          Scalar.count(Handshakes.RATE),
          Handshakes.DEFAULT.rate(),
          "Begun per second, over all event loops.",
          "2000");

  static final Obj<Handshakes> HANDSHAKES =
      new Obj<>(
          "handshakes",
          "Bounds on handshakes of one listener; a client beyond them is closed and counted.",
          List.of(AT_ONCE, RATE),
          List.of(),
          null,
          (values, _) -> new Handshakes(values.get(AT_ONCE), values.get(RATE)));

  private static final Key<List<CertificateConfig>> CERTIFICATES =
      Key.of(
          "certificates",
          new ListOf<>("certificates", CERTIFICATE),
          List.of(),
          "none, which needs acme",
          "Which certificate a client sees follows from the name it asks for; of several for one"
              + " name it gets ECDSA if it can, else RSA. The first is the default.",
          "[ { cert: shop.pem, key: shop.key } ]");
  private static final Key<AcmeConfig> ACME =
      Key.computed(
          "acme",
          AcmeLanguage.ACME,
          "none",
          "A certificate that Fairlead orders itself, behind those of `certificates` or alone.",
          "{ domains: shop.example, agree-to-terms: true }");
  private static final Key<Boolean> STRICT_SNI =
      Key.of(
          "strict-sni",
          Scalar.flag(),
          false,
          "Refuse clients that ask for no name, or for one that no certificate has, instead of"
              + " showing the default.",
          "true");
  private static final Key<TlsVersion> MIN_VERSION =
      Key.of("min-version", VERSION, TlsVersion.TLS_1_2, "The oldest TLS spoken.", "\"1.3\"");
  private static final Key<List<String>> CIPHERS =
      Key.of(
          "ciphers",
          new ListOf<>(
              "cipher suites", Scalar.words("cipher suite", ListenerTls.DEFAULT_CIPHERS, s -> s)),
          List.of(),
          "all of them",
          "Cipher suites of TLS 1.2 in order of preference; those of TLS 1.3 are not chosen.",
          "[TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256]");
  private static final Key<List<Path>> CLIENT_CA =
      Key.of(
          "client-ca",
          new ListOf<>("paths", Scalar.path("path")),
          List.of(),
          "none",
          "Files with the authorities that client certificates must come from, in PEM.",
          "clients-ca.pem");
  private static final Key<ClientAuth> CLIENT_AUTH =
      Key.computed(
          "client-auth",
          Scalar.word(ClientAuth.class),
          "`require` with client-ca, else `none`",
          "`require`: no connection without a good certificate; `request`: one that is shown must"
              + " be good.",
          "request");
  private static final Key<ForwardClientCert> FORWARD_CLIENT_CERT =
      Key.of(
          "forward-client-cert",
          Scalar.word(ForwardClientCert.class),
          ForwardClientCert.NONE,
          "What nodes are told in `X-Forwarded-Client-Cert`: `details` (Hash, Subject, URI, DNS) or"
              + " `certificate` (also Cert). What clients send under that name is dropped.",
          "details");
  private static final Key<Tickets> LISTENER_TICKETS =
      Key.of(
          "tickets",
          TICKETS,
          Tickets.DEFAULT,
          "see below",
          "Resuming of sessions.",
          "{ rotate: 4h, keep: 2 }");
  private static final Key<Duration> HANDSHAKE_TIMEOUT =
      Key.of(
          "handshake-timeout",
          Scalar.duration(ListenerTls.HANDSHAKE_TIMEOUT),
          ListenerTls.DEFAULT_HANDSHAKE_TIMEOUT,
          "From the connection to the end of the handshake.",
          "5s");
  private static final Key<Handshakes> LISTENER_HANDSHAKES =
      Key.of(
          "handshakes",
          HANDSHAKES,
          Handshakes.DEFAULT,
          "see below",
          "How many.",
          "{ at-once: 1000, rate: 2000 }");

  static final Obj<ListenerTls> LISTENER =
      new Obj<>(
          "listener-tls",
          "TLS 1.2 and 1.3 towards clients. Without renegotiation, compression and early data.",
          List.of(
              CERTIFICATES,
              ACME,
              STRICT_SNI,
              MIN_VERSION,
              CIPHERS,
              CLIENT_CA,
              CLIENT_AUTH,
              FORWARD_CLIENT_CERT,
              LISTENER_TICKETS,
              HANDSHAKE_TIMEOUT,
              LISTENER_HANDSHAKES),
          List.of(),
          null,
          (values, _) -> {
            List<CertificateConfig> certificates = values.get(CERTIFICATES);
            List<Path> ca = values.get(CLIENT_CA);
            ClientAuth auth = values.find(CLIENT_AUTH);
            AcmeConfig acme = values.find(ACME);
            new Require()
                .that(
                    !certificates.isEmpty() || values.isSaid(ACME),
                    "certificates",
                    null,
                    "must have at least one, unless acme orders one")
                .orRefuse();
            readAuthorities("client-ca", ca);
            return new ListenerTls(
                certificates,
                Optional.ofNullable(acme),
                values.get(STRICT_SNI),
                values.get(MIN_VERSION),
                values.get(CIPHERS),
                ca,
                auth != null ? auth : ca.isEmpty() ? ClientAuth.NONE : ClientAuth.REQUIRE,
                values.get(FORWARD_CLIENT_CERT),
                values.get(LISTENER_TICKETS),
                values.get(HANDSHAKE_TIMEOUT),
                values.get(LISTENER_HANDSHAKES));
          });

  // services

  private static final Key<Boolean> VERIFY =
      Key.of(
          "verify",
          Scalar.flag(),
          true,
          "A node must show a certificate of a trusted authority, valid now, for the name asked"
              + " for; an address must be among its IP addresses. `false` hides who answers.",
          "true");
  private static final Key<List<Path>> CA =
      Key.of(
          "ca",
          new ListOf<>("paths", Scalar.path("path")),
          List.of(),
          "those of the system",
          "Files with the authorities that are trusted, in PEM.",
          "nodes-ca.pem");
  private static final Key<String> SNI =
      Key.computed(
          "sni",
          Scalar.text("host", null, Syntax::tlsName),
          "the host of the node's address",
          "The name that is asked for and verified.",
          "shop.internal");
  private static final Key<Path> NODE_CERT =
      Key.computed(
          "cert",
          Scalar.path("path"),
          "none",
          "A certificate that nodes ask for, its issuers behind it, in PEM.",
          "fairlead.pem");
  private static final Key<Path> NODE_KEY =
      Key.computed("key", Scalar.path("path"), "none", "Its private key in PEM.", "fairlead.key");

  static final Obj<ServiceTls> SERVICE =
      new Obj<>(
          "service-tls",
          "TLS towards nodes, for requests and for health probes. `true`: with the defaults.",
          List.of(VERIFY, CA, SNI, NODE_CERT, NODE_KEY, MIN_VERSION),
          List.of(),
          new Obj.ShortForm<>(Scalar.flag(), (on, _) -> on ? ServiceTls.DEFAULT : ServiceTls.NONE),
          (values, _) -> {
            ServiceTls config =
                new ServiceTls(
                    true,
                    values.get(VERIFY),
                    false,
                    values.get(CA),
                    values.find(SNI) == null ? "" : values.get(SNI),
                    Optional.ofNullable(values.find(NODE_CERT)),
                    Optional.ofNullable(values.find(NODE_KEY)),
                    values.get(MIN_VERSION));
            readAuthorities("ca", config.ca());
            if (config.cert().isPresent() && config.key().isPresent()) {
              TlsFiles.Identity _ =
                  TlsFiles.read(config.cert().get(), config.key().get(), Optional.empty());
            }
            return config;
          });

  private TlsLanguage() {}

  /** Reads them, to see whether they can be. */
  static void readAuthorities(String key, List<Path> files) {
    Require require = new Require();
    for (int i = 0; i < files.size(); i++) {
      try {
        Pem.certificates(files.get(i));
      } catch (InvalidConfigException e) {
        require.that(
            false,
            List.of(key, "[" + i + "]"),
            files.get(i),
            e.violations().getFirst().rule(),
            List.of());
      }
    }
    require.orRefuse();
  }
}
