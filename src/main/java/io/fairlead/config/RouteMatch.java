package io.fairlead.config;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * What a request must look like; every part that is given has to match.
 *
 * @param hosts {@code shop.example} or {@code *.shop.example} (one or more labels in front), any of
 *     them; lower case, without port; empty: any
 * @param paths exact ({@code /a/b}), with {@code *} for one segment or {@code **} at the end for
 *     any rest including none ({@code /api/**} matches {@code /api} too); any of them; empty: any
 * @param methods any of them; empty: any
 * @param headers name in lower case → value it must have; {@code *}: it must be there
 * @param alpn application protocols of TLS, any of which the client must offer; empty: any
 */
public record RouteMatch(
    List<String> hosts,
    List<String> paths,
    List<String> methods,
    Map<String, String> headers,
    List<String> alpn) {
  public static final RouteMatch ANY = new RouteMatch(List.of(), List.of(), List.of(), Map.of());

  /** Of requests, which know nothing of ALPN. */
  public RouteMatch(
      List<String> hosts, List<String> paths, List<String> methods, Map<String, String> headers) {
    this(hosts, paths, methods, headers, List.of());
  }

  public RouteMatch {
    alpn = List.copyOf(alpn);
    hosts = List.copyOf(hosts);
    paths = List.copyOf(paths);
    methods = List.copyOf(methods);
    headers = Collections.unmodifiableMap(new LinkedHashMap<>(headers));
    Require require = new Require();
    each(require, "alpn", alpn, RouteMatch::protocol);
    each(require, "host", hosts, Syntax::hostPattern);
    each(require, "path", paths, Syntax::pathPattern);
    each(require, "method", methods, Syntax::method);
    headers.forEach((name, value) ->
        require
            .unless(Syntax.headerName(name), List.of("header", name), name)
            .unless(Syntax.headerValue(value), List.of("header", name), value));
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

  /** Whether every request matches that {@code later} could match, by the crude signs alone. */
  boolean leavesNothingFor(RouteMatch later) {
    return hosts.isEmpty()
        && methods.isEmpty()
        && headers.isEmpty()
        && alpn.isEmpty()
        && (paths.isEmpty() || (paths.contains("/**") && !later.paths.isEmpty()));
  }
}
