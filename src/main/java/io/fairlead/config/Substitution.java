package io.fairlead.config;

import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** {@code ${NAME}} and {@code ${NAME:-default}} in values; {@code $$} is one dollar sign. */
final class Substitution {
  private static final Pattern DOLLAR =
      Pattern.compile("\\$\\$|\\$\\{([A-Za-z_][A-Za-z0-9_]*)(:-([^}]*))?\\}|\\$\\{");

  private Substitution() {}

  /** The text with every reference replaced; refuses a name that is not set and has no default. */
  static String apply(String text, Function<String, @Nullable String> env) {
    if (text.indexOf('$') < 0) {
      return text;
    }
    StringBuilder result = new StringBuilder();
    Matcher dollar = DOLLAR.matcher(text);
    while (dollar.find()) {
      dollar.appendReplacement(result, Matcher.quoteReplacement(replacement(dollar, env)));
    }
    return dollar.appendTail(result).toString();
  }

  private static String replacement(Matcher dollar, Function<String, @Nullable String> env) {
    if (dollar.group().equals("$$")) {
      return "$";
    }
    String name = dollar.group(1);
    if (name == null) {
      throw Require.refusal("must have a name and '}' after '${'; a dollar sign is written $$");
    }
    String value = env.apply(name);
    String otherwise = dollar.group(3);
    if ((value == null || value.isEmpty()) && otherwise != null) {
      return otherwise;
    }
    if (value == null) {
      throw Require.refusal("needs the environment variable " + name + ", which is not set");
    }
    return value;
  }
}
