package io.fairlead.config;

import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * What of a request decides which node it gets where the method is hashing.
 *
 * @param kind where to look
 * @param name of the field, cookie or parameter; empty for the other kinds
 */
public record HashKey(Kind kind, String name) {
  public static final HashKey CLIENT_IP = new HashKey(Kind.CLIENT_IP, "");

  /** Where to look. */
  public enum Kind {
    CLIENT_IP,
    HEADER,
    COOKIE,
    PATH,
    QUERY
  }

  /**
   * {@code client-ip}, {@code path}, {@code header:NAME}, {@code cookie:NAME}, {@code query:NAME}.
   */
  static HashKey parse(String text) {
    if (text.equals("client-ip")) {
      return CLIENT_IP;
    }
    if (text.equals("path")) {
      return new HashKey(Kind.PATH, "");
    }
    int colon = text.indexOf(':');
    String name = text.substring(colon + 1);
    String lower = name.toLowerCase(Locale.ROOT);
    return switch (text.substring(0, Math.max(0, colon))) {
      case "header" -> named(Kind.HEADER, lower, Syntax.headerName(lower));
      case "cookie" -> named(Kind.COOKIE, name, Syntax.cookieName(name));
      case "query" -> named(Kind.QUERY, name, Syntax.parameterName(name));
      default ->
          throw Require.refusal("must be client-ip, path, header:NAME, cookie:NAME or query:NAME");
    };
  }

  private static HashKey named(Kind kind, String name, @Nullable String objection) {
    if (objection != null) {
      throw Require.refusal(objection);
    }
    return new HashKey(kind, name);
  }

  @Override
  public String toString() {
    String where = Units.word(kind);
    return name.isEmpty() ? where : where + ":" + name;
  }
}
