package io.fairlead.route;

import io.fairlead.config.Cidr;
import io.fairlead.config.RouteMatch;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
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
    if (!rule.clients().isEmpty()
        && rule.clients().stream().noneMatch(network -> contains(network, request))) {
      return "client " + client(request) + " is not in " + anyOf(texts(rule.clients()));
    }
    for (Map.Entry<String, String> wanted : rule.headers().entrySet()) {
      int field = request.findField(wanted.getKey().getBytes(StandardCharsets.UTF_8), 0);
      String value =
          field < 0 ? null : text(request, request.valueStart(field), request.valueEnd(field));
      String reason = reason("header", wanted, value);
      if (reason != null) {
        return reason;
      }
    }
    for (Map.Entry<String, String> wanted : rule.queries().entrySet()) {
      String reason = reason("query parameter", wanted, parameter(wanted.getKey(), request));
      if (reason != null) {
        return reason;
      }
    }
    for (Map.Entry<String, String> wanted : rule.cookies().entrySet()) {
      String reason = reason("cookie", wanted, cookie(wanted.getKey(), request));
      if (reason != null) {
        return reason;
      }
    }
    return null;
  }

  private static @Nullable String reason(
      String what, Map.Entry<String, String> wanted, @Nullable String value) {
    if (value == null) {
      return what + " " + wanted.getKey() + " is absent";
    }
    if (globMatches(wanted.getValue(), value)) {
      return null;
    }
    return what
        + " "
        + wanted.getKey()
        + " is "
        + quoted(value)
        + ", not "
        + quoted(wanted.getValue());
  }

  /** As a table of which beginning of the pattern fits which beginning of the value. */
  static boolean globMatches(String pattern, String value) {
    boolean[] fits = new boolean[value.length() + 1];
    fits[0] = true;
    for (int at = 0; at < pattern.length(); at++) {
      char wanted = pattern.charAt(at);
      boolean[] next = new boolean[value.length() + 1];
      for (int i = 0; i <= value.length(); i++) {
        next[i] =
            wanted == '*'
                ? fits[i] || (i > 0 && next[i - 1])
                : i > 0 && fits[i - 1] && value.charAt(i - 1) == wanted;
      }
      fits = next;
    }
    return fits[value.length()];
  }

  private static @Nullable String parameter(String name, RequestView request) {
    String query = text(request, request.queryStart(), request.queryEnd());
    if (query.isEmpty()) {
      return null;
    }
    for (String pair : query.substring(1).split("&", -1)) {
      int equals = pair.indexOf('=');
      String key = equals < 0 ? pair : pair.substring(0, equals);
      // An empty pair is no parameter, and no rule asks for one without a name.
      if (decoded(key).equals(name)) {
        return equals < 0 ? "" : decoded(pair.substring(equals + 1));
      }
    }
    return null;
  }

  private static String decoded(String text) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    java.io.ByteArrayOutputStream out = new java.io.ByteArrayOutputStream();
    for (int i = 0; i < bytes.length; i++) {
      String next = i + 2 < bytes.length ? new String(bytes, i + 1, 2, StandardCharsets.UTF_8) : "";
      if (bytes[i] == '%' && next.matches("[0-9A-Fa-f]{2}")) {
        out.write(Integer.parseInt(next, 16));
        i += 2;
      } else {
        out.write(bytes[i] == '+' ? ' ' : bytes[i]);
      }
    }
    return out.toString(StandardCharsets.UTF_8);
  }

  private static @Nullable String cookie(String name, RequestView request) {
    byte[] cookie = "cookie".getBytes(StandardCharsets.UTF_8);
    for (int field = request.findField(cookie, 0);
        field >= 0;
        field = request.findField(cookie, field + 1)) {
      String value = text(request, request.valueStart(field), request.valueEnd(field));
      for (String pair : value.split(";", -1)) {
        String trimmed = pair.replaceAll("^[ \\t]+|[ \\t]+$", "");
        if (trimmed.startsWith(name + "=")) {
          return trimmed.substring(name.length() + 1).replaceAll("^[ \\t]+$", "");
        }
      }
    }
    return null;
  }

  private static boolean contains(Cidr network, RequestView request) {
    return network.contains(address(request));
  }

  private static InetAddress address(RequestView request) {
    byte[] bytes =
        ByteBuffer.allocate(16).putLong(request.clientHigh()).putLong(request.clientLow()).array();
    try {
      return InetAddress.getByAddress(bytes); // a mapped IPv4 address becomes what it is
    } catch (UnknownHostException e) {
      throw new IllegalStateException("16 bytes are an address", e);
    }
  }

  private static String client(RequestView request) {
    return address(request).getHostAddress();
  }

  private static List<String> texts(List<Cidr> networks) {
    return networks.stream().map(Cidr::toString).toList();
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
          || !(isAny(wanted[i]) ? !given[i].isEmpty() : wanted[i].equals(given[i]))) {
        return false;
      }
    }
    return given.length == wanted.length;
  }

  private static boolean isAny(String segment) {
    return segment.equals("*") || segment.matches("\\{.*\\}");
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
