package io.fairlead.config;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** The part of {@link RouteLanguage} that speaks of who may ask. */
final class AuthLanguage {
  private static final String FILE = "file:";

  private static final Key<String> REALM =
      Key.of(
          "realm",
          Scalar.text("text", null, BasicAuthConfig::realm),
          BasicAuthConfig.DEFAULT_REALM,
          "What clients are told that the password is for.",
          "back office");
  private static final Key<Path> USERS =
      Key.required(
          "users",
          file(),
          "File with a line `NAME:HASH` for each user, hashes by bcrypt as `htpasswd -B` makes"
              + " them. It is read again when it changes.",
          "\"file:users.htpasswd\"");
  private static final Key<String> USER_HEADER =
      Key.computed(
          "user-header",
          fieldName(),
          "nodes are not told",
          "Field in which nodes get the name; what a client says in such a field goes nowhere.",
          "x-user");
  private static final Key<Boolean> PASS_CREDENTIALS =
      Key.of(
          "pass-credentials",
          Scalar.flag(),
          false,
          "Whether nodes get the field `authorization` as the client sent it.",
          "true");
  private static final Key<Rate> ATTEMPTS =
      Key.of(
          "attempts",
          RouteLanguage.rate(),
          BasicAuthConfig.DEFAULT_ATTEMPTS,
          "Passwords of one client address (IPv6: of its /64) that are checked on average, ten times"
              + " that at once after a pause; beyond that the answer is 429. A password that was"
              + " good a short while ago is not counted.",
          "1/s");

  private static final Obj<BasicAuthConfig> BASIC =
      new Obj<>(
          "basic-auth",
          "Lets in who knows a name and its password (RFC 7617); others are answered with 401.",
          List.of(REALM, USERS, USER_HEADER, PASS_CREDENTIALS, ATTEMPTS),
          List.of(),
          null,
          (values, _) ->
              new BasicAuthConfig(
                  values.get(REALM),
                  values.get(USERS),
                  or(values.find(USER_HEADER), ""),
                  values.get(PASS_CREDENTIALS),
                  values.get(ATTEMPTS)));

  private static final Key<String> ISSUER =
      Key.required(
          "issuer",
          ClaimKeys.SAID,
          "Who makes the tokens, as their claim `iss` says.",
          "https://login.example");
  private static final Key<List<String>> AUDIENCE =
      Key.required(
          "audience",
          new ListOf<>("audiences", ClaimKeys.SAID),
          "Whom a token has to be for; any of these in its claim `aud`.",
          "shop");
  private static final Key<JwtConfig.Keys> JWKS =
      Key.required(
          "jwks",
          new Scalar<>(
              "URL or file:PATH", "", Map.of("type", "string"), false, AuthLanguage::source),
          "Where the public keys of the issuer are (RFC 7517): `https://...`, `http://...` on this"
              + " machine only, or `file:PATH`, which is read again when it changes.",
          "https://login.example/keys.json");
  private static final Key<List<JwtConfig.Algorithm>> ALGORITHMS =
      Key.of(
          "algorithms",
          new ListOf<>(
              "algorithms",
              Scalar.words("algorithm", List.of(JwtConfig.Algorithm.values()), Enum::name)),
          JwtConfig.DEFAULT_ALGORITHMS,
          "RS256, ES256",
          "How tokens may be signed; never without a signature, never with a key that both have.",
          "[RS256]");
  private static final Key<Duration> LEEWAY =
      Key.of(
          "leeway",
          Scalar.duration(JwtConfig.LEEWAY),
          JwtConfig.DEFAULT_LEEWAY,
          "By which the clocks of the issuer and of this machine may differ.",
          "1m");
  private static final Key<Duration> REFRESH =
      Key.of(
          "refresh",
          Scalar.duration(JwtConfig.REFRESH),
          JwtConfig.DEFAULT_REFRESH,
          "How often keys are fetched from a URL; besides, when a token names one that is not there,"
              + " but not within five seconds.",
          "1h");

  private static final Obj<JwtConfig> TOKEN =
      new Obj<>(
          "jwt",
          "Lets in who has a signed token (RFC 7519) in `authorization: Bearer`; others are answered"
              + " with 401 as in RFC 6750.",
          List.of(
              ISSUER,
              AUDIENCE,
              JWKS,
              OutboundKeys.CA,
              ALGORITHMS,
              ClaimKeys.REQUIRED,
              ClaimKeys.FORWARD,
              LEEWAY,
              REFRESH,
              PASS_CREDENTIALS),
          List.of(),
          null,
          AuthLanguage::token);

  private static final Key<JwtConfig> JWT =
      Key.computed(
          "jwt",
          TOKEN,
          "none",
          "Who has a signed token is let in.",
          "{ issuer: https://login.example, audience: shop, jwks: https://login.example/keys.json }");

  private static final Key<BasicAuthConfig> BASIC_AUTH =
      Key.computed(
          "basic-auth",
          BASIC,
          "none",
          "Who knows a name and its password is let in.",
          "{ realm: back office, users: \"file:users.htpasswd\", user-header: x-user }");

  private static final Key<String> SERVICE =
      Key.required("service", RouteLanguage.SERVICE_NAME, "Who is asked.", "login");
  private static final Key<String> PATH =
      Key.of(
          "path",
          Scalar.text("path", "/.*", Syntax::probePath),
          "/",
          "What it is asked for, by GET.",
          "/auth");
  private static final Key<Duration> TIMEOUT =
      Key.of(
          "timeout",
          Scalar.duration(ExtAuthConfig.TIMEOUT),
          ExtAuthConfig.DEFAULT_TIMEOUT,
          "For its answer, all tries together.",
          "500ms");
  private static final Scalar<String> FIELD =
      Scalar.text("field name", null, text -> text.toLowerCase(Locale.ROOT), Syntax::headerName);
  private static final Key<List<String>> SEND =
      Key.of(
          "send",
          new ListOf<>("field names", FIELD),
          ExtAuthConfig.DEFAULT_SEND,
          "authorization, cookie",
          "Fields of the request that it gets, besides `x-forwarded-method`, `x-forwarded-host` and"
              + " `x-forwarded-uri`.",
          "[cookie]");
  private static final Key<List<String>> TAKE =
      Key.of(
          "take",
          new ListOf<>("field names", fieldName()),
          List.of(),
          "none",
          "Fields of its answer that nodes get; what a client says in such a field goes nowhere.",
          "[x-user, x-groups]");
  private static final Key<ExtAuthConfig.Fail> FAIL =
      Key.of(
          "fail",
          Scalar.word(ExtAuthConfig.Fail.class),
          ExtAuthConfig.Fail.CLOSED,
          "What becomes of a request when there is no answer in time, or one that says neither yes"
              + " nor no: `closed` turns it away with 503, `open` lets it in.",
          "open");

  private static final Obj<ExtAuthConfig> EXT =
      new Obj<>(
          "ext-auth",
          "Asks a service about each request. 2xx lets it in; 401, 403 and a redirection go to the"
              + " client.",
          List.of(SERVICE, PATH, TIMEOUT, SEND, TAKE, FAIL),
          List.of(),
          null,
          (values, _) ->
              new ExtAuthConfig(
                  values.get(SERVICE),
                  values.get(PATH),
                  values.get(TIMEOUT),
                  values.get(SEND),
                  values.get(TAKE),
                  values.get(FAIL)));

  private static final Key<ExtAuthConfig> EXT_AUTH =
      Key.computed(
          "ext-auth",
          EXT,
          "none",
          "Whom that service lets in.",
          "{ service: login, path: /auth, take: [x-user] }");

  /** Those of a route. */
  static final List<Key<?>> KEYS = List.of(BASIC_AUTH, JWT, OidcLanguage.OF_ROUTE, EXT_AUTH);

  private AuthLanguage() {}

  static AuthConfig read(Values values) {
    return new AuthConfig(
        Optional.ofNullable(values.find(BASIC_AUTH)),
        Optional.ofNullable(values.find(JWT)),
        Optional.ofNullable(values.find(OidcLanguage.OF_ROUTE)),
        Optional.ofNullable(values.find(EXT_AUTH)));
  }

  private static JwtConfig token(Values values, Spot at) {
    List<Path> ca = values.get(OutboundKeys.CA);
    JwtConfig.Keys keys = values.get(JWKS);
    new Require()
        .that(
            ca.isEmpty() || keys.toString().startsWith("https:"),
            "ca",
            null,
            "must not be given without https")
        .orRefuse();
    TlsLanguage.readAuthorities("ca", ca);
    if (keys instanceof JwtConfig.Keys.Url(String url, _)) {
      keys = new JwtConfig.Keys.Url(url, ca);
    }
    return new JwtConfig(
        values.get(ISSUER),
        values.get(AUDIENCE),
        keys,
        values.get(ALGORITHMS),
        values.get(ClaimKeys.REQUIRED),
        values.get(ClaimKeys.FORWARD),
        values.get(LEEWAY),
        values.get(REFRESH),
        values.get(PASS_CREDENTIALS));
  }

  /** Whoever can change keys on the way makes tokens: not without TLS, but on this machine. */
  private static JwtConfig.Keys source(String text, Path folder) {
    if (text.startsWith(FILE)) {
      return new JwtConfig.Keys.File(file(text, folder));
    }
    boolean here = text.matches("http://(localhost|127\\.[0-9.]+|\\[::1])(:[0-9]{1,5})?(/.*)?");
    if (ReceiverConfig.url(text) != null || (!here && !text.startsWith("https:"))) {
      throw Require.refusal("must be a URL with https, with http on this machine, or file:PATH");
    }
    return new JwtConfig.Keys.Url(text, List.of());
  }

  private static Scalar<Path> file() {
    return new Scalar<>("file:PATH", "", Map.of("type", "string"), false, AuthLanguage::file);
  }

  private static Path file(String text, Path folder) {
    String path = text.startsWith(FILE) ? text.substring(FILE.length()) : text;
    if (path.isEmpty() || path.indexOf('\0') >= 0) {
      throw Require.refusal("must be file:PATH");
    }
    return folder.resolve(path).normalize();
  }

  private static Scalar<String> fieldName() {
    return Scalar.text(
        "field name", null, text -> text.toLowerCase(Locale.ROOT), HeaderEdits::name);
  }

  private static <T> T or(@Nullable T value, T otherwise) {
    return value == null ? otherwise : value;
  }
}
