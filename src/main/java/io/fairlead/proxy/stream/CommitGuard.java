package io.fairlead.proxy.stream;

import io.netty.buffer.ByteBuf;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.Set;

/**
 * Looks whether a client of PostgreSQL lowers {@code synchronous_commit}, so that its commits are
 * acknowledged before anybody but the primary has them, and a failover may lose them. The setting
 * is every user's own, and a server cannot refuse it.
 *
 * <p>It is a guard against mistakes, of a program or a library: any statement that names the
 * setting and, right after it, a value that is too low, or one that is to come. It sees no
 * statement that puts the name together, and takes one for it that has just that in a text of its
 * own.
 *
 * <p>One message at a time, in as many pieces as it comes in.
 */
final class CommitGuard {
  private static final byte[] NAME = "synchronous_commit".getBytes(StandardCharsets.US_ASCII);

  /** All values but those of which replicas have the commit on disk first: on, remote_apply. */
  private static final Set<String> LOW = Set.of("off", "false", "no", "0", "local", "remote_write");

  /** What may stand between the name and its value. */
  private static final Set<String> BETWEEN = Set.of("to", "e", "new_value");

  private static final String MARKS = "\"'=,:>$";
  private static final int LONGEST = 16;

  private final StringBuilder word = new StringBuilder(LONGEST);

  /** Bytes of the name that it ended with so far. */
  private int matched;

  private boolean bound;
  private boolean dollar;

  /**
   * A message begins.
   *
   * @param isBound it has values alone: only the setting's name, as one of them, and its new value,
   *     as the next, are looked for, as they are data otherwise
   */
  void begin(boolean isBound) {
    bound = isBound;
    forget();
  }

  private void forget() {
    matched = 0;
    dollar = false;
    word.setLength(0);
  }

  /** Whether the message that goes on with these bytes lowers it. */
  boolean lowers(ByteBuf in, int from, int end) {
    for (int i = from; i < end; i++) {
      int b = in.getByte(i);
      if (matched < NAME.length) {
        name(b);
      } else if (value(b)) {
        return true;
      }
    }
    return false;
  }

  private void name(int b) {
    int c = b >= 'A' && b <= 'Z' ? b + ('a' - 'A') : b == '-' ? '_' : b; // options have dashes
    if (c == NAME[matched]) {
      matched++;
    } else if (matched == 11 && c == 'y') {
      matched = 2; // the word before ends as it begins
    } else {
      matched = c == 's' ? 1 : 0;
    }
  }

  /** One byte behind the name. */
  private boolean value(int b) {
    if (isOfWord(b)) {
      if (dollar && word.isEmpty() && b >= '1' && b <= '9') {
        return true; // whatever it will be
      }
      if (word.length() == LONGEST) {
        forget();
      } else {
        word.append((char) b);
      }
      return false;
    }
    boolean isBetween = (b >= 0 && b <= ' ') || MARKS.indexOf(b) >= 0;
    if (!word.isEmpty()) {
      String said = word.toString().toLowerCase(Locale.ROOT);
      if (LOW.contains(said)) {
        return true;
      }
      word.setLength(0);
      isBetween &= BETWEEN.contains(said);
    }
    dollar = b == '$';
    if (!isBetween || (bound && b >= ' ')) {
      forget();
      name(b);
    }
    return false;
  }

  private static boolean isOfWord(int b) {
    return (b >= 'a' && b <= 'z') || (b >= 'A' && b <= 'Z') || (b >= '0' && b <= '9') || b == '_';
  }
}
