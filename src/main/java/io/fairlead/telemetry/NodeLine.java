package io.fairlead.telemetry;

import org.jspecify.annotations.Nullable;

/**
 * A line of a node's own log. What is longer than a record has room for is cut.
 *
 * @param micros when it was written, since 1970
 * @param service whose node, as far as that is known; empty: not
 * @param node empty: not known
 * @param source the file it stood in, or how else it came
 * @param level in lower case, such as {@code error}; empty: it says none
 * @param requestId null: there is none in it
 * @param traceId null: there is none in it
 * @param pattern the id of what such lines have in common; null: nobody looked
 * @param text of it, in UTF-8
 * @param length bytes of the text
 * @param file which one, as a number; 0: it came otherwise
 * @param end where it ends in the file
 */
@SuppressWarnings("ArrayRecordComponent") // never compared; the text is not copied for nothing
public record NodeLine(
    long micros,
    String service,
    String node,
    String source,
    String level,
    @Nullable String requestId,
    @Nullable String traceId,
    @Nullable String pattern,
    byte[] text,
    int length,
    long file,
    long end) {

  /** The same line, of that pattern. */
  public NodeLine ofPattern(String id) {
    return new NodeLine(
        micros, service, node, source, level, requestId, traceId, id, text, length, file, end);
  }
}
