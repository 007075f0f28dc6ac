package io.fairlead.proxy;

import java.util.function.LongSupplier;

/**
 * Names for requests: unique and sortable by time. 24 hexadecimal digits: 12 of milliseconds since
 * 1970, 4 that tell instances apart (chosen at the start), 2 of the event loop, 6 of a counter.
 */
public final class RequestIds {
  /** Length of an id in bytes. */
  public static final int LENGTH = 24;

  private static final byte[] HEX = {
    '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f'
  };

  private final byte[] current = new byte[LENGTH];
  private final LongSupplier epochMillis;
  private final int instance;
  private final int loop;
  private long millis;
  private long nextLook = Long.MIN_VALUE;
  private int counter;

  RequestIds(int instance, int loop) {
    this(instance, loop, System::currentTimeMillis);
  }

  /**
   * @param epochMillis the time for people, in milliseconds since 1970
   */
  RequestIds(int instance, int loop, LongSupplier epochMillis) {
    this.epochMillis = epochMillis;
    this.instance = instance & 0xFFFF;
    this.loop = loop & 0xFF;
    hex(instance & 0xFFFF, 12, 4);
    hex(loop & 0xFF, 16, 2);
  }

  /**
   * Makes the next id and writes it to {@code target} at {@code offset}.
   *
   * @param nowNanos the loop's time; the clock for people is read once a millisecond at most
   */
  public void next(byte[] target, int offset, long nowNanos) {
    next(nowNanos);
    System.arraycopy(current, 0, target, offset, LENGTH);
  }

  /** Makes the next id, which is asked for as numbers only. */
  public void next(long nowNanos) {
    if (nowNanos >= nextLook) {
      nextLook = nowNanos + 1_000_000;
      long now = epochMillis.getAsLong();
      if (now > millis) { // never back, so that ids of one loop stay sorted when the clock jumps
        millis = now;
        hex(now, 0, 12);
      }
    }
    counter = (counter + 1) & 0xFFFFFF;
    if (counter == 0) { // and sorted when the counter begins again
      millis++;
      hex(millis, 0, 12);
    }
    hex(counter, 18, 6);
  }

  /** The upper 8 bytes of the last one. */
  public long high() {
    return millis << 16 | instance;
  }

  /** The lower 4 bytes of the last one. */
  public int low() {
    return loop << 24 | counter;
  }

  private void hex(long value, int at, int digits) {
    for (int i = at + digits - 1; i >= at; i--) {
      current[i] = HEX[(int) (value & 15)];
      value >>>= 4;
    }
  }
}
