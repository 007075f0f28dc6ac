package io.fairlead.route;

import io.fairlead.config.RouteMatch;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What {@code explain} says. Compares strings, route by route, sharing nothing with the index: so
 * the two can be held against each other.
 */
final class Refusals {
  private Refusals() {}

  /** What of the rule the request does not fulfil; null if it fulfils all. */
  static @Nullable String reason(RouteMatch rule, RequestView request) {
    String host = text(request, request.hostStart(), request.hostEnd());
    if (!rule.hosts().isEmpty() && rule.hosts().stream().noneMatch(h -> hostMatches(h, host))) {
      return "host " + quoted(host) + " is not " + anyOf(rule.hosts());
    }
    String path = text(request, request.pathStart(), request.pathEnd());
    if (!rule.paths().isEmpty() && rule.paths().stream().noneMatch(p -> pathMatches(p, path))) {
      return "path " + quoted(path) + " is not " + anyOf(rule.paths());
    }
    String method = text(request, request.methodStart(), request.methodEnd());
    if (!rule.methods().isEmpty() && !rule.methods().contains(method)) {
      return "method " + quoted(method) + " is not " + anyOf(rule.methods());
    }
    for (Map.Entry<String, String> header : rule.headers().entrySet()) {
      long found = request.findField(header.getKey().getBytes(StandardCharsets.UTF_8));
      if (found < 0) {
        return "header " + header.getKey() + " is absent";
      }
      String value = text(request, (int) (found >>> 32), (int) found);
      if (!header.getValue().equals("*") && !header.getValue().equals(value)) {
        return "header "
            + header.getKey()
            + " is "
            + quoted(value)
            + ", not "
            + quoted(header.getValue());
      }
    }
    return null;
  }

  static boolean hostMatches(String pattern, String host) {
    return pattern.startsWith("*.")
        ? host.length() >= pattern.length() && host.endsWith(pattern.substring(1))
        : pattern.equals(host);
  }

  static boolean pathMatches(String pattern, String path) {
    if (!path.startsWith("/")) {
      return false;
    }
    String[] wanted = pattern.substring(1).split("/", -1);
    String[] given = path.substring(1).split("/", -1);
    for (int i = 0; i < wanted.length; i++) {
      if (i == wanted.length - 1 && wanted[i].equals("**")) {
        return true;
      }
      if (i >= given.length
          || !(wanted[i].equals("*") ? !given[i].isEmpty() : wanted[i].equals(given[i]))) {
        return false;
      }
    }
    return given.length == wanted.length;
  }

  private static String anyOf(List<String> wanted) {
    return String.join(" or ", wanted);
  }

  private static String quoted(String value) {
    return "\"" + value + "\"";
  }

  private static String text(RequestView request, int start, int end) {
    return new String(request.bytes(), start, end - start, StandardCharsets.UTF_8);
  }
}
