package io.fairlead.admin;

import io.fairlead.config.AdminConfig;
import io.fairlead.config.AdminConfig.Role;
import io.fairlead.config.AdminOidcConfig;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Decides whether somebody may do something, from the fields of the request alone; who it is says
 * {@link Recognition}.
 *
 * <p>Whoever shows a token has put it there. All others may be a browser that a web page of
 * somebody else has brought here: because whoever reaches the door is the operator, or because the
 * browser adds the cookie of who has signed in. Three bars keep that out: the Host field must name
 * this door (a page cannot forge it, and a foreign name that was pointed at 127.0.0.1 is not ours:
 * DNS rebinding); a change must not come from another origin, which browsers say in {@code
 * Sec-Fetch-Site} and {@code Origin}; and a POST must not carry one of the three content types that
 * a form of another page can send unasked. No CORS field is ever sent, so no other page can read an
 * answer or send PUT and DELETE.
 *
 * <p>With a cookie more is asked, since it is a browser for sure: a change has to say that it comes
 * from this very origin, and not even reading is let in for a page of another one. Other ports of
 * the same host count as others there, though browsers send them the same cookies.
 */
final class Gate {
  private static final Set<String> FORM_TYPES =
      Set.of("application/x-www-form-urlencoded", "multipart/form-data", "text/plain");

  /** The fields of a request. */
  interface Fields {
    /** All values of the field with that name in lower case. */
    List<String> all(String name);

    /** The first value of it, or null. */
    default @Nullable String first(String name) {
      List<String> values = all(name);
      return values.isEmpty() ? null : values.getFirst();
    }
  }

  private final AdminConfig config;
  private final String scheme;
  private final Set<String> ownHosts;

  Gate(AdminConfig config) {
    this.config = config;
    scheme = config.tls().isPresent() ? "https://" : "http://";
    String bound = config.bind().host().toLowerCase(Locale.ROOT);
    Set<String> hosts = new HashSet<>(Set.of("localhost", "127.0.0.1", "[::1]"));
    hosts.add(bound.indexOf(':') >= 0 ? "[" + bound + "]" : bound);
    this.ownHosts = Set.copyOf(hosts);
  }

  /**
   * Lets a request in.
   *
   * @throws Refusal if it may not
   */
  void admit(Caller caller, Endpoint endpoint, String method, Fields fields) {
    Role wanted = endpoint.role();
    switch (caller) {
      case Caller.Anybody _ -> {
        checkHost(fields.first("host"));
        if (endpoint.changes()) {
          checkOrigin(fields);
          checkContentType(method, fields.first("content-type"));
        }
      }
      case Caller.Person _ -> {
        if (wanted != null || endpoint.changes()) {
          checkPage(endpoint, fields);
          checkContentType(method, fields.first("content-type"));
        }
      }
      case Caller.Stranger _, Caller.Holder _ -> {}
    }
    if (wanted != null) {
      checkRole(caller, wanted);
    }
  }

  private void checkRole(Caller caller, Role wanted) {
    Role role = caller.role();
    if (caller instanceof Caller.Stranger) {
      throw new Refusal(
          Answer.problem(
              Problem.of(401, unknown()), Map.of("WWW-Authenticate", "Bearer realm=\"fairlead\"")),
          "no token");
    }
    if (role == null) {
      throw Refusal.of(
          403,
          caller.name()
              + " has signed in and has no role here: no rule of admin.oidc.roles is fulfilled. They"
              + " look for the claims "
              + String.join(", ", oidc().claims())
              + ".");
    }
    if (role.compareTo(wanted) < 0) {
      String what =
          caller instanceof Caller.Holder
              ? "the token " + caller.name()
              : "who has signed in as " + caller.name();
      throw Refusal.of(
          403,
          "This needs the role "
              + lower(wanted)
              + "; "
              + what
              + " has the role "
              + lower(role)
              + ".");
    }
  }

  private String unknown() {
    if (config.oidc().isEmpty()) {
      return "This needs a token: Authorization: Bearer TOKEN.";
    }
    return "This needs somebody who has signed in at "
        + oidc().url()
        + AdminSignIn.PATH
        + (config.tokens().isEmpty() ? "." : ", or a token: Authorization: Bearer TOKEN.");
  }

  private AdminOidcConfig oidc() {
    return config.oidc().orElseThrow();
  }

  /** Lets the page itself be loaded: it holds no secret, and asks for the token. */
  void admitPage(@Nullable String host) {
    if (config.isOpen()) {
      checkHost(host);
    }
  }

  private void checkHost(@Nullable String host) {
    String name = host == null ? "" : host.toLowerCase(Locale.ROOT).replaceFirst(":[0-9]*$", "");
    if (!ownHosts.contains(name)) {
      throw Refusal.of(
          421,
          "The Host field names another machine. Without tokens this door answers only to "
              + "localhost, 127.0.0.1, [::1] and the address it is bound to.");
    }
  }

  private void checkOrigin(Fields fields) {
    String site = fields.first("sec-fetch-site");
    String origin = fields.first("origin");
    boolean foreign;
    if (site != null) {
      foreign = !site.equals("same-origin") && !site.equals("none");
    } else {
      foreign = origin != null && !origin.equals(scheme + fields.first("host"));
    }
    if (foreign) {
      throw Refusal.of(403, "A page of another origin may not change anything here.");
    }
  }

  /** Whether it is our own page that asks, or somebody who has written the address. */
  private void checkPage(Endpoint endpoint, Fields fields) {
    String host = fields.first("host");
    if (host == null || !host.toLowerCase(Locale.ROOT).equals(oidc().host())) {
      throw Refusal.of(
          421,
          "The Host field names another host than admin.oidc.url: "
              + oidc().url()
              + " is where the"
              + " session is good.");
    }
    String site = fields.first("sec-fetch-site");
    String origin = fields.first("origin");
    boolean own = site == null || site.equals("same-origin") || site.equals("none");
    if (endpoint.changes()) {
      // Every browser says it for these; whatever does not is no page of ours.
      own = own && !"none".equals(site) && Objects.equals(origin, oidc().url());
    } else {
      own = own && (origin == null || origin.equals(oidc().url()));
    }
    if (!own) {
      throw Refusal.of(
          403,
          endpoint.changes()
              ? "With a session only the dashboard's own page may change something: Origin must be "
                  + oidc().url()
                  + "."
              : "A page of another origin may not use a session here.");
    }
  }

  private static void checkContentType(String method, @Nullable String type) {
    if (method.equals("POST")
        && type != null
        && FORM_TYPES.contains(type.replaceFirst(";.*$", "").strip().toLowerCase(Locale.ROOT))) {
      throw Refusal.of(
          415,
          "Send application/json, or no body: a form of any web page could send " + type + ".");
    }
  }

  static String lower(Role role) {
    return role.name().toLowerCase(Locale.ROOT);
  }
}
