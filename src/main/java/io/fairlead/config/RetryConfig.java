package io.fairlead.config;

/**
 * When a request is tried again.
 *
 * @param attempts tries after the first; 0: none
 */
public record RetryConfig(int attempts) {
  public static final RetryConfig DEFAULT = new RetryConfig(1);
}
