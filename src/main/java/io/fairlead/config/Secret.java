package io.fairlead.config;

/**
 * A value that must not be seen in logs, errors, the API or the dashboard.
 *
 * @param value the secret itself
 */
public record Secret(String value) {
  /** Says that there is one, never which. */
  @Override
  public String toString() {
    return "(secret)";
  }
}
