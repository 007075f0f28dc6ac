package io.fairlead.trust;

import java.io.EOFException;
import java.io.IOException;
import java.nio.channels.ClosedChannelException;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.net.ssl.SSLException;

/**
 * What became of TLS with a node, in plain words, from what the library says: BoringSSL's and the
 * JDK's words differ, ours do not.
 *
 * @param reason for people
 * @param wrong the node, as it is, will do: it is not trusted, or does not speak TLS; what else
 *     goes wrong may be a matter of the moment
 */
public record TlsFailure(String reason, boolean wrong) {
  /** The handshake took longer than a connection may take. */
  public static final TlsFailure LATE = new TlsFailure("no TLS handshake in time", false);

  /** ALPN did not choose HTTP/2. */
  public static final TlsFailure NOT_HTTP2 =
      new TlsFailure("the node does not choose HTTP/2 (ALPN)", false);

  private static final TlsFailure CLOSED =
      new TlsFailure("connection closed in the TLS handshake", false);
  private static final TlsFailure NOT_TLS = new TlsFailure("the node does not speak TLS", true);
  private static final TlsFailure VERSION =
      new TlsFailure("the node speaks no version of TLS that is allowed", false);

  private static final Pattern ALERT =
      Pattern.compile("(?:SSLV3_ALERT|TLSV1_ALERT|TLSV1)_([A-Z_]+)|fatal alert: ([a-z_]+)");

  private static final Set<String> REFUSALS =
      Set.of(
          "handshake failure",
          "bad certificate",
          "unsupported certificate",
          "certificate revoked",
          "certificate expired",
          "certificate unknown",
          "certificate required",
          "unknown ca",
          "access denied",
          "decrypt error");

  private static final int MAX_QUOTED = 200;

  /** What a failed handshake means. */
  public static TlsFailure of(Throwable cause) {
    StringBuilder all = new StringBuilder();
    boolean gone = false;
    for (Throwable one = cause; one != null; one = one.getCause()) {
      if (one instanceof Untrusted) {
        return new TlsFailure(String.valueOf(one.getMessage()), true);
      }
      gone |=
          one instanceof ClosedChannelException
              || one instanceof EOFException
              || (one instanceof IOException && !(one instanceof SSLException));
      all.append(one.getMessage()).append('\n');
    }
    String said = all.toString();
    String alert = alert(said);
    if (!alert.isEmpty()) {
      return new TlsFailure("the node refuses TLS with us: " + alert, false);
    }
    if (said.contains("not an SSL/TLS record")
        || said.contains("Unsupported or unrecognized SSL message")
        || said.contains("WRONG_VERSION_NUMBER")
        || said.contains("HTTP_REQUEST")) {
      return NOT_TLS;
    }
    if (said.contains("UNSUPPORTED_PROTOCOL") || said.contains("protocol_version")) {
      return VERSION;
    }
    if (gone || said.contains("terminated the handshake")) {
      return CLOSED;
    }
    String first = said.lines().findFirst().orElse("");
    return new TlsFailure(
        "the TLS handshake failed: " + first.substring(0, Math.min(first.length(), MAX_QUOTED)),
        false);
  }

  /**
   * Whether the node has ended the handshake from its side, be it after ours was done. Other alerts
   * may come when it has begun to work for us.
   */
  public static boolean isRefusal(Throwable cause) {
    return REFUSALS.contains(alert(String.valueOf(cause.getMessage())));
  }

  /** The alert that the node sent; empty: none. */
  private static String alert(String said) {
    Matcher found = ALERT.matcher(said);
    if (!found.find()) {
      return "";
    }
    String name = found.group(1) == null ? found.group(2) : found.group(1);
    return name.toLowerCase(Locale.ROOT).replace('_', ' ');
  }
}
