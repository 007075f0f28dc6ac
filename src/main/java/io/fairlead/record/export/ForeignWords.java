package io.fairlead.record.export;

import io.fairlead.config.Secret;

/** What others answer, as far as it may be told. */
public final class ForeignWords {
  private static final int SHOWN = 200;

  private ForeignWords() {}

  /** The first line, without what cannot be shown and the password; empty: there is none. */
  public static String of(String said, Secret password) {
    String line = said.strip().lines().findFirst().orElse("");
    String secret = password.value();
    String clean =
        (secret.isEmpty() ? line : line.replace(secret, "***")).replaceAll("\\p{C}", " ");
    return clean.length() > SHOWN ? clean.substring(0, SHOWN) + "…" : clean;
  }
}
