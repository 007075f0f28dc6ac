package io.fairlead.proxy.http;

import io.fairlead.identity.CheckDesk;
import io.fairlead.identity.OidcClient;
import io.fairlead.identity.OidcSession;
import io.fairlead.identity.SessionSeal;
import io.fairlead.limit.RateLimiter;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * How people sign in for some routes: the client of a provider, and the cookies that browsers keep
 * for it. One is the session; another one says for some minutes which browser it is that has been
 * sent to the provider, so that nobody can make somebody else come back in his name.
 *
 * <p>Where the client speaks TLS their names begin with {@code __Host-} (RFC 6265bis, 4.1.3): no
 * other host and nobody without TLS can have set them.
 */
public final class SignIn {
  /** What all names of such cookies begin with. */
  static final byte[] PREFIX = Ascii.bytes("fairlead-oidc-");

  static final byte[] HOST_PREFIX = Ascii.bytes("__Host-fairlead-oidc-");

  private static final byte[] GET = Ascii.bytes("GET");

  /** Longer than an attempt, since it is begun with an older cookie. */
  private static final long BROWSER_SECONDS = OidcClient.ATTEMPT_MILLIS / 1000 * 3 / 2;

  /**
   * What it is made of.
   *
   * @param name of the cookies, behind the prefix
   * @param callback path to which the provider sends browsers back
   * @param afterSignOut path to which they go when the session has ended; empty: nowhere
   * @param desk where codes are changed into tokens
   * @param attempts how many of them one client address may cause
   * @param seals one for each event loop, and one more for each thread that asks for one
   */
  public record Parts(
      OidcClient client,
      String name,
      String callback,
      String afterSignOut,
      CheckDesk desk,
      RateLimiter attempts,
      Seals seals) {}

  /** Makes seals, of which each is for one thread. */
  public interface Seals {
    SessionSeal make();
  }

  private final Parts parts;
  private final SessionSeal[] seals;

  /** By whether the client speaks TLS. */
  private final byte[][] session;

  private final byte[][] browser;

  /**
   * @param loops event loops that ask
   */
  public SignIn(Parts parts, int loops) {
    this.parts = parts;
    seals = new SessionSeal[loops];
    for (int i = 0; i < loops; i++) {
      seals[i] = parts.seals().make();
    }
    session = names(parts.name());
    browser = names(parts.name() + "-browser");
  }

  private static byte[][] names(String name) {
    String plain = new String(PREFIX, StandardCharsets.US_ASCII) + name;
    return new byte[][] {Ascii.bytes(plain), Ascii.bytes("__Host-" + plain)};
  }

  OidcClient client() {
    return parts.client();
  }

  CheckDesk desk() {
    return parts.desk();
  }

  RateLimiter attempts() {
    return parts.attempts();
  }

  /** For another thread. */
  SessionSeal newSeal() {
    return parts.seals().make();
  }

  String afterSignOut() {
    return parts.afterSignOut();
  }

  /** Whether the request brings a session, good or not. */
  boolean isShown(Head request) {
    return CookieField.find(request, session[0]) != CookieField.NONE
        || CookieField.find(request, session[1]) != CookieField.NONE;
  }

  /** Who has signed in; null: nobody. */
  @Nullable OidcSession session(Exchange exchange, HttpLoop loop) {
    String text = value(exchange, session);
    return text.isEmpty() ? null : client().open(seals[loop.index()], text);
  }

  /** What the browser says which one it is; empty: nothing that can be. */
  String browser(Exchange exchange) {
    String text = value(exchange, browser);
    return OidcClient.isBrowser(text) ? text : "";
  }

  private static String value(Exchange exchange, byte[][] names) {
    Head request = exchange.request;
    long found = CookieField.find(request, names[FieldEdits.isSecure(exchange) ? 1 : 0]);
    if (found < 0) {
      return "";
    }
    int start = (int) (found >> 32);
    return new String(request.bytes, start, (int) found - start, StandardCharsets.ISO_8859_1);
  }

  /** The host that is asked, with how; empty: the request does not say. */
  static String origin(Exchange exchange) {
    Head request = exchange.request;
    int start = request.authorityStart;
    int end = request.authorityEnd;
    if (request.has(FieldName.HOST)) {
      start = request.valueStart(request.first(FieldName.HOST));
      end = request.valueEnd(request.first(FieldName.HOST));
    }
    String host = new String(request.bytes, start, end - start, StandardCharsets.ISO_8859_1);
    return host.isEmpty()
        ? ""
        : (FieldEdits.isSecure(exchange) ? "https://" : "http://") + host.toLowerCase(Locale.ROOT);
  }

  /** Where the provider sends a browser back; empty: the request does not say its host. */
  String redirectUri(Exchange exchange) {
    String origin = origin(exchange);
    return origin.isEmpty() ? "" : origin + parts.callback();
  }

  /**
   * Where the browser is to go to sign in, and what it is to keep, as fields; empty: the provider
   * is not known.
   */
  String begin(Exchange exchange, HttpLoop loop) {
    SessionSeal seal = seals[loop.index()];
    String before = browser(exchange);
    String known = before.isEmpty() ? OidcClient.newBrowser(seal) : before;
    Head request = exchange.request;
    String target =
        new String(
                request.bytes,
                exchange.pathStart(),
                exchange.pathLength(),
                StandardCharsets.ISO_8859_1)
            + new String(
                request.bytes,
                request.queryStart,
                request.queryEnd - request.queryStart,
                StandardCharsets.ISO_8859_1);
    String location = client().begin(seal, redirectUri(exchange), target, known);
    return location == null
        ? ""
        : "location: " + location + "\r\n" + cookie(exchange, browser, known, BROWSER_SECONDS);
  }

  /** The field that has the browser keep the session. */
  String keep(Exchange exchange, String sealed) {
    return cookie(exchange, session, sealed, client().config().session().toSeconds());
  }

  /** The field that has the browser forget the session. */
  String forget(Exchange exchange) {
    return cookie(exchange, session, "", 0);
  }

  private static String cookie(Exchange exchange, byte[][] names, String value, long seconds) {
    boolean secure = FieldEdits.isSecure(exchange);
    return "set-cookie: "
        + new String(names[secure ? 1 : 0], StandardCharsets.US_ASCII)
        + "="
        + value
        + "; Path=/; Max-Age="
        + seconds
        + "; HttpOnly; SameSite=Lax"
        + (secure ? "; Secure" : "")
        + "\r\n";
  }

  /** Takes our cookies out of what nodes get. */
  static void strip(Head request) {
    if (request.has(FieldName.COOKIE)) {
      CookieField.stripAll(request, HOST_PREFIX);
      CookieField.stripAll(request, PREFIX);
    }
  }

  static boolean isGet(Head request) {
    return request.methodIs(GET);
  }

  /** Whether a field of that name has that in it, whatever the case. */
  static boolean mentions(Head request, byte[] name, String what) {
    for (int field = request.findField(name, 0);
        field >= 0;
        field = request.findField(name, field + 1)) {
      int start = request.valueStart(field);
      String value =
          new String(
              request.bytes, start, request.valueEnd(field) - start, StandardCharsets.ISO_8859_1);
      if (value.toLowerCase(Locale.ROOT).contains(what)) {
        return true;
      }
    }
    return false;
  }
}
