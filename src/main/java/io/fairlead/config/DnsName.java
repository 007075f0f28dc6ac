package io.fairlead.config;

import java.util.Locale;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Names of the DNS as they are written in the configuration: lower case, no dot at the end. */
final class DnsName {
  /** The name of a zone itself, as the name of one of its records. */
  static final String APEX = "@";

  static final String PATTERN = "[A-Za-z0-9_*@]([A-Za-z0-9._-]*[A-Za-z0-9_.])?";
  private static final Pattern LABELS =
      Pattern.compile(
          "[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?(\\.[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?)*");
  private static final int MAX_TEXT = 253;

  private DnsName() {}

  static String normal(String text) {
    String lower = text.toLowerCase(Locale.ROOT);
    return lower.endsWith(".") ? lower.substring(0, lower.length() - 1) : lower;
  }

  /** What is wrong with the name of a zone or a server; null: nothing. */
  static @Nullable String absolute(String text) {
    return text.length() <= MAX_TEXT && LABELS.matcher(text).matches()
        ? null
        : "must be a name of the DNS such as lb.example.com";
  }

  /** What is wrong with a name below a zone; null: nothing. */
  static @Nullable String relative(String text) {
    String name = text.startsWith("*.") ? text.substring(2) : text;
    return text.equals(APEX) || text.equals("*") || absolute(name) == null
        ? null
        : "must be a name below the zone such as www, @ for the zone itself, or *.www";
  }

  /** The whole name. */
  static String of(String relative, String zone) {
    return relative.equals(APEX) ? zone : relative + "." + zone;
  }

  static boolean isBelow(String name, String zone) {
    return name.equals(zone) || name.endsWith("." + zone);
  }
}
