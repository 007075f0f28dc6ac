package io.fairlead.extension;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** A filter cannot be loaded as the configuration says. */
public final class FilterRefused extends Exception {
  private static final long serialVersionUID = 1;

  @SuppressWarnings("serial") // nobody writes it
  private final List<String> path;

  private final @Nullable String was;

  FilterRefused(List<String> path, String rule, @Nullable String was) {
    super(rule);
    this.path = List.copyOf(path);
    this.was = was;
  }

  /** Keys to the value that is wrong. */
  public List<String> path() {
    return path;
  }

  /** What must be. */
  public String rule() {
    return String.valueOf(getMessage());
  }

  /** The value; null: it does not help. */
  public @Nullable String was() {
    return was;
  }
}
