package io.fairlead.config;

import org.jspecify.annotations.Nullable;

/**
 * One key an operator can write. Compared by identity: {@code name} is the same in many places.
 *
 * @param <T> what its value becomes
 */
final class Key<T> {
  private final String name;
  private final Shape<T> shape;
  private final boolean required;
  private final @Nullable T fallback;
  private final String fallbackText;
  private final String doc;
  private final String example;

  private Key(
      String name,
      Shape<T> shape,
      boolean required,
      @Nullable T fallback,
      String fallbackText,
      String doc,
      String example) {
    this.name = name;
    this.shape = shape;
    this.required = required;
    this.fallback = fallback;
    this.fallbackText = fallbackText;
    this.doc = doc;
    this.example = example;
  }

  static <T> Key<T> required(String name, Shape<T> shape, String doc, String example) {
    return new Key<>(name, shape, true, null, "", doc, example);
  }

  /** With a default that the manual can print as it is. */
  static <T> Key<T> of(String name, Shape<T> shape, T fallback, String doc, String example) {
    return of(name, shape, fallback, Units.textOf(fallback), doc, example);
  }

  /** With a default that needs words. */
  static <T> Key<T> of(
      String name, Shape<T> shape, T fallback, String words, String doc, String example) {
    return new Key<>(name, shape, false, fallback, words, doc, example);
  }

  /** With a default that depends on something else. */
  static <T> Key<T> computed(
      String name, Shape<T> shape, String words, String doc, String example) {
    return new Key<>(name, shape, false, null, words, doc, example);
  }

  String name() {
    return name;
  }

  Shape<T> shape() {
    return shape;
  }

  boolean isRequired() {
    return required;
  }

  @Nullable T fallback() {
    return fallback;
  }

  /** The default as the manual prints it; empty when the key is required. */
  String fallbackText() {
    return fallbackText;
  }

  String doc() {
    return doc;
  }

  /** A value as it may stand after the colon. */
  String example() {
    return example;
  }
}
