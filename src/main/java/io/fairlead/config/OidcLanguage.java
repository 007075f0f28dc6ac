package io.fairlead.config;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;

/** What an operator can write about people who sign in at a provider of OpenID Connect. */
final class OidcLanguage {
  private static final Key<String> ISSUER =
      Key.required(
          "issuer",
          Scalar.text("URL", null, OidcClientConfig::issuer),
          "The provider, letter for letter as it calls itself. Its description is fetched from there"
              + " (`/.well-known/openid-configuration`); by `https://...`, or `http://...` on this"
              + " machine only.",
          "https://login.example");
  private static final Key<String> CLIENT_ID =
      Key.required(
          "client-id",
          Scalar.text("text", null, OidcClientConfig::clientId),
          "What the provider calls us.",
          "shop");
  private static final Key<Secret> CLIENT_SECRET =
      Key.computed(
          "client-secret",
          Scalar.secret("secret"),
          "none: a public client, which PKCE alone protects",
          "By which the provider knows us, or `file:PATH`.",
          "\"file:secrets/oidc\"");
  private static final Key<List<String>> SCOPES =
      Key.of(
          "scopes",
          new ListOf<>("scopes", Scalar.text("scope", null, OidcClientConfig::scope)),
          List.of(),
          "none",
          "What the provider is asked for, besides `openid`; claims come with it.",
          "[email, groups]");
  private static final Key<Duration> SESSION =
      Key.of(
          "session",
          Scalar.duration(OidcClientConfig.SESSION),
          OidcClientConfig.DEFAULT_SESSION,
          "How long somebody stays signed in; then the provider is asked again, which it may answer"
              + " without asking the person.",
          "1h");
  private static final Key<List<Secret>> KEY =
      Key.of(
          "key",
          new ListOf<>("secrets", Scalar.secret("secret")),
          List.of(),
          "made of `group.token`; without a group a random one, kept in `oidc.key` in the folder"
              + " `data`",
          "What sessions are sealed with, "
              + OidcClientConfig.MIN_KEY
              + " to "
              + OidcClientConfig.MAX_KEY
              + " characters, or `file:PATH`; up to "
              + OidcClientConfig.MAX_KEYS
              + ", of which the first seals and all open.",
          "[ \"file:secrets/oidc-key\", \"file:secrets/oidc-key-before\" ]");
  private static final Key<List<JwtConfig.Algorithm>> ALGORITHMS =
      Key.of(
          "algorithms",
          new ListOf<>(
              "algorithms",
              Scalar.words("algorithm", List.of(JwtConfig.Algorithm.values()), Enum::name)),
          JwtConfig.DEFAULT_ALGORITHMS,
          "RS256, ES256",
          "How ID tokens may be signed; never without a signature, never with the secret.",
          "[RS256]");
  private static final Key<Duration> LEEWAY =
      Key.of(
          "leeway",
          Scalar.duration(JwtConfig.LEEWAY),
          JwtConfig.DEFAULT_LEEWAY,
          "By which the clocks of the provider and of this machine may differ.",
          "1m");
  private static final Key<Duration> REFRESH =
      Key.of(
          "refresh",
          Scalar.duration(JwtConfig.REFRESH),
          JwtConfig.DEFAULT_REFRESH,
          "How often the provider's description and keys are fetched; besides, when a token names a"
              + " key that is not there, but not within five seconds.",
          "1h");

  private static final Scalar<String> PATH = Scalar.text("path", "/.*", OidcClientConfig::path);
  private static final Key<String> CALLBACK =
      Key.of(
          "callback",
          PATH,
          OidcConfig.DEFAULT_CALLBACK,
          "Path of the listener to which the provider sends browsers back; it has to know"
              + " `https://HOST` and this as a redirect URI. Goes before routes.",
          "/signed-in");
  private static final Key<String> SIGN_OUT =
      Key.of(
          "sign-out",
          PATH,
          OidcConfig.DEFAULT_SIGN_OUT,
          "Path of the listener at which a session ends, at the provider, too, if that has a page for"
              + " it. Goes before routes.",
          "/sign-out");
  private static final Key<String> AFTER_SIGN_OUT =
      Key.computed(
          "after-sign-out",
          PATH,
          "a page of the provider's, or a line of text",
          "Path to which browsers go when the session has ended; the provider has to know it as a"
              + " post logout redirect URI.",
          "/bye");

  /** Of whoever signs in, for routes and for the dashboard. */
  private static final List<Key<?>> CLIENT =
      List.of(
          ISSUER,
          OutboundKeys.CA,
          CLIENT_ID,
          CLIENT_SECRET,
          SCOPES,
          SESSION,
          KEY,
          ALGORITHMS,
          LEEWAY,
          REFRESH);

  private static final Obj<OidcConfig> OIDC =
      new Obj<>(
          "oidc",
          "Lets in who has signed in at a provider of OpenID Connect; browsers are sent there.",
          with(CALLBACK, SIGN_OUT, AFTER_SIGN_OUT, ClaimKeys.REQUIRED, ClaimKeys.FORWARD),
          List.of(),
          null,
          (values, _) ->
              new OidcConfig(
                  client(values),
                  values.get(CALLBACK),
                  values.get(SIGN_OUT),
                  Objects.requireNonNullElse(values.find(AFTER_SIGN_OUT), ""),
                  values.get(ClaimKeys.REQUIRED),
                  values.get(ClaimKeys.FORWARD)));

  static final Key<OidcConfig> OF_ROUTE =
      Key.computed(
          "oidc",
          OIDC,
          "none",
          "Who has signed in at a provider of OpenID Connect is let in.",
          "{ issuer: https://login.example, client-id: shop, client-secret: \"file:secrets/oidc\" }");

  private static final Key<String> URL =
      Key.required(
          "url",
          Scalar.text("URL", null, AdminOidcConfig::url),
          "Where browsers reach dashboard and API, as they write it: `https://HOST[:PORT]`, or"
              + " `http://...` on this machine only. The provider has to know it with `"
              + AdminOidcConfig.CALLBACK
              + "` behind it as a redirect URI.",
          "https://ops.example");
  private static final Key<String> NAME_CLAIM =
      Key.of(
          "name-claim",
          Scalar.text("claim", null, JwtConfig::said),
          AdminOidcConfig.DEFAULT_NAME_CLAIM,
          "Claim that audit events and the dashboard call people by; `sub` is named beside it.",
          "email");
  private static final Key<AdminConfig.Role> ROLE =
      Key.required("role", Scalar.word(AdminConfig.Role.class), "What they may do.", "viewer");
  private static final Key<Map<String, String>> REQUIRED =
      Key.required(
          "require",
          ClaimKeys.REQUIRED.shape(),
          "Claims with the value they must have, all of them; of a list, one must be that. `email`"
              + " counts only with `email_verified`.",
          "{ groups: ops }");
  private static final Key<List<AdminOidcConfig.Rule>> ROLES =
      Key.required(
          "roles",
          new ListOf<>(
              "rules",
              new Obj<>(
                  "sign-in-role",
                  "Who of those that sign in has a role.",
                  List.of(ROLE, REQUIRED),
                  List.of(),
                  null,
                  (values, _) -> new AdminOidcConfig.Rule(values.get(ROLE), values.get(REQUIRED)))),
          "Rules: the highest role that somebody fulfils counts. Whoever fulfils none may do"
              + " nothing.",
          "[ { role: operator, require: { groups: ops } } ]");

  static final Key<AdminOidcConfig> OF_ADMIN =
      Key.computed(
          "oidc",
          new Obj<>(
              "sign-in",
              "Lets people come in who have signed in at a provider of OpenID Connect; see"
                  + " [dashboard.md](dashboard.md#people-who-sign-in).",
              with(URL, NAME_CLAIM, ROLES),
              List.of(),
              null,
              (values, _) ->
                  new AdminOidcConfig(
                      client(values), values.get(URL), values.get(NAME_CLAIM), values.get(ROLES))),
          "none",
          "People who sign in at a provider of OpenID Connect, and what they may do.",
          "{ url: https://ops.example, issuer: https://login.example, client-id: fairlead, roles: [ {"
              + " role: operator, require: { groups: ops } } ] }");

  private OidcLanguage() {}

  private static List<Key<?>> with(Key<?>... more) {
    List<Key<?>> keys = new ArrayList<>(CLIENT);
    keys.addAll(List.of(more));
    return List.copyOf(keys);
  }

  private static OidcClientConfig client(Values values) {
    String issuer = values.get(ISSUER);
    List<Path> ca = values.get(OutboundKeys.CA);
    new Require()
        .that(
            ca.isEmpty() || issuer.startsWith("https:"),
            "ca",
            null,
            "must not be given without https")
        .orRefuse();
    TlsLanguage.readAuthorities("ca", ca);
    return new OidcClientConfig(
        issuer,
        ca,
        values.get(CLIENT_ID),
        Optional.ofNullable(values.find(CLIENT_SECRET)),
        values.get(SCOPES),
        values.get(SESSION),
        values.get(KEY),
        values.get(ALGORITHMS),
        values.get(LEEWAY),
        values.get(REFRESH));
  }
}
