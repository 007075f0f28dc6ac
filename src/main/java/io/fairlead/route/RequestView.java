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

  /** Where the query begins, with its question mark; the end if there is none. */
  int queryStart();

  int queryEnd();

  int methodStart();

  int methodEnd();

  /**
   * Looks for a field that nodes get, or that Fairlead itself acts on.
   *
   * @param lowerCaseName its name in lower case, ASCII
   * @param from the number of the first field that comes into question
   * @return the number of the first such field, or -1 if there is none
   */
  int findField(byte[] lowerCaseName, int from);

  /** Where the value of the field with that number begins. */
  int valueStart(int field);

  int valueEnd(int field);

  /**
   * The upper 64 bits of the client's address, IPv4 mapped, as in {@link
   * io.fairlead.config.Networks}.
   */
  long clientHigh();

  /** The lower 64 bits of the client's address. */
  long clientLow();
}
