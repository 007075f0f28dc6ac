package io.fairlead.config;

import io.fairlead.config.AcmeConfig.Challenge;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/** What an operator can write about certificates that are ordered; a part of {@link Language}. */
final class AcmeLanguage {
  private static final Key<List<String>> DOMAINS =
      Key.required(
          "domains",
          new ListOf<>(
              "domains",
              Scalar.text("domain", DnsName.PATTERN, AcmeConfig::normal, AcmeConfig::domain)),
          "Names in the certificate; with `dns-01` also wildcards such as `*.shop.example`. Listeners"
              + " that write the same share it.",
          "[shop.example, www.shop.example]");
  private static final Key<String> DIRECTORY =
      Key.of(
          "directory",
          Scalar.text("URL", null, AcmeConfig::url),
          AcmeConfig.LETS_ENCRYPT,
          "Where the authority says what it offers; the default is Let's Encrypt.",
          "https://acme-staging-v02.api.letsencrypt.org/directory");
  private static final Key<List<String>> CONTACT =
      Key.of(
          "contact",
          new ListOf<>("mail addresses", Scalar.text("mail address", null, AcmeConfig::mail)),
          List.of(),
          "none",
          "Whom the authority may write to.",
          "ops@shop.example");
  private static final Key<Challenge> CHALLENGE =
      Key.of(
          "challenge",
          Scalar.word(Challenge.class),
          Challenge.HTTP_01,
          "How it is shown that the names are ours: `http-01` by our listeners of HTTP, which the"
              + " authority asks on port 80; `tls-alpn-01` by our listeners with TLS, which it asks"
              + " on port 443; `dns-01` by our [names](dns.md), of whose zones the names have to be:"
              + " the only way for a wildcard.",
          "tls-alpn-01");
  private static final Key<Boolean> AGREE =
      Key.required(
          "agree-to-terms",
          Scalar.flag(),
          "Must be `true`: the authority issues only to those who agree to its terms of service.",
          "true");
  private static final Key<List<Path>> CA =
      Key.of(
          "ca",
          new ListOf<>("paths", Scalar.path("path")),
          List.of(),
          "those of the system",
          "Files with the authorities that vouch for the directory itself, in PEM.",
          "private-ca.pem");
  private static final Key<Duration> RENEW_BEFORE =
      Key.computed(
          "renew-before",
          Scalar.duration(AcmeConfig.RENEW_BEFORE),
          "a third of its life",
          "Time before its end at which it is renewed; at the earliest when a tenth of its life is"
              + " over.",
          "720h");

  static final Obj<AcmeConfig> ACME =
      new Obj<>(
          "acme",
          "A certificate that Fairlead orders and renews itself (RFC 8555). It is kept in the"
              + " folder `data`.",
          List.of(DOMAINS, DIRECTORY, CONTACT, CHALLENGE, AGREE, CA, RENEW_BEFORE),
          List.of(),
          null,
          (values, _) -> {
            List<Path> ca = values.get(CA);
            new Require()
                .that(
                    values.get(AGREE),
                    "agree-to-terms",
                    values.get(AGREE),
                    "must be true: the authority issues only to those who agree to its terms")
                .orRefuse();
            TlsLanguage.readAuthorities("ca", ca);
            return new AcmeConfig(
                values.get(DOMAINS),
                values.get(DIRECTORY),
                values.get(CONTACT),
                values.get(CHALLENGE),
                ca,
                Optional.ofNullable(values.find(RENEW_BEFORE)));
          });

  private AcmeLanguage() {}
}
