package io.fairlead.group.storelog;

import io.fairlead.group.storelog.Line.Change;
import io.fairlead.group.storelog.Line.Head;
import io.fairlead.group.storelog.Line.Mark;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Writes what becomes of the store into files of this instance's own.
 *
 * <p>Whoever makes changes is never held up: they are put into a bounded queue, and one thread
 * writes them and waits for the disk, which may be another machine's. What it cannot take is lost
 * to this log and told by {@link #trouble}; the next file begins with the whole store again.
 */
public final class StoreLog implements AutoCloseable {
  /** How a file is called that begins with all its keys. */
  static final String SUFFIX = ".jsonl";

  private static final String UNFINISHED = ".new";

  /** Bytes of changes that wait to be written. */
  private static final long MAX_WAITING = 64L << 20;

  /** Bytes of changes until the next file begins, at least; and twice as many as its keys have. */
  private static final long FILE_BYTES = 64L << 20;

  private static final Duration FILE_SPAN = Duration.ofHours(12);

  /** How often it is said that nothing has changed. */
  private static final Duration MARK = Duration.ofSeconds(5);

  private static final Duration AGAIN = Duration.ofSeconds(1);

  /** How long a disk may take until an operator is told. */
  private static final Duration SLOW = Duration.ofSeconds(30);

  /** Of what is around a value. */
  private static final int LINE_BYTES = 120;

  private static final int BUFFER = 256 * 1024;

  private final Path folder;
  private final String group;
  private final String instance;
  private final Duration keep;
  private final LongSupplier epochMillis;
  private final LongSupplier nanoTime;
  private final Thread thread;

  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();

  // Guarded by the lock.
  private final Deque<Object> waiting = new ArrayDeque<>();
  private long waitingBytes;
  private boolean wholeWaits;
  private boolean broken = true;
  private @Nullable Mark last;
  private long fileBytes;
  private long wholeBytes;
  private long fileBeganNanos;
  private boolean closed;

  /** Since when something is not in the log that should be; null: all is there. */
  private @Nullable Long owedSince;

  private String failure = "";

  /** Why files that nobody needs are still there; empty: they are not. */
  private String rest = "";

  // Of the thread.
  private @Nullable FileChannel file;
  private final ByteBuffer buffer = ByteBuffer.allocate(BUFFER);
  private long markedNanos;
  private long written;

  /** The store as a file begins with it. */
  private record Whole(Head head, List<Line.Key> keys) {}

  private StoreLog(
      Path folder,
      String group,
      String instance,
      Duration keep,
      LongSupplier epochMillis,
      LongSupplier nanoTime) {
    this.folder = folder.resolve(group).resolve(instance);
    this.group = group;
    this.instance = instance;
    this.keep = keep;
    this.epochMillis = epochMillis;
    this.nanoTime = nanoTime;
    thread = Thread.ofPlatform().name("store log").daemon(true).unstarted(this::run);
  }

  /**
   * Begins; what is written appears in {@code folder/group/instance}, which is made.
   *
   * @param keep so far back every moment can be restored; older files go
   * @param nanoTime a clock that never goes back
   */
  public static StoreLog begin(
      Path folder,
      String group,
      String instance,
      Duration keep,
      LongSupplier epochMillis,
      LongSupplier nanoTime) {
    StoreLog log = new StoreLog(folder, group, instance, keep, epochMillis, nanoTime);
    log.thread.start();
    return log;
  }

  /**
   * A transaction has been made. Told of each one, in order, by one thread at a time.
   *
   * @param change what it did to the store, which may be nothing
   * @param follows whether the one before is the last that was told of
   * @param history which founding of the group this is
   * @param whole all keys as it left them; asked for before this returns, or never
   */
  public void applied(
      Change change, boolean follows, String history, Supplier<List<Line.Key>> whole) {
    lock.lock();
    try {
      if (closed) {
        return;
      }
      long now = nanoTime.getAsLong();
      boolean next =
          fileBytes > Math.max(FILE_BYTES, 2 * wholeBytes)
              || now - fileBeganNanos > FILE_SPAN.toNanos();
      boolean continued = follows && !broken;
      if (continued) {
        add(change, now);
      }
      if ((broken || !follows || next) && !wholeWaits && waitingBytes < MAX_WAITING / 2) {
        if (continued) {
          waiting.add(new Mark(change.revision(), change.time())); // the end of that file
        }
        List<Line.Key> keys = whole.get();
        wholeBytes = keys.stream().mapToLong(StoreLog::size).sum();
        waiting.add(
            new Whole(
                new Head(group, instance, history, change.revision(), change.time(), keys.size()),
                keys));
        wholeWaits = true;
        fileBytes = 0;
        fileBeganNanos = now;
        broken = false;
        owed(now);
      } else if (!follows) {
        broken = true;
        owed(now);
      }
      last = new Mark(change.revision(), change.time());
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  private void add(Change change, long now) {
    if (change.puts().isEmpty() && change.deletes().isEmpty()) {
      return;
    }
    long bytes =
        change.puts().stream().mapToLong(StoreLog::size).sum()
            + change.deletes().size() * (long) LINE_BYTES;
    owed(now);
    if (waitingBytes + bytes > MAX_WAITING) {
      broken = true;
      return;
    }
    waiting.add(change);
    waitingBytes += bytes;
    fileBytes += bytes;
  }

  private void owed(long now) {
    if (owedSince == null) {
      owedSince = now;
    }
  }

  private static long size(Line.Key key) {
    return LINE_BYTES + key.key().length() + key.value().length * 4L / 3;
  }

  /** How long something is not in the log already that should be; zero: all is there. */
  public Duration lag() {
    lock.lock();
    try {
      Long since = owedSince;
      return since == null
          ? Duration.ZERO
          : Duration.ofNanos(Math.max(0, nanoTime.getAsLong() - since));
    } finally {
      lock.unlock();
    }
  }

  /** What an operator should know; empty: nothing. */
  public String trouble() {
    lock.lock();
    try {
      if (!failure.isEmpty()) {
        return "the log of the store cannot be written in "
            + folder
            + " ("
            + failure
            + "): what changes now cannot be restored to a moment from this instance's log; it is"
            + " tried again";
      }
      if (!rest.isEmpty()) {
        return "files of the store's log that are not needed any more cannot be removed: " + rest;
      }
      return lag().compareTo(SLOW) > 0
          ? "the log of the store in "
              + folder
              + " is behind by "
              + lag().toSeconds()
              + " s: its disk does not take what is written"
          : "";
    } finally {
      lock.unlock();
    }
  }

  // --- the thread --------------------------------------------------------------------------

  private void run() {
    markedNanos = nanoTime.getAsLong();
    try {
      while (true) {
        List<Object> lines = new ArrayList<>();
        boolean more = take(lines);
        long taken = nanoTime.getAsLong();
        try {
          write(lines);
          done(taken);
        } catch (IOException e) {
          failed(e);
        }
        if (!more) {
          break;
        }
      }
    } catch (InterruptedException _) {
      // Closed while the disk did not answer.
    } finally {
      closeFile();
    }
  }

  /** Waits for what there is to write; false: nothing more will come. */
  private boolean take(List<Object> lines) throws InterruptedException {
    lock.lockInterruptibly();
    try {
      while (waiting.isEmpty() && !closed && !markIsDue()) {
        boolean _ = changed.await(MARK.toMillis(), TimeUnit.MILLISECONDS);
      }
      lines.addAll(waiting);
      waiting.clear();
      waitingBytes = 0;
      Mark mark = last;
      if (mark != null && !broken && (closed || markIsDue())) {
        lines.add(mark);
      }
      return !closed;
    } finally {
      lock.unlock();
    }
  }

  private boolean markIsDue() {
    Mark mark = last;
    return mark != null
        && !broken
        && mark.revision() > written
        && nanoTime.getAsLong() - markedNanos >= MARK.toNanos();
  }

  private void done(long takenNanos) {
    lock.lock();
    try {
      failure = "";
      if (!broken) {
        owedSince = waiting.isEmpty() ? null : Long.valueOf(takenNanos);
      }
    } finally {
      lock.unlock();
    }
  }

  private void failed(IOException why) throws InterruptedException {
    closeFile();
    lock.lockInterruptibly();
    try {
      failure = why.getClass().getSimpleName() + ": " + why.getMessage();
      waiting.clear();
      waitingBytes = 0;
      wholeWaits = false;
      broken = true;
      owed(nanoTime.getAsLong());
      long nanos = AGAIN.toNanos();
      while (nanos > 0 && !closed) {
        nanos = changed.awaitNanos(nanos);
      }
    } finally {
      lock.unlock();
    }
  }

  private void write(List<Object> lines) throws IOException {
    for (Object line : lines) {
      switch (line) {
        case Whole whole -> begin(whole);
        case Line each -> append(each);
        default -> throw new IllegalStateException();
      }
    }
    FileChannel to = file;
    if (to != null && !lines.isEmpty()) {
      flush(to);
      to.force(false);
    }
  }

  private void append(Line line) throws IOException {
    FileChannel to = file;
    if (to == null) {
      return; // nothing has begun, and what begins has it
    }
    long revision =
        switch (line) {
          case Change change -> change.revision();
          case Mark mark -> mark.revision();
          case Head head -> head.revision();
          case Line.Key key -> key.revision();
        };
    if (revision > written) {
      put(to, line.bytes());
      written = revision;
      markedNanos = nanoTime.getAsLong();
    }
  }

  private void begin(Whole whole) throws IOException {
    FileChannel before = file;
    if (before != null) {
      flush(before);
      before.force(false);
      closeFile();
    }
    makeFolder();
    Path next = freeName(whole.head().revision());
    Path unfinished = next.resolveSibling(next.getFileName() + UNFINISHED);
    try {
      FileChannel to =
          FileChannel.open(
              unfinished,
              StandardOpenOption.CREATE,
              StandardOpenOption.TRUNCATE_EXISTING,
              StandardOpenOption.WRITE);
      file = to;
      put(to, whole.head().bytes());
      for (Line.Key key : whole.keys()) {
        put(to, key.bytes());
      }
      flush(to);
      to.force(true);
      Path _ = Files.move(unfinished, next, StandardCopyOption.ATOMIC_MOVE);
      try (FileChannel directory = FileChannel.open(folder, StandardOpenOption.READ)) {
        directory.force(true);
      }
    } catch (IOException e) {
      closeFile();
      boolean _ = Files.deleteIfExists(unfinished);
      throw e;
    }
    written = whole.head().revision();
    markedNanos = nanoTime.getAsLong();
    String left = "";
    try {
      prune();
    } catch (IOException | UncheckedIOException e) {
      left = String.valueOf(e.getMessage());
    }
    lock.lock();
    try {
      wholeWaits = false;
      rest = left;
    } finally {
      lock.unlock();
    }
  }

  private Path freeName(long revision) {
    for (int i = 0; ; i++) {
      Path name = folder.resolve("%016x%s%s".formatted(revision, i == 0 ? "" : "-" + i, SUFFIX));
      if (!Files.exists(name)) {
        return name;
      }
    }
  }

  /** What is in it is for nobody else: values may be sessions. */
  private void makeFolder() throws IOException {
    if (!Files.isDirectory(folder)) {
      Path _ = Files.createDirectories(folder);
      if (Files.getFileStore(folder).supportsFileAttributeView("posix")) {
        Path _ =
            Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwx------"));
      }
    }
  }

  private void put(FileChannel to, byte[] bytes) throws IOException {
    if (buffer.remaining() < bytes.length) {
      flush(to);
    }
    if (bytes.length > buffer.capacity()) {
      writeAll(to, ByteBuffer.wrap(bytes));
    } else {
      buffer.put(bytes);
    }
  }

  private void flush(FileChannel to) throws IOException {
    buffer.flip();
    try {
      writeAll(to, buffer);
    } finally {
      buffer.clear();
    }
  }

  private static void writeAll(FileChannel to, ByteBuffer bytes) throws IOException {
    while (bytes.hasRemaining()) {
      int _ = to.write(bytes);
    }
  }

  private void closeFile() {
    FileChannel open = file;
    file = null;
    buffer.clear();
    if (open != null) {
      try {
        open.close();
      } catch (IOException _) {
        // What was to be on the disk has been forced, or is told of.
      }
    }
  }

  /** Removes files behind whose successor's beginning nobody wants to go back. */
  private void prune() throws IOException {
    long oldest = epochMillis.getAsLong() - keep.toMillis();
    List<PastStore.Beginning> files = new ArrayList<>();
    try (Stream<Path> all = Files.list(folder)) {
      for (Path each : all.toList()) {
        String name = each.getFileName().toString();
        if (name.endsWith(UNFINISHED)) {
          Files.delete(each);
        } else if (name.endsWith(SUFFIX)) {
          PastStore.Beginning beginning = PastStore.beginning(each);
          if (beginning != null) {
            files.add(beginning);
          }
        }
      }
    }
    files.sort(Comparator.comparingLong(each -> each.head().time()));
    for (int i = 0; i + 1 < files.size() && files.get(i + 1).head().time() < oldest; i++) {
      Files.delete(files.get(i).file());
    }
  }

  /** Writes what there is, for a moment at most. */
  @Override
  public void close() {
    lock.lock();
    try {
      closed = true;
      changed.signalAll();
    } finally {
      lock.unlock();
    }
    try {
      if (!thread.join(SLOW.dividedBy(10))) {
        thread.interrupt();
      }
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    }
  }
}
