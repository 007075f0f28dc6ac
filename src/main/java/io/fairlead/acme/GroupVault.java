package io.fairlead.acme;

import io.fairlead.config.AcmeConfig;
import io.fairlead.runtime.SharedValues;
import io.fairlead.runtime.SharedValues.Value;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.time.Duration;
import java.util.List;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * What instances of a group share of certificates: texts in the group's state, sealed, each behind
 * the term of who wrote it. One of them orders at a time and writes; it {@link #claim claims} what
 * it is about to change by writing its term there. Each change is one to what was read before, so
 * one who was frozen and comes back finds a later term and changes nothing any more [1].
 *
 * <p>What a listener shows and what a next order needs is also kept in the folder of each instance,
 * which is read where the state has nothing.
 *
 * <p>[1] A fencing token: M. Kleppmann, Designing Data-Intensive Applications, 2017, 8.4.
 */
public final class GroupVault implements Vault {
  private static final String ROOT = "acme/";
  private static final String ASKED = ".asked";
  private static final Duration AGAIN = Duration.ofMillis(100);

  private final SharedValues values;
  private final FolderVault files;
  private final TextSeal seal;
  private final long term;
  private final BooleanSupplier held;

  /**
   * @param term of the role of the one who orders, in whose name this writes
   * @param held whether the role is held now, by the clock
   */
  public GroupVault(
      SharedValues values, FolderVault files, TextSeal seal, long term, BooleanSupplier held) {
    this.values = values;
    this.files = files;
    this.seal = seal;
    this.term = term;
    this.held = held;
  }

  /**
   * What stands in the state.
   *
   * @param sealed empty: nothing, any more
   */
  private record Cell(long term, String sealed) {
    static final Cell NONE = new Cell(0, "");

    static Cell of(String text) {
      int space = text.indexOf(' ');
      try {
        return new Cell(Long.parseLong(text, 0, Math.max(space, 0), 10), text.substring(space + 1));
      } catch (NumberFormatException e) {
        return NONE; // nobody of ours has written that
      }
    }

    String text() {
      return term + " " + sealed;
    }
  }

  /** What the authority's questions are called. */
  static String askedName(AcmeConfig config) {
    return config.id() + ASKED;
  }

  /** What this instance knows of that text; null: there is none, or it cannot be read. */
  static @Nullable String peek(SharedValues values, TextSeal seal, String name) throws IOException {
    Value value = values.peek(ROOT + name);
    return value == null ? null : open(seal, name, Cell.of(value.text()));
  }

  private static @Nullable String open(TextSeal seal, String name, Cell cell) {
    return cell.sealed().isEmpty() ? null : seal.open(name, cell.sealed());
  }

  /** Tells of each change of what any instance may take over. */
  static SharedValues.Watch watch(SharedValues values, Runnable changed) throws IOException {
    return values.watch(ROOT.substring(0, ROOT.length() - 1), changed);
  }

  private interface Step<T extends @Nullable Object> {
    T take() throws IOException;
  }

  /** A group that has no majority for a moment is waited for, while the role is held. */
  private <T extends @Nullable Object> T insist(Step<T> step) throws IOException {
    while (true) {
      if (!held.getAsBoolean()) {
        throw new Superseded("the role is not held any more");
      }
      try {
        return step.take();
      } catch (Superseded e) {
        throw e;
      } catch (IOException e) {
        if (Thread.currentThread().isInterrupted()) {
          throw e;
        }
        pause();
      }
    }
  }

  private static void pause() throws IOException {
    try {
      Thread.sleep(AGAIN);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new InterruptedIOException("interrupted");
    }
  }

  private Cell ours(Value value) throws Superseded {
    Cell cell = Cell.of(value.text());
    if (cell.term() > term) {
      throw new Superseded("another instance orders");
    }
    return cell;
  }

  @Override
  public @Nullable String get(String name) throws IOException {
    return insist(() -> {
      Value value = values.get(ROOT + name);
      if (value == null) {
        return files.get(name);
      }
      Cell cell = ours(value);
      String text = open(seal, name, cell);
      return text == null && !cell.sealed().isEmpty() ? files.get(name) : text;
    });
  }

  @Override
  public void put(String name, String text) throws IOException {
    boolean _ = insist(() -> write(name, text));
    if (isKept(name) && !text.equals(files.get(name))) {
      files.put(name, text);
    }
  }

  @Override
  public void delete(String name) throws IOException {
    boolean _ = insist(() -> write(name, ""));
    files.delete(name);
  }

  /** Which of them each instance has on its own disk as well. */
  private static boolean isKept(String name) {
    return name.endsWith(Renewal.PEM) || name.endsWith(Authority.KEY);
  }

  /**
   * Whoever cannot know whether his change was made reads it.
   *
   * @param text empty: there is to be none
   */
  private boolean write(String name, String text) throws IOException {
    while (true) {
      Value value = values.get(ROOT + name);
      Cell cell = value == null ? Cell.NONE : ours(value);
      if (cell.term() == term
          && (text.isEmpty() ? cell.sealed().isEmpty() : text.equals(open(seal, name, cell)))) {
        return true;
      }
      if (replace(name, value, new Cell(term, text.isEmpty() ? "" : seal.close(name, text)))) {
        return true;
      }
    }
  }

  private boolean replace(String name, @Nullable Value before, Cell next) throws IOException {
    return (before == null
            ? values.create(ROOT + name, next.text())
            : values.replace(ROOT + name, next.text(), before.version()))
        != null;
  }

  @Override
  public synchronized String getOrMake(String name, Supplier<String> maker) throws IOException {
    String known = get(name);
    String text = known == null ? maker.get() : known;
    put(name, text); // also where the state has none that can be read
    return text;
  }

  @Override
  public boolean isShared() {
    return true;
  }

  @Override
  public void claim(List<String> names) throws IOException {
    for (String name : names) {
      boolean _ =
          insist(() -> {
            while (true) {
              Value value = values.get(ROOT + name);
              Cell cell = value == null ? Cell.NONE : ours(value);
              if ((value != null && cell.term() == term)
                  || replace(name, value, new Cell(term, cell.sealed()))) {
                return true;
              }
            }
          });
    }
  }

  @Override
  public void confirm(String name) throws IOException {
    boolean _ =
        insist(() -> {
          Value value = values.get(ROOT + name);
          if (value == null || ours(value).term() != term) {
            throw new Superseded("what was claimed is not there");
          }
          return true;
        });
    if (!held.getAsBoolean()) {
      throw new Superseded("the role is not held any more");
    }
  }
}
