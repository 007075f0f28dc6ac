package io.fairlead.config;

import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * People who sign in at a provider of OpenID Connect to come in by the operator's door.
 *
 * @param client what Fairlead is to the provider; sessions last as long as it says
 * @param url where browsers reach the door: scheme, host and port as they write it in {@code
 *     Origin}. Cookies are for that host alone, and are good there alone
 * @param nameClaim what audit events call people by, besides {@code sub}
 * @param roles who may do what: of all rules that are fulfilled the one with the highest role
 *     counts; whoever fulfils none has no role
 */
public record AdminOidcConfig(
    OidcClientConfig client, String url, String nameClaim, List<Rule> roles) {
  static final String DEFAULT_NAME_CLAIM = "sub";
  static final int MAX_RULES = 32;

  /** Path to which the provider sends browsers back. */
  public static final String CALLBACK = "/sign-in/callback";

  private static final String EMAIL = "email";
  private static final String VERIFIED = "email_verified";

  public AdminOidcConfig {
    roles = List.copyOf(roles);
    Require require =
        new Require()
            .unless(url(url), List.of("url"), url)
            .unless(JwtConfig.said(nameClaim), List.of("name-claim"), nameClaim)
            .that(
                !roles.isEmpty() && roles.size() <= MAX_RULES,
                "roles",
                null,
                "must be 1 to " + MAX_RULES + " rules: nobody has a role without one");
    Set<Map.Entry<String, String>> claims = new HashSet<>();
    roles.forEach(rule -> claims.addAll(rule.wanted().entrySet()));
    require
        .that(
            claims.size() < OidcConfig.MOST_CLAIMS,
            "roles",
            null,
            "must ask for less than "
                + OidcConfig.MOST_CLAIMS
                + " different claims, all rules together: a browser keeps what they ask for")
        .orRefuse();
  }

  /**
   * Who has a role.
   *
   * @param require by name of a claim: what it has to be, or to have among others; all of them
   */
  public record Rule(AdminConfig.Role role, Map<String, String> require) {
    public Rule {
      require = Collections.unmodifiableMap(new LinkedHashMap<>(require));
      new Require()
          .that(
              !require.isEmpty(),
              "require",
              null,
              "must have at least one claim: whoever can sign in at the provider would have the role")
          .orRefuse();
    }

    /**
     * What a token is asked for: an address of mail has to be one that the provider has verified,
     * since at many of them people write down what they like.
     */
    public Map<String, String> wanted() {
      if (!require.containsKey(EMAIL) || require.containsKey(VERIFIED)) {
        return require;
      }
      Map<String, String> more = new LinkedHashMap<>(require);
      more.put(VERIFIED, "true");
      return more;
    }
  }

  /** Whether browsers speak TLS. */
  public boolean isSecure() {
    return url.startsWith("https:");
  }

  /** The field {@code Host} of whoever reaches the door there. */
  public String host() {
    return url.substring(url.indexOf("//") + 2);
  }

  /** What the provider has to know as a redirect URI. */
  public String redirectUri() {
    return url + CALLBACK;
  }

  /** Names of the claims that rules look at, in their order. */
  public List<String> claims() {
    List<String> names = new ArrayList<>();
    roles.forEach(rule ->
        rule.wanted().keySet().stream().filter(name -> !names.contains(name)).forEach(names::add));
    return names;
  }

  /** As browsers write an origin (RFC 6454, 6.1), so that both can be compared letter by letter. */
  static @Nullable String url(String text) {
    boolean there =
        text.matches("https://([a-z0-9.-]{1,253}|\\[[0-9a-f:.]{2,45}])(:[1-9][0-9]{0,4})?")
            && !text.endsWith(":443");
    boolean here =
        text.matches("http://(localhost|127\\.[0-9.]{5,11}|\\[::1])(:[1-9][0-9]{0,4})?")
            && !text.endsWith(":80");
    return there || here
        ? null
        : "must be https://HOST or https://HOST:PORT, or http on this machine, in small letters,"
            + " without a path and without the port that goes without saying";
  }
}
