package io.fairlead.config;

import java.nio.file.Path;
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

  private static final Key<BasicAuthConfig> BASIC_AUTH =
      Key.computed(
          "basic-auth",
          BASIC,
          "none",
          "Who knows a name and its password is let in.",
          "{ realm: back office, users: \"file:users.htpasswd\", user-header: x-user }");

  /** Those of a route. */
  static final List<Key<?>> KEYS = List.of(BASIC_AUTH);

  private AuthLanguage() {}

  static AuthConfig read(Values values) {
    return new AuthConfig(Optional.ofNullable(values.find(BASIC_AUTH)));
  }

  private static Scalar<Path> file() {
    return new Scalar<>(
        "file:PATH",
        "",
        Map.of("type", "string"),
        false,
        (text, folder) -> {
          String path = text.startsWith(FILE) ? text.substring(FILE.length()) : text;
          if (path.isEmpty() || path.indexOf('\0') >= 0) {
            throw Require.refusal("must be file:PATH");
          }
          return folder.resolve(path).normalize();
        });
  }

  private static Scalar<String> fieldName() {
    return Scalar.text(
        "field name", null, text -> text.toLowerCase(Locale.ROOT), HeaderEdits::name);
  }

  private static <T> T or(@Nullable T value, T otherwise) {
    return value == null ? otherwise : value;
  }
}
