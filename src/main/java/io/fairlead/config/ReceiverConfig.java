package io.fairlead.config;

import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Somebody who is told of alerts. */
public sealed interface ReceiverConfig {
  /** {@code webhook}, {@code email} or {@code alertmanager}. */
  String kind();

  /** Where it is, without what could be secret. */
  String place();

  /**
   * Gets messages as JSON by POST.
   *
   * @param url where; chat systems put a secret into it
   * @param headers further fields
   * @param ca files with the authorities that are trusted; empty: those of the system
   */
  record Webhook(Secret url, Map<String, Secret> headers, List<Path> ca) implements ReceiverConfig {
    public Webhook {
      headers = checked(url, headers);
      ca = List.copyOf(ca);
    }

    @Override
    public String kind() {
      return "webhook";
    }

    @Override
    public String place() {
      return hostOf(url);
    }
  }

  /**
   * Prometheus Alertmanager: gets every alert with its labels, and groups for itself.
   *
   * @param url up to {@code /api/v2/alerts}, which is added
   * @param headers further fields
   * @param ca files with the authorities that are trusted; empty: those of the system
   */
  record Alertmanager(Secret url, Map<String, Secret> headers, List<Path> ca)
      implements ReceiverConfig {
    public Alertmanager {
      headers = checked(url, headers);
      ca = List.copyOf(ca);
    }

    /** What alerts are posted to. */
    public Secret alertsUrl() {
      String base = url.value();
      return new Secret(
          (base.endsWith("/") ? base.substring(0, base.length() - 1) : base) + "/api/v2/alerts");
    }

    @Override
    public String kind() {
      return "alertmanager";
    }

    @Override
    public String place() {
      return hostOf(url);
    }
  }

  /**
   * Gets mail.
   *
   * @param to addresses
   * @param from address of the sender
   * @param smtp server that takes it
   * @param tls how the connection is protected
   * @param user who logs in; empty: nobody
   * @param password of that user
   * @param ca files with the authorities that are trusted; empty: those of the system
   */
  record Email(
      List<String> to,
      String from,
      HostPort smtp,
      MailTls tls,
      String user,
      Secret password,
      List<Path> ca)
      implements ReceiverConfig {
    private static final int MAX_ADDRESSES = 50;
    private static final Pattern ADDRESS =
        Pattern.compile("[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}@[A-Za-z0-9.-]{1,253}");

    public Email {
      to = List.copyOf(to);
      ca = List.copyOf(ca);
      new Require()
          .that(
              !to.isEmpty() && to.size() <= MAX_ADDRESSES,
              "to",
              to.size() + " addresses",
              "must have 1 to " + MAX_ADDRESSES + " addresses")
          .that(
              user.isEmpty() == password.value().isEmpty(),
              user.isEmpty() ? "password" : "user",
              null,
              user.isEmpty()
                  ? "must not be given without user"
                  : "must not be given without password")
          .that(
              user.isEmpty() || tls != MailTls.NONE || Syntax.isLoopback(smtp.host()),
              List.of("user"),
              null,
              "must not be given while tls is none: the password would be readable on the way",
              List.of(List.of("tls"), List.of("smtp")))
          .that(
              ca.isEmpty() || tls != MailTls.NONE,
              List.of("ca"),
              null,
              "must not be given while tls is none",
              List.of(List.of("tls")))
          .that(
              (user + password.value()).chars().allMatch(c -> c >= ' ') && user.length() <= 256,
              "user",
              null,
              "must be at most 256 characters without control characters, and so must password")
          .orRefuse();
    }

    @Override
    public String kind() {
      return "email";
    }

    @Override
    public String place() {
      return String.join(", ", to);
    }

    static @Nullable String address(String text) {
      return ADDRESS.matcher(text).matches() ? null : "must be an address such as ops@example.org";
    }
  }

  /** How a connection to a mail server is protected. */
  enum MailTls {
    /** Begins in the clear and must become TLS before anything is said (RFC 3207). */
    STARTTLS,
    /** TLS from the first byte (RFC 8314). */
    TLS,
    NONE
  }

  private static Map<String, Secret> checked(Secret url, Map<String, Secret> headers) {
    Require require = new Require().unless(url(url.value()), List.of("url"), "(secret)");
    headers.forEach((name, value) ->
        require.that(
            Syntax.headerValue(value.value()) == null,
            List.of("headers", name),
            null,
            "must be 1 to 4096 characters without line breaks and without spaces at its ends",
            List.of()));
    require.orRefuse();
    return Collections.unmodifiableMap(new LinkedHashMap<>(headers));
  }

  static @Nullable String url(String text) {
    try {
      URI uri = new URI(text);
      boolean http = "https".equals(uri.getScheme()) || "http".equals(uri.getScheme());
      return http && uri.getHost() != null && uri.getUserInfo() == null && text.length() <= 2048
          ? null
          : "must be a URL such as https://hooks.example/alerts, without a user";
    } catch (URISyntaxException _) {
      return "must be a URL such as https://hooks.example/alerts";
    }
  }

  private static String hostOf(Secret url) {
    String host = URI.create(url.value()).getHost();
    return host == null ? "" : host;
  }
}
