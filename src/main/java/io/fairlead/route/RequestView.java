package io.fairlead.route;

/**
 * What routing may look at in a request: ranges of one byte array, so that nothing is copied. Host
 * is in lower case without port, path is normalised and without query.
 */
public interface RequestView {
  /** The array that all ranges point into. */
  byte[] bytes();

  int hostStart();

  int hostEnd();

  int pathStart();

  int pathEnd();

  int methodStart();

  int methodEnd();

  /**
   * Looks for a field.
   *
   * @param lowerCaseName its name in lower case, ASCII
   * @return start of the first such field's value in the upper and its end in the lower half, or -1
   *     if there is none
   */
  long findField(byte[] lowerCaseName);
}
