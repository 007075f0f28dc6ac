package io.fairlead.route;

import io.fairlead.config.RouteMatch;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** The part of a rule that is not indexed: methods and headers. */
final class Condition {
  private final byte[][] methods;
  private final byte[][] headerNames;

  /** Null: any value. */
  private final byte[] @Nullable [] headerValues;

  private Condition(byte[][] methods, byte[][] headerNames, byte[] @Nullable [] headerValues) {
    this.methods = methods;
    this.headerNames = headerNames;
    this.headerValues = headerValues;
  }

  static Condition of(RouteMatch rule) {
    return new Condition(
        rule.methods().stream().map(Condition::bytes).toArray(byte[][]::new),
        rule.headers().keySet().stream().map(Condition::bytes).toArray(byte[][]::new),
        rule.headers().values().stream()
            .map(value -> value.equals("*") ? null : bytes(value))
            .toArray(byte[][]::new));
  }

  boolean isMet(RequestView request) {
    return methodIsMet(request) && headersAreMet(request);
  }

  private boolean methodIsMet(RequestView request) {
    if (methods.length == 0) {
      return true;
    }
    for (byte[] method : methods) {
      if (isEqual(method, request, request.methodStart(), request.methodEnd())) {
        return true;
      }
    }
    return false;
  }

  private boolean headersAreMet(RequestView request) {
    for (int i = 0; i < headerNames.length; i++) {
      long found = request.findField(headerNames[i]);
      byte[] wanted = headerValues[i];
      if (found < 0
          || (wanted != null && !isEqual(wanted, request, (int) (found >>> 32), (int) found))) {
        return false;
      }
    }
    return true;
  }

  private static boolean isEqual(byte[] wanted, RequestView request, int start, int end) {
    return Arrays.equals(wanted, 0, wanted.length, request.bytes(), start, end);
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }
}
