package io.fairlead.acme;

import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** Small secret texts by name that outlive this process. Calls may wait. */
public interface Vault {
  /** Null: there is none. */
  @Nullable String get(String name) throws IOException;

  /** Whoever reads it later reads all of it, or what was there before. */
  void put(String name, String text) throws IOException;

  void delete(String name) throws IOException;
}
