package io.fairlead.config;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * People who sign in at a provider of OpenID Connect before a route takes their requests.
 *
 * @param client what routes have to have in common so that whoever has signed in for one has for
 *     the others
 * @param callback path on the host that was asked for, to which the provider sends browsers back
 * @param signOut path on the host that was asked for, at which a session ends
 * @param afterSignOut path on that host to which browsers go then; empty: they stay where they are
 * @param require by name of a claim: what it has to be, or to have among others
 * @param forward by name of a field, lower case: the claim that nodes are told in it. What a client
 *     says in such a field goes nowhere
 */
public record OidcConfig(
    OidcClientConfig client,
    String callback,
    String signOut,
    String afterSignOut,
    Map<String, String> require,
    Map<String, String> forward) {
  static final String DEFAULT_CALLBACK = "/.fairlead/oidc/callback";
  static final String DEFAULT_SIGN_OUT = "/.fairlead/oidc/sign-out";

  /** Of all routes that share a session: browsers keep little. */
  static final int MOST_CLAIMS = 32;

  public OidcConfig {
    require = Collections.unmodifiableMap(new LinkedHashMap<>(require));
    forward = Collections.unmodifiableMap(new LinkedHashMap<>(forward));
    new Require()
        .unless(OidcClientConfig.path(callback), List.of("callback"), callback)
        .unless(OidcClientConfig.path(signOut), List.of("sign-out"), signOut)
        .unless(
            afterSignOut.isEmpty() ? null : OidcClientConfig.path(afterSignOut),
            List.of("after-sign-out"),
            afterSignOut)
        .that(
            !callback.equals(signOut),
            List.of("sign-out"),
            signOut,
            "must be another path than {}",
            List.of(List.of("callback")))
        .that(
            !forward.containsKey("cookie"),
            List.of("forward", "cookie"),
            null,
            "must be another field than that of the session",
            List.of())
        .orRefuse();
  }

  /** Without what each route asks for: whoever has signed in for one has for all with the same. */
  public OidcConfig signIn() {
    return new OidcConfig(client, callback, signOut, afterSignOut, Map.of(), Map.of());
  }
}
