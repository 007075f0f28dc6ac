package io.fairlead.group.storelog;

import java.util.List;

/**
 * A line of a file of the log: a CRC-32C in eight hexadecimal digits, a space, and a JSON object,
 * of whose bytes the sum is made.
 *
 * <p>A file has one {@link Head}, so many {@link Key}s as it says, and then {@link Change}s and
 * {@link Mark}s whose revisions rise. Times are those of the instance that led the group, in
 * milliseconds since 1970; they go back where its clock did.
 */
public sealed interface Line {
  /**
   * How a file begins.
   *
   * @param history which founding of the group this is of: revisions of another one mean nothing
   * @param revision of the last transaction that is in the keys that follow
   * @param time of that transaction
   * @param keys how many there are
   */
  record Head(String group, String instance, String history, long revision, long time, int keys)
      implements Line {}

  /**
   * A key that was there.
   *
   * @param value its bytes; not copied
   * @param ttl milliseconds after which it ends unless it is put again; 0: it stays
   * @param revision of its last change
   */
  @SuppressWarnings("ArrayRecordComponent") // not copied; nobody writes it
  record Key(String key, byte[] value, long ttl, long revision) implements Line {}

  /**
   * A transaction.
   *
   * @param puts keys as it left them
   * @param deletes keys that it deleted
   */
  record Change(long revision, long time, List<Key> puts, List<String> deletes) implements Line {
    public Change {
      puts = List.copyOf(puts);
      deletes = List.copyOf(deletes);
    }
  }

  /** Nothing else has happened up to that transaction, which was not of the store. */
  record Mark(long revision, long time) implements Line {}

  /** With its end of line. */
  default byte[] bytes() {
    return LineCodec.bytes(this);
  }
}
