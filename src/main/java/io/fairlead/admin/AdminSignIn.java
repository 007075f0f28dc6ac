package io.fairlead.admin;

import io.fairlead.config.AdminConfig.Role;
import io.fairlead.config.AdminOidcConfig;
import io.fairlead.identity.OidcClient;
import io.fairlead.identity.OidcSession;
import io.fairlead.identity.SessionSeal;
import io.fairlead.limit.RateLimiter;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * How people sign in for the operator's door. A browser keeps two cookies, both {@code HttpOnly}:
 * the session, sealed, which it sends for requests of our own pages only ({@code SameSite=Strict}),
 * and for some minutes which browser it is that has been sent to the provider, so that nobody can
 * make somebody else come back in his name.
 *
 * <p>Cookies do not know ports, and with other programs on the same host they are shared. So their
 * names say of which door they are, begin with {@code __Host-} where browsers speak TLS (RFC
 * 6265bis, 4.1.3), and one that comes twice is none.
 *
 * <p>Sessions are kept by browsers alone. Only those that have been ended are remembered here until
 * they would have ended, so that a copy of a cookie is worth nothing afterwards.
 */
public final class AdminSignIn {
  /** Where a browser begins. */
  static final String PATH = "/sign-in";

  static final String CALLBACK = AdminOidcConfig.CALLBACK;

  /** Ended sessions that are remembered; beyond that those are forgotten that end first. */
  static final int MAX_ENDED = 4096;

  /** Codes that are changed into tokens at once: each may take seconds. */
  private static final int CODES_AT_ONCE = 8;

  /** Longer than an attempt, since it is begun with an older cookie. */
  private static final long BROWSER_SECONDS = OidcClient.ATTEMPT_MILLIS / 1000 * 3 / 2;

  private static final int MAX_COOKIE = 4096;
  private static final int MAX_NAME = 128;

  /**
   * What it is made of.
   *
   * @param id of this door among others, in names of cookies: hexadecimal
   * @param seals makes one for one use
   * @param attempts how often one address may come back from the provider
   * @param epochMillis the clock
   */
  public record Parts(
      AdminOidcConfig config,
      OidcClient client,
      String id,
      Supplier<SessionSeal> seals,
      RateLimiter attempts,
      LongSupplier epochMillis) {}

  private final Parts parts;
  private final AdminOidcConfig config;
  private final String sessionName;
  private final String browserName;
  private final Semaphore codes = new Semaphore(CODES_AT_ONCE);
  private final Map<Long, Long> ended = new ConcurrentHashMap<>();
  private final Map<EventStream, Long> streams = new ConcurrentHashMap<>();

  public AdminSignIn(Parts parts) {
    this.parts = parts;
    config = parts.config();
    String prefix = config.isSecure() ? "__Host-fairlead-admin-" : "fairlead-admin-";
    sessionName = prefix + parts.id();
    browserName = prefix + parts.id() + "-browser";
  }

  AdminOidcConfig config() {
    return config;
  }

  OidcClient client() {
    return parts.client();
  }

  Semaphore codes() {
    return codes;
  }

  /** Whether that address may come back from the provider once more. */
  boolean admits(String remote) {
    return parts
        .attempts()
        .admit(OidcSession.key(remote), System.nanoTime(), new RateLimiter.Verdict());
  }

  /** Who has signed in, with the role that rules give them now; null: nobody. */
  Caller.@Nullable Person person(Gate.Fields fields) {
    String cookie = cookie(fields, sessionName);
    OidcSession session =
        cookie.isEmpty() ? null : parts.client().open(parts.seals().get(), cookie);
    if (session == null) {
      return null;
    }
    long number = OidcSession.key(cookie);
    return ended.containsKey(number) ? null : person(session, number);
  }

  /** Whoever that session is of. */
  Caller.Person person(OidcSession session, String cookie) {
    return person(session, OidcSession.key(cookie));
  }

  private Caller.Person person(OidcSession session, long number) {
    return new Caller.Person(name(session), role(session), session.until(), number);
  }

  private @Nullable Role role(OidcSession session) {
    Role highest = null;
    for (AdminOidcConfig.Rule rule : config.roles()) {
      boolean fulfilled =
          rule.wanted().entrySet().stream()
              .allMatch(one ->
                  Boolean.TRUE.equals(
                      session
                          .fulfilled()
                          .get(new OidcClient.Wanted(one.getKey(), one.getValue()).key())));
      if (fulfilled && (highest == null || rule.role().compareTo(highest) > 0)) {
        highest = rule.role();
      }
    }
    return highest;
  }

  /** As no token can be called: people choose what is in some claims. */
  private String name(OidcSession session) {
    String subject = printable(session.who(), OidcSession.MAX_WHO);
    String said =
        printable(session.said().getOrDefault(OidcSession.key(config.nameClaim()), ""), MAX_NAME);
    return said.isEmpty() || said.equals(subject)
        ? "oidc:" + subject
        : "oidc:" + said + " (" + subject + ")";
  }

  /** What may stand in a line of a log, and looks there like what it is. */
  private static String printable(String text, int most) {
    StringBuilder clean = new StringBuilder();
    text.codePoints()
        .limit(most)
        .forEach(c ->
            clean.appendCodePoint(
                switch (Character.getType(c)) {
                  case Character.CONTROL,
                      Character.FORMAT,
                      Character.SURROGATE,
                      Character.LINE_SEPARATOR,
                      Character.PARAGRAPH_SEPARATOR ->
                      '?';
                  default -> c;
                }));
    return clean.toString();
  }

  /** Where a browser signs in, and what it keeps meanwhile; null: the provider is not known. */
  @Nullable Begun begin(Gate.Fields fields) {
    SessionSeal seal = parts.seals().get();
    String before = cookie(fields, browserName);
    String browser = OidcClient.isBrowser(before) ? before : OidcClient.newBrowser(seal);
    String location = parts.client().begin(seal, config.redirectUri(), "/", browser);
    return location == null
        ? null
        : new Begun(location, cookie(browserName, browser, BROWSER_SECONDS, "Lax"));
  }

  /** A browser that is sent to the provider. */
  record Begun(String location, String cookie) {}

  /** Finds out who has come back; may take seconds. */
  OidcClient.Outcome finish(Gate.Fields fields, String query) {
    String browser = cookie(fields, browserName);
    return parts
        .client()
        .finish(
            parts.seals().get(),
            query,
            OidcClient.isBrowser(browser) ? browser : "",
            config.redirectUri());
  }

  /** Has a browser keep a session, and forget which browser it is: nobody comes back twice. */
  List<String> keep(String sealed) {
    return List.of(
        cookie(sessionName, sealed, config.client().session().toSeconds(), "Strict"),
        cookie(browserName, "", 0, "Lax"));
  }

  /** Has a browser forget everything. */
  List<String> forget() {
    return List.of(cookie(sessionName, "", 0, "Strict"), cookie(browserName, "", 0, "Lax"));
  }

  private String cookie(String name, String value, long seconds, String sites) {
    return name
        + "="
        + value
        + "; Path=/; Max-Age="
        + seconds
        + "; HttpOnly; SameSite="
        + sites
        + (config.isSecure() ? "; Secure" : "");
  }

  /** The value of the one cookie of that name; empty: none, or several. */
  private static String cookie(Gate.Fields fields, String name) {
    List<String> found = new ArrayList<>();
    for (String field : fields.all("cookie")) {
      for (String pair : field.split(";", -1)) {
        int equals = pair.indexOf('=');
        if (equals > 0 && pair.substring(0, equals).strip().equals(name)) {
          found.add(pair.substring(equals + 1).strip());
        }
      }
    }
    return found.size() == 1 && found.getFirst().length() <= MAX_COOKIE ? found.getFirst() : "";
  }

  /** Ends a session on this instance, and what it has open. */
  void end(Caller.Person person) {
    long now = parts.epochMillis().getAsLong();
    ended.values().removeIf(until -> until <= now);
    while (ended.size() >= MAX_ENDED) {
      ended.entrySet().stream()
          .min(Map.Entry.comparingByValue())
          .ifPresent(first -> ended.remove(first.getKey(), first.getValue()));
    }
    ended.put(person.session(), person.until());
    streams.forEach((stream, session) -> {
      if (session == person.session()) {
        stream.drop();
      }
    });
  }

  /** A stream is about to begin, which ends with the session. */
  void opened(EventStream stream, Caller.Person person) {
    streams.put(stream, person.session());
    if (ended.containsKey(person.session())) {
      stream.drop(); // ended since it was looked at
    }
  }

  void closed(EventStream stream) {
    streams.remove(stream);
  }

  /** Milliseconds that a session has left. */
  long left(Caller.Person person) {
    return person.until() - parts.epochMillis().getAsLong();
  }
}
