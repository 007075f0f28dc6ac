package io.fairlead.config;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * A certificate that Fairlead orders itself from an authority that speaks ACME (RFC 8555).
 *
 * @param domains names in the certificate, in small letters; 1 to {@value #MAX_DOMAINS}, which is
 *     what Let's Encrypt takes
 * @param directory URL where the authority says what it offers
 * @param contact mail addresses of whom the authority may write to; at most {@value #MAX_CONTACTS}
 * @param challenge how it is shown that the names are ours
 * @param ca files with authorities that vouch for the directory itself; empty: those of the system
 * @param renewBefore time before the end at which it is renewed, 1 m to 8760 h; empty: a third of
 *     its life
 */
public record AcmeConfig(
    List<String> domains,
    String directory,
    List<String> contact,
    Challenge challenge,
    List<Path> ca,
    Optional<Duration> renewBefore) {
  static final int MAX_DOMAINS = 100;
  static final int MAX_CONTACTS = 10;
  public static final String LETS_ENCRYPT = "https://acme-v02.api.letsencrypt.org/directory";
  static final Range<Duration> RENEW_BEFORE =
      Range.durations(Duration.ofMinutes(1), Duration.ofDays(365));

  /** Longest part of a file's name that comes from a name of the DNS. */
  private static final int MAX_LABEL = 60;

  /** How the authority sees that the names are ours. */
  public enum Challenge {
    /** It asks for a file over HTTP on port 80 (RFC 8555, 8.3). */
    HTTP_01,
    /** It makes a handshake on port 443 (RFC 8737). */
    TLS_ALPN_01,
    /** It asks our name server for a text (RFC 8555, 8.4). */
    DNS_01
  }

  public AcmeConfig {
    domains = List.copyOf(domains);
    contact = List.copyOf(contact);
    ca = List.copyOf(ca);
    Require require =
        new Require()
            .that(
                !domains.isEmpty() && domains.size() <= MAX_DOMAINS,
                "domains",
                domains.size(),
                "must be 1 to " + MAX_DOMAINS + " names")
            .that(
                new TreeSet<>(domains).size() == domains.size(),
                "domains",
                null,
                "must not name one twice")
            .that(
                contact.size() <= MAX_CONTACTS,
                "contact",
                contact.size(),
                "must be at most " + MAX_CONTACTS + " addresses")
            .unless(url(directory), List.of("directory"), directory);
    for (int i = 0; i < domains.size(); i++) {
      require.that(
          challenge == Challenge.DNS_01 || !isWildcard(domains.get(i)),
          List.of("domains", "[" + i + "]"),
          domains.get(i),
          "must not be a wildcard: only dns-01 can prove one",
          List.of(List.of("challenge")));
    }
    renewBefore.ifPresent(time -> require.within(RENEW_BEFORE, "renew-before", time));
    require.orRefuse();
  }

  static String normal(String name) {
    return DnsName.normal(name);
  }

  /** What is wrong with a name that is to be in a certificate; null: nothing. */
  static @Nullable String domain(String name) {
    String base = base(name);
    return base.contains(".") && !Syntax.isIpv4(base) ? DnsName.absolute(base) : notAName();
  }

  private static boolean isWildcard(String name) {
    return name.startsWith("*.");
  }

  /** Without the star: what is proven. */
  static String base(String name) {
    return isWildcard(name) ? name.substring(2) : name;
  }

  private static String notAName() {
    return "must be a name of the DNS with a dot in it, such as shop.example";
  }

  static @Nullable String url(String text) {
    return text.startsWith("https://")
        ? OutboundKeys.base(text, LETS_ENCRYPT)
        : "must be a URL that begins with https://";
  }

  static @Nullable String mail(String text) {
    return text.matches("[!-~&&[^@,?&]]{1,64}@[A-Za-z0-9.-]{1,253}")
        ? null
        : "must be a mail address such as ops@shop.example";
  }

  /**
   * What this certificate is called in files, events and metrics: its first name, and a mark of all
   * of them and of whom they are ordered from. Who writes the same gets the same certificate.
   */
  public String id() {
    String first = domains.getFirst().replace('*', '_');
    String all = directory + " " + String.join(" ", new TreeSet<>(domains));
    return (first.length() > MAX_LABEL ? first.substring(0, MAX_LABEL) : first) + "-" + mark(all);
  }

  /** What the account at that directory is called in files. */
  public String accountId() {
    return "account-" + mark(directory);
  }

  private static String mark(String text) {
    try {
      byte[] digest =
          MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8));
      return HexFormat.of().formatHex(digest, 0, 4);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK has SHA-256", e);
    }
  }

  /** As it is written in the configuration and in the protocol. */
  public String challengeWord() {
    return challenge.name().toLowerCase(Locale.ROOT).replace('_', '-');
  }
}
