package io.fairlead.telemetry;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.nio.file.StandardOpenOption.APPEND;
import static java.nio.file.StandardOpenOption.CREATE;

import java.io.IOException;
import java.lang.System.Logger.Level;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * Numbers for names, so that a record holds four bytes where a name would be. A number means one
 * name as long as the process lives, and is given away once: what a record said is true for ever.
 * So names stay here when what they named is gone; that is a line for each node there ever was.
 *
 * <p>A number is known before anything that carries it is published to event loops, and written to
 * a file beside the rings: whoever reads them after the process was killed can resolve all.
 */
public final class RecordNames {
  private static final System.Logger LOG = System.getLogger(RecordNames.class.getName());

  private static final int MOST_OF_OTHERS = 1 << 15;

  /** What is named. */
  public enum Kind {
    LISTENER,
    ROUTE,
    SERVICE,
    NODE,
    /** The number is {@link RecordLayout#error}, apart from those of the others. */
    ERROR
  }

  /** A name and what it is the name of. */
  private record Name(Kind kind, String text) {}

  private final Map<Name, Integer> numbers = new HashMap<>();
  private final Map<Integer, Name> names = new ConcurrentHashMap<>();
  private @Nullable FileChannel file;

  /** The number of that name. Never called by event loops. */
  public synchronized int number(Kind kind, String text) {
    Name name = new Name(kind, text);
    Integer known = numbers.get(name);
    if (known != null) {
      return known;
    }
    int number = numbers.size() + 1;
    names.put(number, name);
    numbers.put(name, number);
    append(line(number, name));
    return number;
  }

  /**
   * The same for names that others choose, of which there may be any number: 0 where it is new and
   * there are {@value #MOST_OF_OTHERS} already.
   */
  synchronized int numberOfOther(Kind kind, String text) {
    return numbers.size() < MOST_OF_OTHERS || numbers.containsKey(new Name(kind, text))
        ? number(kind, text)
        : 0;
  }

  /** The name with that number; null: nobody was given it. */
  public @Nullable String text(int number) {
    Name name = names.get(number);
    return name == null ? null : name.text();
  }

  /** The name of a reason; null: there is no such reason. */
  public @Nullable String error(int number) {
    ErrorReason[] reasons = ErrorReason.values();
    return number < 1 || number > reasons.length ? null : reasons[number - 1].wireName();
  }

  /** From now on what is known, and what will be, is in that file, too. */
  synchronized void writeTo(Path path) throws IOException {
    FileChannel opened = FileChannel.open(path, CREATE, APPEND);
    StringBuilder known = new StringBuilder();
    for (ErrorReason reason : ErrorReason.values()) {
      known.append(line(RecordLayout.error(reason), new Name(Kind.ERROR, reason.wireName())));
    }
    for (int number = 1; number <= numbers.size(); number++) {
      known.append(line(number, names.get(number)));
    }
    file = opened;
    append(known.toString());
  }

  synchronized void close() {
    FileChannel open = file;
    file = null;
    if (open != null) {
      try {
        open.close();
      } catch (IOException e) {
        LOG.log(Level.WARNING, "the names beside the records: {0}", e.getMessage());
      }
    }
  }

  /** A few bytes into the page cache; they are there also for others when the call is back. */
  private void append(String lines) {
    FileChannel to = file;
    if (to == null) {
      return;
    }
    try {
      ByteBuffer bytes = UTF_8.encode(lines);
      while (bytes.hasRemaining()) {
        int _ = to.write(bytes);
      }
    } catch (IOException e) {
      LOG.log(
          Level.WARNING,
          "a name was not written beside the records, which matters if the process is killed: {0}",
          e.getMessage());
    }
  }

  private static String line(int number, @Nullable Name name) {
    if (name == null) {
      return "";
    }
    // One line each, whatever is in a name.
    return number + " " + name.kind() + " " + name.text().replaceAll("\\p{Cntrl}", " ") + "\n";
  }

  /** What another process has left. */
  public static final class Left {
    private final Map<Integer, String> names = new HashMap<>();
    private final Map<Integer, String> errors = new HashMap<>();

    /** Nothing: all numbers stay numbers. */
    Left() {}

    /** A line without its end was being written when the process was killed, and never used. */
    static Left read(Path path) throws IOException {
      Left left = new Left();
      String text = Files.readString(path);
      List<String> lines = new ArrayList<>(text.lines().toList());
      if (!text.endsWith("\n") && !lines.isEmpty()) {
        lines.removeLast();
      }
      for (String line : lines) {
        String[] parts = line.split(" ", 3);
        if (parts.length == 3) {
          boolean error = parts[1].equals(Kind.ERROR.name());
          (error ? left.errors : left.names).put(Integer.parseInt(parts[0]), parts[2]);
        }
      }
      return left;
    }

    /** The name of a listener, a route, a service or a node. */
    public @Nullable String text(int number) {
      return names.get(number);
    }

    /** The name of a reason. */
    public @Nullable String error(int number) {
      return errors.get(number);
    }
  }
}
