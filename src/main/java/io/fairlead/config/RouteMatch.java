package io.fairlead.config;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * What a request must look like; every part that is given has to match. A value is exact, or has
 * {@code *} for any characters, or is {@code *}: there at all.
 *
 * @param hosts {@code shop.example} or {@code *.shop.example} (one or more labels in front), any of
 *     them; lower case, without port; empty: any
 * @param paths exact ({@code /a/b}), with {@code *} or {@code {name}} for one segment or {@code **}
 *     at the end for any rest including none ({@code /api/**} matches {@code /api} too); any of
 *     them; empty: any
 * @param methods any of them; empty: any
 * @param headers name in lower case → value
 * @param queries name of a parameter → value, both as they are meant, not as they are encoded
 * @param cookies name → value
 * @param clients networks, any of which the client's address must lie in; empty: any
 * @param alpn application protocols of TLS, any of which the client must offer; empty: any
 */
public record RouteMatch(
    List<String> hosts,
    List<String> paths,
    List<String> methods,
    Map<String, String> headers,
    Map<String, String> queries,
    Map<String, String> cookies,
    List<Cidr> clients,
    List<String> alpn) {
  public static final RouteMatch ANY = new RouteMatch(List.of(), List.of(), List.of(), Map.of());

  /** A value with stars is compared piece by piece: long ones would cost long looks. */
  static final int MAX_GLOB = 256;

  /** Of connections, of which no more is known. */
  public RouteMatch(List<String> hosts, List<String> alpn) {
    this(hosts, List.of(), List.of(), Map.of(), Map.of(), Map.of(), List.of(), alpn);
  }

  /** By the parts that say most. */
  public RouteMatch(
      List<String> hosts, List<String> paths, List<String> methods, Map<String, String> headers) {
    this(hosts, paths, methods, headers, Map.of(), Map.of(), List.of(), List.of());
  }

  public RouteMatch {
    alpn = List.copyOf(alpn);
    hosts = List.copyOf(hosts);
    paths = List.copyOf(paths);
    methods = List.copyOf(methods);
    headers = Collections.unmodifiableMap(new LinkedHashMap<>(headers));
    queries = Collections.unmodifiableMap(new LinkedHashMap<>(queries));
    cookies = Collections.unmodifiableMap(new LinkedHashMap<>(cookies));
    clients = List.copyOf(clients);
    Require require = new Require();
    each(require, "alpn", alpn, RouteMatch::protocol);
    each(require, "host", hosts, Syntax::hostPattern);
    each(require, "path", paths, Syntax::pathPattern);
    each(require, "method", methods, Syntax::method);
    values(require, "header", headers, Syntax::headerName, RouteMatch::headerValue);
    values(require, "query", queries, Syntax::parameterName, RouteMatch::parameterValue);
    values(require, "cookie", cookies, Syntax::cookieName, RouteMatch::headerValue);
    require.orRefuse();
  }

  /** RFC 7301, 3.1: 1 to 255 bytes; those that are registered are printable. */
  private static @Nullable String protocol(String name) {
    return name.matches("[!-~]{1,255}") ? null : "must be 1 to 255 printable characters";
  }

  private static void each(
      Require require, String key, List<String> values, Function<String, @Nullable String> rule) {
    for (int i = 0; i < values.size(); i++) {
      require.unless(rule.apply(values.get(i)), List.of(key, "[" + i + "]"), values.get(i));
    }
  }

  private static void values(
      Require require,
      String key,
      Map<String, String> values,
      Function<String, @Nullable String> nameRule,
      Function<String, @Nullable String> valueRule) {
    values.forEach((name, value) ->
        require
            .unless(nameRule.apply(name), List.of(key, name), name)
            .unless(valueRule.apply(value), List.of(key, name), value));
  }

  static @Nullable String headerValue(String text) {
    String syntax = Syntax.headerValue(text);
    return syntax != null ? syntax : glob(text);
  }

  static @Nullable String parameterValue(String text) {
    return text.length() > 4096 ? "must be at most 4096 characters" : glob(text);
  }

  private static @Nullable String glob(String text) {
    return text.indexOf('*') >= 0 && text.length() > MAX_GLOB
        ? "must be at most " + MAX_GLOB + " characters if it has '*'"
        : null;
  }

  /** Whether every request matches that {@code later} could match, by the crude signs alone. */
  boolean leavesNothingFor(RouteMatch later) {
    return hosts.isEmpty()
        && methods.isEmpty()
        && headers.isEmpty()
        && queries.isEmpty()
        && cookies.isEmpty()
        && clients.isEmpty()
        && alpn.isEmpty()
        && (paths.isEmpty() || (paths.contains("/**") && !later.paths.isEmpty()));
  }
}
