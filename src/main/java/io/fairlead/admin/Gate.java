package io.fairlead.admin;

import io.fairlead.config.AdminConfig;
import io.fairlead.config.AdminConfig.Role;
import io.fairlead.config.AdminConfig.Token;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.HashSet;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Decides who may come in, from the fields of a request alone.
 *
 * <p>With tokens, a request must carry one that has the role. Without, whoever reaches the door is
 * the operator, and the danger is that a web page in the operator's browser reaches it too. Three
 * bars keep that out: the Host field must name this machine (a page cannot forge it, and a foreign
 * name that was pointed at 127.0.0.1 is not ours: DNS rebinding); a change must not come from
 * another origin, which browsers say in {@code Sec-Fetch-Site} and {@code Origin}; and a POST must
 * not carry one of the three content types that a form of another page can send unasked. No CORS
 * field is ever sent, so no other page can read an answer or send PUT and DELETE.
 */
final class Gate {
  private static final Set<String> FORM_TYPES =
      Set.of("application/x-www-form-urlencoded", "multipart/form-data", "text/plain");

  /** The fields of a request. */
  interface Fields {
    /** The first value of the field with that name in lower case, or null. */
    @Nullable String first(String name);
  }

  private final AdminConfig config;
  private final Set<String> ownHosts;

  Gate(AdminConfig config) {
    this.config = config;
    String bound = config.bind().host().toLowerCase(Locale.ROOT);
    Set<String> hosts = new HashSet<>(Set.of("localhost", "127.0.0.1", "[::1]"));
    hosts.add(bound.indexOf(':') >= 0 ? "[" + bound + "]" : bound);
    this.ownHosts = Set.copyOf(hosts);
  }

  /**
   * Who it is, if the request may do that.
   *
   * @param remote address that it came from
   * @throws Refusal if it may not
   */
  String admit(Endpoint endpoint, String method, Fields fields, String remote) {
    if (config.tokens().isEmpty()) {
      checkHost(fields.first("host"));
      if (endpoint.changes()) {
        checkOrigin(fields);
        if (method.equals("POST")) {
          checkContentType(fields.first("content-type"));
        }
      }
      return remote;
    }
    Role wanted = endpoint.role();
    if (wanted == null) {
      return remote;
    }
    Token token = find(fields.first("authorization"));
    if (token == null) {
      throw new Refusal(
          Answer.problem(
              Problem.of(401, "This needs a token: Authorization: Bearer TOKEN."),
              Map.of("WWW-Authenticate", "Bearer realm=\"fairlead\"")),
          "no token");
    }
    if (token.role().compareTo(wanted) < 0) {
      throw Refusal.of(
          403,
          "This needs the role "
              + lower(wanted)
              + "; the token "
              + token.name()
              + " has the role "
              + lower(token.role())
              + ".");
    }
    return token.name();
  }

  /** Lets the page itself be loaded: it holds no secret, and asks for the token. */
  void admitPage(@Nullable String host) {
    if (config.tokens().isEmpty()) {
      checkHost(host);
    }
  }

  private @Nullable Token find(@Nullable String authorization) {
    if (authorization == null || !authorization.regionMatches(true, 0, "Bearer ", 0, 7)) {
      return null;
    }
    byte[] given = authorization.substring(7).strip().getBytes(StandardCharsets.UTF_8);
    Token found = null;
    for (Token token : config.tokens()) {
      // Every token is compared in full, so that the time tells nothing about any of them.
      if (MessageDigest.isEqual(given, token.secret().value().getBytes(StandardCharsets.UTF_8))) {
        found = token;
      }
    }
    return found;
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

  private static void checkOrigin(Fields fields) {
    String site = fields.first("sec-fetch-site");
    String origin = fields.first("origin");
    boolean foreign;
    if (site != null) {
      foreign = !site.equals("same-origin") && !site.equals("none");
    } else {
      foreign = origin != null && !origin.equals("http://" + fields.first("host"));
    }
    if (foreign) {
      throw Refusal.of(403, "A page of another origin may not change anything here.");
    }
  }

  private static void checkContentType(@Nullable String type) {
    if (type != null
        && FORM_TYPES.contains(type.replaceFirst(";.*$", "").strip().toLowerCase(Locale.ROOT))) {
      throw Refusal.of(
          415,
          "Send application/json, or no body: a form of any web page could send " + type + ".");
    }
  }

  private static String lower(Role role) {
    return role.name().toLowerCase(Locale.ROOT);
  }
}
