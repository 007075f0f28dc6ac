package io.fairlead;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/**
 * Classes are tested by two processes. Each holds a lock on one file while it tests a class; for
 * one that is {@link Alone} it is one that nobody else may hold.
 */
public final class Turns implements BeforeAllCallback {
  private static final Path FILE = Path.of("target", "turns.lock");

  // Of this process, whose classes may be tested side by side when that is asked for.
  private static @Nullable FileChannel held;
  private static int holders;

  @Override
  public void beforeAll(ExtensionContext context) throws Exception {
    Class<?> tested = context.getRequiredTestClass();
    if (tested.getEnclosingClass() != null) {
      return; // the one around it has the lock
    }
    take(tested.isAnnotationPresent(Alone.class));
    // Closed when the class has been tested.
    context
        .getStore(ExtensionContext.Namespace.create(Turns.class))
        .put(FILE, (AutoCloseable) Turns::give);
  }

  private static synchronized void take(boolean alone) throws IOException {
    if (holders++ == 0) {
      Files.createDirectories(FILE.getParent());
      FileChannel file =
          FileChannel.open(
              FILE, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE);
      FileLock _ = file.lock(0, Long.MAX_VALUE, !alone);
      held = file;
    }
  }

  private static synchronized void give() throws IOException {
    if (--holders == 0 && held != null) {
      held.close();
      held = null;
    }
  }
}
