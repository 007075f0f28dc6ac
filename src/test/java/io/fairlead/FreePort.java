package io.fairlead;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.util.SplittableRandom;

/**
 * A port for a process that has to be told one. It is free now, and below those that the system
 * gives to connections by itself (Linux: from 32768), so that none of them takes it before the
 * process does.
 */
public final class FreePort {
  private static final int LOWEST = 16_384;
  private static final int BEYOND = 32_768;
  private static final int TRIES = 100;

  private FreePort() {}

  public static int any() throws IOException {
    SplittableRandom random = new SplittableRandom();
    IOException last = new IOException("no free port");
    for (int i = 0; i < TRIES; i++) {
      int port = random.nextInt(LOWEST, BEYOND);
      try (ServerSocket _ = new ServerSocket(port, 1, InetAddress.getLoopbackAddress())) {
        return port;
      } catch (IOException e) {
        last = e;
      }
    }
    throw last;
  }

  /** The first of so many in a row. */
  public static int row(int count) throws IOException {
    while (true) {
      int first = any();
      int free = 0;
      while (free < count && isFree(first + free)) {
        free++;
      }
      if (free == count) {
        return first;
      }
    }
  }

  private static boolean isFree(int port) {
    try (ServerSocket _ = new ServerSocket(port, 1, InetAddress.getLoopbackAddress())) {
      return true;
    } catch (IOException _) {
      return false;
    }
  }
}
