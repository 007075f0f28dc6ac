package io.fairlead.acme;

import java.io.IOException;
import java.util.List;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Small secret texts by name that outlive this process. Calls may wait. */
public interface Vault {
  /** Null: there is none. */
  @Nullable String get(String name) throws IOException;

  /** Whoever reads it later reads all of it, or what was there before. */
  void put(String name, String text) throws IOException;

  void delete(String name) throws IOException;

  /** What is there, or else what is made now: the same for all who ask at once. */
  String getOrMake(String name, Supplier<String> maker) throws IOException;

  /** Whether others go on with what is in it. */
  boolean isShared();

  /**
   * From now on nobody who came before changes any of these.
   *
   * @throws IOException if somebody has come after, or that cannot be known
   */
  void claim(List<String> names) throws IOException;

  /**
   * Looks whether nobody has claimed that name since.
   *
   * @throws IOException if somebody has, or that cannot be known
   */
  void confirm(String name) throws IOException;
}
