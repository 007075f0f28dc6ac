package io.fairlead.filter;

/** A filter cannot be made of the settings that the configuration gives it. */
public final class SettingsRefused extends Exception {
  private static final long serialVersionUID = 1;

  private final String setting;

  /**
   * @param setting its name; empty: the settings as a whole
   * @param rule what it must be, such as {@code must be a whole number}
   */
  public SettingsRefused(String setting, String rule) {
    super(rule);
    this.setting = setting;
  }

  /** The name of the setting; empty: the settings as a whole. */
  public String setting() {
    return setting;
  }

  /** What it must be. */
  public String rule() {
    return String.valueOf(getMessage());
  }
}
