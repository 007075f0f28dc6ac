package io.fairlead.config;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What is changed in the fields of a message that passes through. Names are in lower case; values
 * are {@linkplain Template templates} of {@link Variable}s.
 *
 * @param remove fields that do not go on
 * @param set fields that go on with this value and no other
 * @param add fields that go on beside those of the same name
 */
public record HeaderEdits(
    List<String> remove, Map<String, String> set, Map<String, List<String>> add) {
  public static final HeaderEdits NONE = new HeaderEdits(List.of(), Map.of(), Map.of());

  /** Where a message ends, how it travels, and what Fairlead says about itself. */
  private static final Set<String> OURS =
      Set.of(
          "connection",
          "content-length",
          "expect",
          "fairlead-error",
          "forwarded",
          "host",
          "http2-settings",
          "keep-alive",
          "proxy-authenticate",
          "proxy-authorization",
          "proxy-connection",
          "te",
          "trailer",
          "transfer-encoding",
          "upgrade",
          "via",
          "x-forwarded-client-cert",
          "x-forwarded-for",
          "x-forwarded-proto",
          "x-request-id");

  /** Fields that a value may speak of, each a property of the request that no client can break. */
  public enum Variable {
    CLIENT_IP,
    HOST,
    METHOD,
    PATH,
    REQUEST_ID,
    ROUTE,
    SCHEME;

    String word() {
      return Units.word(this);
    }
  }

  public HeaderEdits {
    remove = List.copyOf(remove);
    set = Collections.unmodifiableMap(new LinkedHashMap<>(set));
    add = Collections.unmodifiableMap(new LinkedHashMap<>(add));
    Require require = new Require();
    for (int i = 0; i < remove.size(); i++) {
      require.unless(name(remove.get(i)), List.of("remove", "[" + i + "]"), remove.get(i));
    }
    set.forEach((name, value) -> check(require, "set", name, List.of(value)));
    add.forEach((name, values) -> check(require, "add", name, values));
    require.orRefuse();
  }

  private static void check(Require require, String key, String name, List<String> values) {
    require.unless(name(name), List.of(key, name), name);
    values.forEach(value -> require.unless(value(value), List.of(key, name), value));
  }

  public boolean isEmpty() {
    return remove.isEmpty() && set.isEmpty() && add.isEmpty();
  }

  /** What is wrong with the name of a field to be edited. */
  public static @Nullable String name(String name) {
    String syntax = Syntax.headerName(name);
    if (syntax != null) {
      return syntax;
    }
    // Some applications read an underscore as a hyphen.
    String twin = name.replace('_', '-');
    if (twin.equals("host")) {
      return "must not be edited here: rewrite.host says what nodes get";
    }
    return OURS.contains(twin)
        ? "must not be edited: Fairlead writes it itself, or it decides how the message is read"
        : null;
  }

  /** What is wrong with a value. */
  static @Nullable String value(String value) {
    String syntax = Syntax.headerValue(value);
    return syntax != null
        ? syntax
        : Template.objection(value, Template.Kind.FIELD, HeaderEdits::variable);
  }

  private static @Nullable String variable(String name) {
    return words().contains(name)
        ? null
        : "must name a variable that there is" + Suggest.among(name, words());
  }

  private static List<String> words() {
    return java.util.Arrays.stream(Variable.values()).map(Variable::word).toList();
  }
}
