package io.fairlead;

import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

/**
 * A way for datagrams, of one client, on which some are lost, doubled, changed, or late, so that
 * others overtake them. It is the same for the same seed as far as datagrams come in the same
 * order.
 */
final class BadNetwork implements AutoCloseable {
  /** In thousandths of the datagrams, each way. */
  record Faults(int lost, int twice, int changed, int late) {}

  private static final int LATEST_MILLIS = 25;

  final AtomicLong lost = new AtomicLong();
  final AtomicLong late = new AtomicLong();
  private final DatagramSocket front = new DatagramSocket(0, InetAddress.getLoopbackAddress());
  private final DatagramSocket back = new DatagramSocket(0, InetAddress.getLoopbackAddress());
  private final ScheduledExecutorService later =
      Executors.newSingleThreadScheduledExecutor(Thread.ofPlatform().daemon().factory());
  private final Faults faults;
  private final int to;
  private volatile int client;

  BadNetwork(int to, Faults faults, long seed) throws IOException {
    this.to = to;
    this.faults = faults;
    SplittableRandom random = new SplittableRandom(seed);
    SplittableRandom other = random.split();
    Thread _ = Thread.ofVirtual().start(() -> pass(front, back, random));
    Thread _ = Thread.ofVirtual().start(() -> pass(back, front, other));
  }

  int port() {
    return front.getLocalPort();
  }

  private void pass(DatagramSocket from, DatagramSocket by, SplittableRandom random) {
    byte[] bytes = new byte[2048];
    try {
      while (true) {
        DatagramPacket in = new DatagramPacket(bytes, bytes.length);
        from.receive(in);
        if (from.equals(front)) {
          client = in.getPort();
        }
        byte[] data = Arrays.copyOf(bytes, in.getLength());
        int chance = random.nextInt(1000);
        if (chance < faults.lost()) {
          lost.incrementAndGet();
          continue;
        }
        chance -= faults.lost();
        if (chance < faults.changed()) {
          data[random.nextInt(data.length)] ^= (byte) (1 << random.nextInt(8));
        } else if (chance - faults.changed() < faults.twice()) {
          send(by, data);
        }
        if (random.nextInt(1000) < faults.late()) {
          late.incrementAndGet();
          long millis = random.nextInt(1, LATEST_MILLIS);
          Object _ = later.schedule(() -> send(by, data), millis, TimeUnit.MILLISECONDS);
        } else {
          send(by, data);
        }
      }
    } catch (IOException _) {
      // Closed.
    }
  }

  private void send(DatagramSocket by, byte[] data) {
    int port = by.equals(back) ? to : client;
    try {
      by.send(new DatagramPacket(data, data.length, InetAddress.getLoopbackAddress(), port));
    } catch (IOException _) {
      // Closed, or as good as lost.
    }
  }

  @Override
  public void close() {
    later.shutdownNow();
    front.close();
    back.close();
  }
}
