package io.fairlead.proxy.http;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.util.ResourceLeakDetector;
import java.lang.ref.ReferenceQueue;
import java.lang.ref.WeakReference;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/**
 * Hears of every buffer of this process that was collected as garbage without having been released.
 *
 * <p>The build has each buffer watched, but not each use of one: that takes most of the time of
 * tests that send much. Where a lost one was used last {@code -Dleaks=paranoid} tells.
 *
 * <p>Netty looks for such buffers when it makes the next one, so {@link #found} makes one.
 */
public final class Leaks {
  private static final List<String> FOUND = new CopyOnWriteArrayList<>();

  static {
    if (System.getProperty("io.netty.leakDetection.level") == null) { // not started by the build
      ResourceLeakDetector.setLevel(ResourceLeakDetector.Level.PARANOID);
    }
    try {
      // The detector of buffers has no public door.
      var field = Class.forName("io.netty.buffer.AbstractByteBuf").getDeclaredField("leakDetector");
      field.setAccessible(true);
      ((ResourceLeakDetector<?>) field.get(null))
          .setLeakListener((type, records) -> FOUND.add(type + " was not released" + records));
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  private Leaks() {}

  /** Starts to listen, if nobody has. */
  public static void listen() {}

  /**
   * Leaks found since the last time, after a collection of the garbage there is now. What a
   * collection finds is passed on in any order, so one may be told of by the next call only: each
   * costs a collection, and no leak is lost.
   */
  public static List<String> found() throws InterruptedException {
    collect();
    // Two, as a report of the first can still be under way on another thread.
    for (int i = 0; i < 2; i++) {
      ByteBuf probe = PooledByteBufAllocator.DEFAULT.directBuffer(16);
      probe.release();
    }
    List<String> found = List.copyOf(FOUND);
    FOUND.clear();
    return found;
  }

  /** After the second of two the first is sure to have been told of all that it found. */
  static void collect() throws InterruptedException {
    ReferenceQueue<Object> collected = new ReferenceQueue<>();
    WeakReference<Object> marker = new WeakReference<>(new Object(), collected);
    System.gc();
    if (collected.remove(5_000) == null) {
      throw new AssertionError("no garbage is collected: " + marker.get());
    }
  }
}
