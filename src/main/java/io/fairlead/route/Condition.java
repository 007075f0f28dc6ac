package io.fairlead.route;

import io.fairlead.config.Networks;
import io.fairlead.config.RouteMatch;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Map;

/** The part of a rule that is not indexed: methods, fields, parameters, cookies and clients. */
final class Condition {
  private static final byte[] COOKIE = bytes("cookie");

  private final byte[][] methods;
  private final Networks clients;
  private final Value[] headers;
  private final Value[] queries;
  private final Value[] cookies;

  /** A name, and what its value has to be. */
  private static final class Value {
    final byte[] name;
    final Glob exactName;
    final Glob wanted;

    Value(String name, String wanted) {
      this.name = bytes(name);
      this.exactName = Glob.exact(name);
      this.wanted = Glob.of(wanted);
    }
  }

  private Condition(RouteMatch rule) {
    methods = rule.methods().stream().map(Condition::bytes).toArray(byte[][]::new);
    clients = Networks.of(rule.clients());
    headers = values(rule.headers());
    queries = values(rule.queries());
    cookies = values(rule.cookies());
  }

  static Condition of(RouteMatch rule) {
    return new Condition(rule);
  }

  private static Value[] values(Map<String, String> wanted) {
    return wanted.entrySet().stream()
        .map(entry -> new Value(entry.getKey(), entry.getValue()))
        .toArray(Value[]::new);
  }

  boolean isMet(RequestView request) {
    return methodIsMet(request)
        && (clients.isEmpty() || clients.contains(request.clientHigh(), request.clientLow()))
        && (headers.length == 0 || headersAreMet(request))
        && (queries.length == 0 || queriesAreMet(request))
        && (cookies.length == 0 || cookiesAreMet(request));
  }

  private boolean methodIsMet(RequestView request) {
    if (methods.length == 0) {
      return true;
    }
    int start = request.methodStart();
    int end = request.methodEnd();
    for (byte[] method : methods) {
      if (Arrays.equals(method, 0, method.length, request.bytes(), start, end)) {
        return true;
      }
    }
    return false;
  }

  private boolean headersAreMet(RequestView request) {
    for (Value header : headers) {
      int field = request.findField(header.name, 0);
      if (field < 0
          || !header.wanted.matches(
              request.bytes(), request.valueStart(field), request.valueEnd(field), false)) {
        return false;
      }
    }
    return true;
  }

  private boolean queriesAreMet(RequestView request) {
    for (Value query : queries) {
      if (!isMet(query, request)) {
        return false;
      }
    }
    return true;
  }

  /** The first parameter of that name; one without an equals sign has the empty value. */
  private static boolean isMet(Value query, RequestView request) {
    byte[] bytes = request.bytes();
    int end = request.queryEnd();
    int at = request.queryStart() + 1;
    while (at < end) {
      int equals = -1;
      int next = at;
      for (; next < end && bytes[next] != '&'; next++) {
        if (bytes[next] == '=' && equals < 0) {
          equals = next;
        }
      }
      int nameEnd = equals < 0 ? next : equals;
      if (query.exactName.matches(bytes, at, nameEnd, true)) {
        return query.wanted.matches(bytes, equals < 0 ? next : equals + 1, next, true);
      }
      at = next + 1;
    }
    return false;
  }

  private boolean cookiesAreMet(RequestView request) {
    for (Value cookie : cookies) {
      if (!cookieIsMet(cookie, request)) {
        return false;
      }
    }
    return true;
  }

  /** Pairs with semicolons between them (RFC 6265, 5.4); HTTP/2 may cut them into fields. */
  private static boolean cookieIsMet(Value cookie, RequestView request) {
    byte[] bytes = request.bytes();
    for (int field = request.findField(COOKIE, 0);
        field >= 0;
        field = request.findField(COOKIE, field + 1)) {
      int end = request.valueEnd(field);
      int at = request.valueStart(field);
      while (at < end) {
        while (at < end && (bytes[at] == ' ' || bytes[at] == '\t')) {
          at++;
        }
        int next = at;
        while (next < end && bytes[next] != ';') {
          next++;
        }
        int valueStart = at + cookie.name.length + 1;
        if (valueStart <= next
            && bytes[valueStart - 1] == '='
            && Arrays.equals(cookie.name, 0, cookie.name.length, bytes, at, valueStart - 1)) {
          int valueEnd = next;
          while (valueEnd > valueStart
              && (bytes[valueEnd - 1] == ' ' || bytes[valueEnd - 1] == '\t')) {
            valueEnd--;
          }
          return cookie.wanted.matches(bytes, valueStart, valueEnd, false);
        }
        at = next + 1;
      }
    }
    return false;
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }
}
