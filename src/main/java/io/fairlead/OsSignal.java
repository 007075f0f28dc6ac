package io.fairlead;

import java.lang.reflect.Proxy;

/**
 * Hears signals of the operating system. The JDK has this in {@code sun.misc.Signal} only: a
 * shutdown hook cannot hear SIGHUP, nor end with exit code 0 on SIGTERM. The compiler warns of that
 * class without a way to say that it is meant, hence by reflection.
 */
final class OsSignal {
  private OsSignal() {}

  /**
   * Does this at each such signal, on a thread of the JDK's.
   *
   * @param name without SIG
   */
  static void handle(String name, Runnable action) {
    try {
      Class<?> signal = Class.forName("sun.misc.Signal");
      Class<?> handler = Class.forName("sun.misc.SignalHandler");
      Object proxy =
          Proxy.newProxyInstance(
              OsSignal.class.getClassLoader(),
              new Class<?>[] {handler},
              (self, method, arguments) -> {
                action.run();
                return null;
              });
      signal
          .getMethod("handle", signal, handler)
          .invoke(null, signal.getConstructor(String.class).newInstance(name), proxy);
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException("this JDK does not let us hear signals", e);
    }
  }

  /** Sends this process the signal. */
  static void raise(String name) {
    try {
      Class<?> signal = Class.forName("sun.misc.Signal");
      signal
          .getMethod("raise", signal)
          .invoke(null, signal.getConstructor(String.class).newInstance(name));
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException("this JDK does not let us raise signals", e);
    }
  }
}
