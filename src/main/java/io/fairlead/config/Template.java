package io.fairlead.config;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Text with places that each request fills.
 *
 * @param parts in order; neighbouring texts are one
 */
public record Template(List<Part> parts) {
  /** How places are written. */
  public enum Kind {
    /** In values of fields: {@code $name}. */
    FIELD("\\$\\$|\\$([a-z]+(?:-[a-z]+)*)|\\$"),
    /** In paths and targets: {@code $1} for the first capture of the path, {@code {name}}. */
    TARGET("\\$\\$|\\$([1-9][0-9]?)(?![0-9])|\\{([a-z][a-z0-9-]*)\\}|[${}]");

    private final Pattern place;

    Kind(String place) {
      this.place = Pattern.compile(place);
    }
  }

  /** A piece of it. */
  public sealed interface Part {
    /** As it stands. */
    record Text(String text) implements Part {}

    /**
     * What the path had in place of a {@code *}, {@code **} or {@code {name}}.
     *
     * @param number from 1, in the order of the pattern
     */
    record Capture(int number) implements Part {}

    /** A named capture or a variable. */
    record Name(String name) implements Part {}
  }

  public Template {
    parts = List.copyOf(parts);
  }

  /**
   * Takes a text apart.
   *
   * @throws InvalidConfigException if a place is not written as it must be
   */
  public static Template parse(String text, Kind kind) {
    List<Part> parts = new ArrayList<>();
    StringBuilder literal = new StringBuilder();
    Matcher place = kind.place.matcher(text);
    int at = 0;
    while (place.find()) {
      literal.append(text, at, place.start());
      at = place.end();
      if (place.group().equals("$$")) {
        literal.append('$');
        continue;
      }
      Part part = part(place, kind);
      if (part == null) {
        throw Require.refusal(
            kind == Kind.FIELD
                ? "must have the name of a variable behind '$'; a dollar sign is written $$$$"
                : "must have '$' before a number from 1 to 99, and braces around a name, only");
      }
      if (!literal.isEmpty()) {
        parts.add(new Part.Text(literal.toString()));
        literal.setLength(0);
      }
      parts.add(part);
    }
    literal.append(text, at, text.length());
    if (!literal.isEmpty()) {
      parts.add(new Part.Text(literal.toString()));
    }
    return new Template(parts);
  }

  private static @Nullable Part part(Matcher place, Kind kind) {
    String first = place.group(1);
    if (kind == Kind.FIELD) {
      return first == null ? null : new Part.Name(first);
    }
    String name = place.group(2);
    return first != null
        ? new Part.Capture(Integer.parseInt(first))
        : name == null ? null : new Part.Name(name);
  }

  /** What is wrong with a text: how a place is written, or a name that {@code names} refuses. */
  static @Nullable String objection(
      String text, Kind kind, Function<String, @Nullable String> names) {
    try {
      for (Part part : parse(text, kind).parts()) {
        String objection = part instanceof Part.Name(String name) ? names.apply(name) : null;
        if (objection != null) {
          return objection;
        }
      }
      return null;
    } catch (InvalidConfigException e) {
      return e.violations().getFirst().rule();
    }
  }

  /** What it asks of the patterns of its route: null if each of them has all its captures. */
  @Nullable String missing(List<String> paths) {
    for (Part part : parts) {
      for (String path : paths.isEmpty() ? List.of("") : paths) {
        List<String> captures = Syntax.captures(path);
        switch (part) {
          case Part.Text _ -> {}
          case Part.Capture(int number) -> {
            if (number > captures.size()) {
              return "needs $" + number + ", which " + described(path) + " does not have";
            }
          }
          case Part.Name(String name) -> {
            if (!Rewrite.VARIABLES.contains(name) && !captures.contains(name)) {
              return "needs {" + name + "}, which " + described(path) + " does not have";
            }
          }
        }
      }
    }
    return null;
  }

  private static String described(String path) {
    return path.isEmpty() ? "a match without path" : "the path " + path;
  }

  /** The text with every place filled in the same way. */
  String filled(Function<Part, String> with) {
    StringBuilder text = new StringBuilder();
    for (Part part : parts) {
      text.append(part instanceof Part.Text(String literal) ? literal : with.apply(part));
    }
    return text.toString();
  }
}
