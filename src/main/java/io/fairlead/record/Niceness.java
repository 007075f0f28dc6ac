package io.fairlead.record;

import java.lang.System.Logger.Level;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;

/**
 * Lets a thread take second place: where it shares a core with an event loop, requests go first. On
 * Linux niceness is a thread's own (setpriority(2), "C library/kernel differences"), and anybody
 * may raise it; Java's priorities do nothing there.
 */
final class Niceness {
  private static final System.Logger LOG = System.getLogger(Niceness.class.getName());

  /** A tenth of what others get while they want all, and all that they leave. */
  private static final int NICE = 10;

  /** setpriority(2): PRIO_PROCESS, and 0 for who is calling. */
  private static final int PROCESS = 0;

  private static final int CALLER = 0;

  private Niceness() {}

  /** Of the calling thread, for good. Where the system has no such thing, nothing changes. */
  @SuppressWarnings("restricted") // native access is given on the command line
  static void takeSecondPlace() {
    try {
      Linker linker = Linker.nativeLinker();
      MethodHandle call =
          linker
              .defaultLookup()
              .find("setpriority")
              .map(address ->
                  linker.downcallHandle(
                      address,
                      FunctionDescriptor.of(
                          ValueLayout.JAVA_INT,
                          ValueLayout.JAVA_INT,
                          ValueLayout.JAVA_INT,
                          ValueLayout.JAVA_INT)))
              .orElse(null);
      if (call == null || (int) call.invokeExact(PROCESS, CALLER, NICE) != 0) {
        LOG.log(Level.DEBUG, "no niceness for {0}", Thread.currentThread().getName());
      }
    } catch (Throwable e) { // not worth a recorder
      LOG.log(Level.DEBUG, "no niceness for {0}: {1}", Thread.currentThread().getName(), e);
    }
  }
}
