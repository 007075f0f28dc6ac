package io.fairlead.config;

import java.util.List;
import java.util.stream.Collectors;

/** A record was asked to be something it must not be; says field, rule and value of each wrong. */
final class InvalidConfigException extends IllegalArgumentException {
  private static final long serialVersionUID = 1;
  private final transient List<Require.Violation> violations;

  InvalidConfigException(List<Require.Violation> violations) {
    super(violations.stream().map(Object::toString).collect(Collectors.joining("; ")));
    this.violations = List.copyOf(violations);
  }

  List<Require.Violation> violations() {
    return violations;
  }

  /** Refusals are answers to people, not bugs: nobody reads where they were thrown. */
  @Override
  public synchronized Throwable fillInStackTrace() {
    return this;
  }
}
