package io.fairlead.config;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** Who asks a database how it is: the rules that hold for every kind of database. */
final class DatabaseLogin {
  private static final int MAX_NAME = 63;
  private static final int MAX_PASSWORD = 1024;

  private DatabaseLogin() {}

  static Require require(String user, Secret password) {
    return new Require()
        .unless(name(user), List.of("user"), user)
        .that(
            password.value().length() <= MAX_PASSWORD && password.value().indexOf('\0') < 0,
            "password",
            null,
            "must be at most " + MAX_PASSWORD + " characters without NUL");
  }

  static @Nullable String name(String text) {
    return text.length() <= MAX_NAME && text.chars().allMatch(c -> c >= ' ')
        ? null
        : "must be at most " + MAX_NAME + " characters without control characters";
  }
}
