package io.fairlead;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.util.HashSet;
import java.util.Set;
import java.util.SplittableRandom;

/**
 * A port for a process that has to be told one. It is free now, and below those that the system
 * gives to connections by itself (Linux: from 32768), so that none of them takes it before the
 * process does; and nobody else who asks here gets it: not a test in this process, as each is given
 * once, nor one in another that runs beside it, as each has ports of its own.
 */
public final class FreePort {
  private static final int LOWEST = 16_384;
  private static final int EACH = 4_096;

  /** Of the processes that run tests side by side; the build counts them from 1. */
  private static final int LOWEST_HERE = LOWEST + Integer.getInteger("fairlead.fork", 0) % 4 * EACH;

  private static final Set<Integer> GIVEN = new HashSet<>();

  private FreePort() {}

  public static int any() throws IOException {
    return row(1);
  }

  /** The first of so many in a row. */
  public static synchronized int row(int count) throws IOException {
    SplittableRandom random = new SplittableRandom();
    for (int i = 0; i < EACH; i++) {
      int first = LOWEST_HERE + random.nextInt(EACH - count);
      int free = 0;
      while (free < count && !GIVEN.contains(first + free) && isFree(first + free)) {
        free++;
      }
      if (free == count) {
        for (int port = first; port < first + count; port++) {
          GIVEN.add(port);
        }
        return first;
      }
    }
    throw new IOException("no " + count + " free ports in a row from " + LOWEST_HERE + " on");
  }

  /**
   * A configuration with another port of the loopback. The digits are also in other ports, and in
   * names of temporary folders, which are to stay what they are.
   */
  static String instead(String text, int of, int port) {
    return text.replaceAll("127\\.0\\.0\\.1:" + of + "(?!\\d)", "127.0.0.1:" + port);
  }

  private static boolean isFree(int port) {
    try (ServerSocket _ = new ServerSocket(port, 1, InetAddress.getLoopbackAddress())) {
      return true;
    } catch (IOException _) {
      return false;
    }
  }
}
