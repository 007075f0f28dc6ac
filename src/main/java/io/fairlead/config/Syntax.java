package io.fairlead.config;

import java.net.IDN;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The small grammars inside values: names, hosts, paths, tokens. Each check answers null, or the
 * rule that does not hold; rules never repeat the value.
 */
final class Syntax {
  static final String NAME_PATTERN = "[a-z0-9][a-z0-9._-]{0,62}";
  static final String TOKEN_PATTERN = "[!#$%&'*+.^_`|~0-9A-Za-z-]{1,256}";
  static final String METHOD_PATTERN = "[!#$%&'*+.^_`|~0-9A-Z-]{1,32}";
  static final int MAX_PATTERN = 2048;

  private static final Pattern NAME = Pattern.compile(NAME_PATTERN);
  // A route's default name is its listener's name and a number.
  private static final Pattern ROUTE_NAME = Pattern.compile("[a-z0-9][a-z0-9._-]{0,79}");
  private static final Pattern TOKEN = Pattern.compile(TOKEN_PATTERN);
  private static final Pattern METHOD = Pattern.compile(METHOD_PATTERN);
  private static final Pattern NODE_NAME = Pattern.compile("[!#-\\[\\]-~]{1,262}");
  private static final Pattern ZONE = Pattern.compile("[A-Za-z0-9._-]{0,63}");
  private static final Pattern FIELD_VALUE =
      Pattern.compile(
          "[!-~\\x{80}-\\x{10FFFF}]([\\t -~\\x{80}-\\x{10FFFF}]{0,4094}[!-~\\x{80}-\\x{10FFFF}])?");
  private static final Pattern IPV4 =
      Pattern.compile("((25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])(\\.(?!$)|$)){4}");
  private static final Pattern DOTTED_DIGITS = Pattern.compile("(.*\\.)?[0-9]+\\.?");
  private static final Pattern HOST_NAME =
      Pattern.compile(
          "(?=.{1,253}$)[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"
              + "(\\.[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?)*");
  private static final Pattern CAPTURE = Pattern.compile("\\{[a-z][a-z0-9-]{0,31}\\}");
  private static final Pattern SEGMENT = Pattern.compile("[A-Za-z0-9._~!$&'()+,;=:@%-]*");
  // Not: a digit, letter, '-', '.', '_' or '~', which normalisation decodes; a slash, a backslash
  // or NUL, which no request may encode.
  private static final Pattern PLAIN_OR_ENCODED =
      Pattern.compile(
          "([^%]|%(?!3[0-9]|[46][1-9A-F]|[57][0-9A]|2D|2E|5F|7E|2F|5C|00)[0-9A-F]{2})*+");

  private Syntax() {}

  static @Nullable String name(String text) {
    return NAME.matcher(text).matches()
        ? null
        : "must be 1 to 63 of a-z, 0-9, '.', '_' and '-', starting with a letter or digit";
  }

  static @Nullable String routeName(String text) {
    return ROUTE_NAME.matcher(text).matches() ? null : name(text);
  }

  static @Nullable String nodeName(String text) {
    return NODE_NAME.matcher(text).matches()
        ? null
        : "must be 1 to 262 visible ASCII characters without spaces, quotes and backslashes";
  }

  static @Nullable String zone(String text) {
    return ZONE.matcher(text).matches()
        ? null
        : "must be at most 63 of letters, digits, '.', '_' and '-'";
  }

  static @Nullable String labelValue(String text) {
    return NODE_NAME.matcher(text).matches() && text.length() <= 63
        ? null
        : "must be 1 to 63 letters, digits or signs without spaces";
  }

  static @Nullable String method(String text) {
    if (METHOD.matcher(text).matches()) {
      return null;
    }
    return TOKEN.matcher(text).matches() && METHOD.matcher(text.toUpperCase(Locale.ROOT)).matches()
        ? "must be upper case: methods are case-sensitive"
        : "must be an HTTP method such as GET";
  }

  static @Nullable String headerName(String text) {
    if (!TOKEN.matcher(text).matches()) {
      return "must be a header name";
    }
    return text.equals(text.toLowerCase(Locale.ROOT)) ? null : "must be lower case";
  }

  static @Nullable String headerValue(String text) {
    return FIELD_VALUE.matcher(text).matches()
        ? null
        : "must be 1 to 4096 characters without line breaks and without spaces at its ends";
  }

  static boolean isIpv4(String text) {
    return IPV4.matcher(text).matches();
  }

  static boolean isIpv6(String text) {
    return text.indexOf(':') >= 0 && text.indexOf('%') < 0 && literal(text) != null;
  }

  private static @Nullable InetAddress literal(String text) {
    try {
      return InetAddress.ofLiteral(text);
    } catch (IllegalArgumentException notAnAddress) {
      return null;
    }
  }

  /** An address, IPv6 without brackets, or a name. */
  static @Nullable String host(String text) {
    if (isIpv4(text) || isIpv6(text)) {
      return null;
    }
    return HOST_NAME.matcher(text).matches() && !DOTTED_DIGITS.matcher(text).matches()
        ? null
        : "must be an IPv4 address, an IPv6 address in brackets, or a host name";
  }

  /** For addresses that came from a literal or the file; never asks a name server. */
  static boolean isLoopback(String host) {
    if (host.equalsIgnoreCase("localhost")) {
      return true;
    }
    InetAddress address = isIpv4(host) || isIpv6(host) ? literal(host) : null;
    return address != null && address.isLoopbackAddress();
  }

  static boolean isWildcard(String host) {
    InetAddress address = isIpv4(host) || isIpv6(host) ? literal(host) : null;
    return address != null && address.isAnyLocalAddress();
  }

  /** A host pattern as it is matched: lower case, names in their ASCII form (IDNA). */
  static String normalHostPattern(String text) {
    String prefix = text.startsWith("*.") ? "*." : "";
    String name = text.substring(prefix.length());
    try {
      return prefix + IDN.toASCII(name).toLowerCase(Locale.ROOT);
    } catch (IllegalArgumentException notAName) {
      return text;
    }
  }

  static @Nullable String hostPattern(String text) {
    if (text.equals("*")) {
      return "must be a host name; leave host out to match any";
    }
    if (text.startsWith("[") && text.endsWith("]")) {
      return isIpv6(text.substring(1, text.length() - 1)) ? null : "must be an IPv6 address";
    }
    String name = text.startsWith("*.") ? text.substring(2) : text;
    if (name.indexOf('*') >= 0) {
      return "may have '*' only as its whole first label";
    }
    if (name.indexOf(':') >= 0) {
      return "must be a host name without port";
    }
    if (host(name) != null || (isIpv4(name) && name.length() != text.length())) {
      return "must be a host name such as shop.example or *.shop.example";
    }
    return text.equals(text.toLowerCase(Locale.ROOT)) ? null : "must be lower case";
  }

  static @Nullable String pathPattern(String text) {
    if (!text.startsWith("/")) {
      return "must start with '/'";
    }
    if (text.length() > MAX_PATTERN) {
      return "must be at most " + MAX_PATTERN + " characters";
    }
    if (text.indexOf('?') >= 0 || text.indexOf('#') >= 0) {
      return "must not contain '?' or '#': the query is no part of the path";
    }
    if (!PLAIN_OR_ENCODED.matcher(text).matches()) {
      return "may have '%' only before upper-case hexadecimal digits of what stays encoded: paths are"
          + " matched after normalisation";
    }
    Set<String> names = new HashSet<>();
    int start = 1;
    while (start <= text.length()) {
      int slash = text.indexOf('/', start);
      int end = slash < 0 ? text.length() : slash;
      String segment = text.substring(start, end);
      if (segment.equals(".") || segment.equals("..")) {
        return "must not contain '.' or '..' segments: paths are matched after normalisation";
      }
      if (segment.equals("**")) {
        if (end < text.length()) {
          return "may have '**' only as its last segment";
        }
      } else if (segment.indexOf('{') >= 0 || segment.indexOf('}') >= 0) {
        if (!CAPTURE.matcher(segment).matches()) {
          return "may have braces only around a whole segment, which is a name such as {id}";
        }
        if (Rewrite.VARIABLES.contains(segment.substring(1, segment.length() - 1))) {
          return "must not call a segment " + segment + ": that name is taken";
        }
        if (!names.add(segment)) {
          return "must not have two segments of the same name";
        }
      } else if (segment.indexOf('*') >= 0 && segment.length() > 1) {
        return "may have '*' only as a whole segment";
      } else if (!segment.equals("*") && !SEGMENT.matcher(segment).matches()) {
        return "may contain letters, digits and -._~!$&'()+,;=:@ only";
      }
      start = end + 1;
    }
    return null;
  }

  /** What the places of a path pattern are called, in order; empty: it has a number only. */
  static List<String> captures(String pattern) {
    List<String> names = new ArrayList<>();
    for (String segment : pattern.split("/", -1)) {
      if (segment.equals("*") || segment.equals("**")) {
        names.add("");
      } else if (CAPTURE.matcher(segment).matches()) {
        names.add(segment.substring(1, segment.length() - 1));
      }
    }
    return names;
  }

  static @Nullable String parameterName(String text) {
    return !text.isEmpty() && text.length() <= 256 ? null : "must be 1 to 256 characters";
  }

  static @Nullable String cookieName(String text) {
    return TOKEN.matcher(text).matches() ? null : "must be the name of a cookie";
  }

  /** Value of a Host field: a host, maybe with a port. */
  static @Nullable String probeHost(String text) {
    int colon = text.endsWith("]") ? -1 : text.lastIndexOf(':');
    String port = colon < 0 ? "" : text.substring(colon + 1);
    String name = colon < 0 ? text : text.substring(0, colon);
    boolean bracketed = name.startsWith("[") && name.endsWith("]");
    String bare = bracketed ? name.substring(1, name.length() - 1) : name;
    return host(bare) == null && bracketed == bare.contains(":") && port.matches("[0-9]{0,5}")
        ? null
        : "must be a host name or address, maybe with a port";
  }

  /** A name in a certificate that is asked for (RFC 6066, 3), or an address. */
  static @Nullable String tlsName(String text) {
    return host(text) == null ? null : "must be a host name or an address";
  }

  /** What an HTTP probe asks for: a path, maybe with a query. */
  static @Nullable String probePath(String text) {
    if (!text.startsWith("/")) {
      return "must start with '/'";
    }
    return text.length() <= MAX_PATTERN
            && text.chars().allMatch(c -> c > ' ' && c < 127 && c != '#')
        ? null
        : "must be at most " + MAX_PATTERN + " visible ASCII characters without '#'";
  }
}
