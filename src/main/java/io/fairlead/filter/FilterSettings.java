package io.fairlead.filter;

import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** What the configuration says under {@code filters.NAME.settings}. Never changes. */
public final class FilterSettings {
  private final Map<String, String> values;
  private final Path folder;

  /**
   * @param values by name, in the order of the file
   * @param folder of the configuration file
   */
  public FilterSettings(Map<String, String> values, Path folder) {
    this.values = Collections.unmodifiableMap(new LinkedHashMap<>(values));
    this.folder = folder;
  }

  /** All of them, in the order of the file. */
  public Map<String, String> all() {
    return values;
  }

  /** One of them; empty: it is not given. */
  public Optional<String> find(String name) {
    return Optional.ofNullable(values.get(name));
  }

  /**
   * One that has to be given.
   *
   * @throws SettingsRefused if it is not
   */
  public String required(String name) throws SettingsRefused {
    String value = values.get(name);
    if (value == null) {
      throw new SettingsRefused(name, "must be given");
    }
    return value;
  }

  /**
   * A whole number.
   *
   * @param otherwise if it is not given
   * @throws SettingsRefused if it is none, or out of bounds
   */
  public long number(String name, long least, long most, long otherwise) throws SettingsRefused {
    String value = values.get(name);
    if (value == null) {
      return otherwise;
    }
    try {
      long number = Long.parseLong(value);
      if (number >= least && number <= most) {
        return number;
      }
    } catch (NumberFormatException _) {
      // The rule says it.
    }
    throw new SettingsRefused(name, "must be a whole number from " + least + " to " + most);
  }

  /**
   * A file or folder; relative ones are relative to the configuration file.
   *
   * @throws SettingsRefused if it is not given
   */
  public Path path(String name) throws SettingsRefused {
    String value = required(name);
    try {
      return folder.resolve(value).normalize();
    } catch (java.nio.file.InvalidPathException e) {
      throw new SettingsRefused(name, "must be a path");
    }
  }

  /**
   * Refuses settings that nobody would read, which are mostly misspelled.
   *
   * @throws SettingsRefused if there is any but these
   */
  public void only(String... known) throws SettingsRefused {
    for (String name : values.keySet()) {
      if (!List.of(known).contains(name)) {
        throw new SettingsRefused(name, "must be one of " + String.join(", ", known));
      }
    }
  }
}
