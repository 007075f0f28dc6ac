package io.fairlead.replication;

import java.io.IOException;
import java.io.StringReader;
import java.lang.System.Logger.Level;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Properties;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;

/**
 * Where the {@link Term} of a database outlives the process. Written by a thread that may wait;
 * what cannot be written is said in the log, and serving goes on: it protects against a primary of
 * the past only while no other member can tell of its successor.
 */
public final class TermFile {
  private static final System.Logger LOG = System.getLogger(TermFile.class.getName());

  private final Path file;
  private final AtomicReference<Term> wanted = new AtomicReference<>(Term.NONE);
  private final AtomicBoolean writing = new AtomicBoolean();

  public TermFile(Path file) {
    this.file = file;
  }

  /** What it says; nothing if there is none or it is none of ours. */
  public Term load() {
    Properties said = new Properties();
    try {
      said.load(new StringReader(Files.readString(file)));
      return new Term(
          said.getProperty("system", ""),
          Long.parseLong(said.getProperty("term", "0")),
          said.getProperty("writer", ""));
    } catch (IOException | IllegalArgumentException e) {
      if (Files.exists(file)) {
        LOG.log(Level.WARNING, "cannot use {0}: {1}", file, e.getMessage());
      }
      return Term.NONE;
    }
  }

  /** Has it written soon; of several in a row the last is. Any thread. */
  public void save(Term term) {
    wanted.set(term);
    if (writing.compareAndSet(false, true)) {
      Thread _ = Thread.ofVirtual().name("term " + file.getFileName()).start(this::write);
    }
  }

  private void write() {
    Term term;
    do {
      term = wanted.get();
      try {
        replace(text(term));
      } catch (IOException e) {
        LOG.log(Level.WARNING, "cannot write {0}: {1}", file, e.toString());
      }
      writing.set(false); // before looking: who comes from now on begins anew
    } while (!wanted.get().equals(term) && writing.compareAndSet(false, true));
  }

  private void replace(String text) throws IOException {
    Files.createDirectories(file.getParent());
    Path next = file.resolveSibling(file.getFileName() + ".next");
    try (FileChannel out =
        FileChannel.open(
            next,
            StandardOpenOption.CREATE,
            StandardOpenOption.TRUNCATE_EXISTING,
            StandardOpenOption.WRITE)) {
      ByteBuffer bytes = ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8));
      while (bytes.hasRemaining()) {
        out.write(bytes);
      }
      out.force(true);
    }
    Files.move(next, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
  }

  private static String text(Term term) {
    return "system="
        + term.system()
        + "\nterm="
        + term.number()
        + "\nwriter="
        + term.writer()
        + "\n";
  }
}
