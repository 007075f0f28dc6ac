package io.fairlead.config;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * How nodes of a service are spoken to by TLS.
 *
 * @param enabled whether they are; if not, everything else is at its default
 * @param verify whether a node must prove who it is: a certificate of a trusted authority, valid
 *     now, for the name asked for
 * @param anyName whether the name in it does not matter: those authorities sign nobody else
 * @param ca files with the authorities that are trusted; empty: those of the system
 * @param sni the name that is asked for and verified; empty: the host of the node's address
 * @param cert file with a certificate that we show to nodes, with its issuers behind it, in PEM
 * @param key file with its private key
 * @param minVersion the oldest version that is spoken
 */
public record ServiceTls(
    boolean enabled,
    boolean verify,
    boolean anyName,
    List<Path> ca,
    String sni,
    Optional<Path> cert,
    Optional<Path> key,
    TlsVersion minVersion) {
  /** Nodes are spoken to in the clear. */
  public static final ServiceTls NONE =
      new ServiceTls(
          false,
          true,
          false,
          List.of(),
          "",
          Optional.empty(),
          Optional.empty(),
          TlsVersion.TLS_1_2);

  /** TLS, and a node must prove who it is to the system's authorities. */
  public static final ServiceTls DEFAULT =
      new ServiceTls(
          true, true, false, List.of(), "", Optional.empty(), Optional.empty(), TlsVersion.TLS_1_2);

  public ServiceTls {
    ca = List.copyOf(ca);
    Require require =
        new Require()
            .that(cert.isPresent() || key.isEmpty(), "key", null, "must not be given without cert")
            .that(key.isPresent() || cert.isEmpty(), "cert", null, "must not be given without key")
            .that(
                verify || ca.isEmpty(),
                List.of("ca"),
                null,
                "must not be given while verify is false",
                List.of(List.of("verify")));
    if (!sni.isEmpty()) {
      require.unless(Syntax.tlsName(sni), List.of("sni"), sni);
    }
    require.orRefuse();
  }
}
