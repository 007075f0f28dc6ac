import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Clients of a virtual IP: {@code Client ADDRESS PORT}. One connects anew every 10 ms, whatever came
 * of the ones before; and as many connections as are asked for say a word every 100 ms and wait for
 * it to come back. Told by lines: {@code begin N} starts both, {@code end} answers {@code gap-ms
 * connects failed broken reasons} and ends them.
 *
 * <p>The gap is the longest time between two connections that came about, one after the other.
 */
final class Client {
  private static final int PACE_MILLIS = 10;
  private static final int CONNECT_MILLIS = 1000;
  private static final int SAY_MILLIS = 100;
  private static final int ANSWER_MILLIS = 10_000;

  private final InetSocketAddress address;
  private final AtomicBoolean running = new AtomicBoolean();
  private final AtomicInteger connects = new AtomicInteger();
  private final AtomicInteger failed = new AtomicInteger();
  private final AtomicInteger broken = new AtomicInteger();
  private final TreeMap<String, Integer> reasons = new TreeMap<>();
  private final List<Thread> threads = new ArrayList<>();
  private long last;
  private long gap;

  private Client(InetSocketAddress address) {
    this.address = address;
  }

  public static void main(String[] args) throws Exception {
    Client client = new Client(new InetSocketAddress(args[0], Integer.parseInt(args[1])));
    client.connect(); // classes are loaded before anything is measured
    BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    System.out.println("ready");
    for (String line = in.readLine(); line != null; line = in.readLine()) {
      if (line.startsWith("begin ")) {
        client.begin(Integer.parseInt(line.substring(6)));
        System.out.println("begun");
      } else if (line.equals("end")) {
        System.out.println(client.end());
      }
    }
    System.exit(0);
  }

  private void begin(int connections) throws Exception {
    connects.set(0);
    failed.set(0);
    broken.set(0);
    reasons.clear();
    gap = 0;
    last = System.nanoTime();
    running.set(true);
    AtomicInteger open = new AtomicInteger();
    for (int i = 0; i < connections; i++) {
      threads.add(Thread.ofVirtual().start(() -> talk(open)));
    }
    while (open.get() < connections) {
      Thread.sleep(5);
    }
    threads.add(Thread.ofPlatform().daemon(true).start(this::pace));
  }

  private void pace() {
    long next = System.nanoTime();
    while (running.get()) {
      Thread.ofVirtual().start(this::connect);
      next += PACE_MILLIS * 1_000_000L;
      while (System.nanoTime() < next) {
        java.util.concurrent.locks.LockSupport.parkNanos(next - System.nanoTime());
      }
    }
  }

  private void connect() {
    connects.incrementAndGet();
    try (Socket socket = new Socket()) {
      socket.setSoLinger(true, 0);
      socket.connect(address, CONNECT_MILLIS);
      came();
    } catch (IOException e) {
      if (running.get()) {
        failed.incrementAndGet();
        note("connect: " + e.getMessage());
      }
    }
  }

  private synchronized void came() {
    long now = System.nanoTime();
    gap = Math.max(gap, now - last);
    last = now;
  }

  private synchronized void note(String reason) {
    reasons.merge(reason.replace(' ', '-'), 1, Integer::sum);
  }

  private void talk(AtomicInteger open) {
    try (Socket socket = new Socket()) {
      socket.connect(address, CONNECT_MILLIS);
      socket.setSoTimeout(ANSWER_MILLIS);
      InputStream in = socket.getInputStream();
      boolean counted = false;
      for (int word = 0; running.get(); word++) {
        byte[] said = ("word " + word + "\n").getBytes(StandardCharsets.UTF_8);
        socket.getOutputStream().write(said);
        byte[] heard = in.readNBytes(said.length);
        if (!java.util.Arrays.equals(said, heard)) {
          throw new IOException(heard.length < said.length ? "closed" : "another word");
        }
        if (!counted) {
          counted = true;
          open.incrementAndGet();
        }
        Thread.sleep(SAY_MILLIS);
      }
    } catch (IOException e) {
      broken.incrementAndGet();
      note("long: " + e.getMessage());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private String end() throws Exception {
    running.set(false);
    for (Thread thread : threads) {
      thread.join(ANSWER_MILLIS + 2000L);
    }
    threads.clear();
    synchronized (this) {
      long longest = Math.max(gap, System.nanoTime() - last - 200_000_000L);
      return longest / 1_000_000
          + " "
          + connects.get()
          + " "
          + failed.get()
          + " "
          + broken.get()
          + " "
          + (reasons.isEmpty() ? "-" : reasons.toString().replace(", ", ","));
    }
  }
}
